import SynfireCore
import SynfireNetworks

/// What the trained synapses of a recurrence are to give in a step.
struct RecurrenceTarget {
  /// y, one number a factor.
  let factors: UnsafePointer<Double>
  /// F = u y, one number a neuron.
  let currents: UnsafePointer<Double>
}

/// A way to learn the synapses J [neuron, regressor] of a `SparseRecurrence`.
protocol RecurrenceLearner: Sendable {
  /// J, axes [neuron, regressor].
  var weights: Tensor<Double> { get set }

  /// A trial begins, at the traces as they are; without learning, `endTrial` is not called.
  mutating func begin(_ stepper: FeedbackStepper, isLearning: Bool) throws

  /// Follows a step that the stepper has taken, and learns from it.
  ///
  /// - Parameters:
  ///   - own: becomes J s, by the weights before this step is learned from.
  ///   - learning: nil to learn nothing.
  mutating func step(
    _ stepper: FeedbackStepper, into own: AlignedBuffer<Double>, learning: RecurrenceTarget?) throws

  /// The trial that was learned from is over.
  mutating func endTrial() throws

  /// What is worth knowing of the last trial learned from, by name.
  var metrics: [String: Double] { get }

  /// What a checkpoint holds, the weights included.
  var state: NamedTensors<Double> { get throws }
  mutating func restore(_ state: NamedTensors<Double>) throws
}

/// The current J s of synapses that stay as they are, driven by events.
struct RecurrentCurrent: Sendable {
  /// The weights of each regressor [regressor, neuron padded].
  private let columns: AlignedBuffer<Double>
  /// J_g s_g by group of regressors that decay alike.
  private var parts: [AlignedBuffer<Double>]
  private let neurons: Int
  private let regressors: Int
  private let rowLength: Int

  init(_ weights: Tensor<Double>, groups: Int) {
    (neurons, regressors) = (weights.shape[0], weights.shape[1])
    rowLength = SymmetricMatrix.padded(neurons)
    columns = AlignedBuffer(count: regressors * rowLength)
    for neuron in 0..<neurons {
      for regressor in 0..<regressors {
        columns.pointer[regressor * rowLength + neuron] =
          weights.values[neuron * regressors + regressor]
      }
    }
    let length = rowLength
    parts = (0..<groups).map { _ in AlignedBuffer(count: length) }
  }

  /// Starts from traces.
  mutating func begin(_ traces: UnsafePointer<Double>) {
    makeUnique()
    for (group, part) in parts.enumerated() {
      part.clear()
      add(group, traces, to: part)
    }
  }

  /// Follows a step, and writes the current.
  mutating func step(_ stepper: FeedbackStepper, into current: UnsafeMutablePointer<Double>) {
    let vectors = rowLength / 8
    guard stepper.isSpiking, !stepper.traceDecays.isEmpty else {
      begin(stepper.traces.pointer)
      return sum(into: current)
    }
    for (group, part) in parts.enumerated() {
      DoubleRows.scale(part.pointer, by: stepper.traceDecays[group], vectors: vectors)
      for event in stepper.events {
        DoubleRows.add(
          columns.pointer + (group * neurons + event) * rowLength, times: stepper.traceJumps[group],
          to: part.pointer, vectors: vectors)
      }
    }
    sum(into: current)
  }

  private func add(_ group: Int, _ traces: UnsafePointer<Double>, to part: AlignedBuffer<Double>) {
    for regressor in group * neurons..<(group + 1) * neurons where traces[regressor] != 0 {
      DoubleRows.add(
        columns.pointer + regressor * rowLength, times: traces[regressor], to: part.pointer,
        vectors: rowLength / 8)
    }
  }

  private func sum(into current: UnsafeMutablePointer<Double>) {
    current.update(from: parts[0].pointer, count: rowLength)
    for part in parts.dropFirst() {
      DoubleRows.add(part.pointer, times: 1, to: current, vectors: rowLength / 8)
    }
  }

  private mutating func makeUnique() {
    for index in parts.indices where !isKnownUniquelyReferenced(&parts[index]) {
      parts[index] = parts[index].copy()
    }
  }
}
