import SynfireCore

/// The sizes of a block of trials in a layer.
public struct SweepSize: Sendable {
  @usableFromInline let steps: Int
  /// The steps whose tape is held at a time: all, or one segment of them.
  @usableFromInline let segmentSteps: Int
  /// The most trials a block holds.
  @usableFromInline let trials: Int
  @usableFromInline let neurons: Int

  @usableFromInline
  init(steps: Int, segmentSteps: Int? = nil, trials: Int, neurons: Int) {
    self.steps = steps
    self.segmentSteps = min(segmentSteps ?? steps, steps)
    self.trials = trials
    self.neurons = neurons
  }

  /// Steps before the first that can be kept: what delays, latencies and resets still reach.
  static let history = 64

  /// The segments that the steps are cut into, the last one shorter if need be.
  var segments: Int { max(1, (steps + segmentSteps - 1) / max(segmentSteps, 1)) }

  func times(ofSegment segment: Int) -> Range<Int> {
    segment * segmentSteps..<min((segment + 1) * segmentSteps, steps)
  }

  @inlinable var rowLength: Int { paddedToLanes(neurons) }
  @inlinable var vectors: Int { rowLength / 16 }
  /// 64-bit words of a row of spikes.
  @inlinable var words: Int { (neurons + 63) >> 6 }
}

/// The packed connectivity of one layer.
public struct PackedLayer: Sendable {
  let input: any PackedConnectivity
  /// Of each kind of recurrent synapses.
  let recurrent: [any PackedConnectivity]
  /// What differs between neurons, [parameter][neuron].
  let neurons: [[Float]]

  /// In the order of `Network.connections`.
  var connections: [any PackedConnectivity] { [input] + recurrent }
}

/// Where the adjoint of a layer's outputs comes from.
public protocol OutputAdjoint: AnyObject {
  /// Adds dL/d(output of step `time`) to adjoint[trial, neuron padded]; called for falling times.
  func add(time: Int, trials: Int, into adjoint: UnsafeMutablePointer<Float>)
}

/// One layer of the fast engine: memory of one worker, forward and backward over a block of trials.
public protocol LayerSweep: AnyObject {
  /// The outputs of the last forward sweep.
  var activity: BlockActivity { get }

  /// Runs all steps of a block of trials and leaves the tape of the last segment.
  ///
  /// - Parameter state: what the trials go on from, with the local names of the layer; inputs can then be
  ///   read as far back as synapses reach. Nil for rest.
  func forward(
    _ layer: PackedLayer, _ inputs: BlockActivity, trials: Int, lengths: TrialLengths,
    from state: NamedTensors<Float>?)

  /// The state after the last step of a forward sweep, before a backward one.
  ///
  /// - Parameter reach: the steps of activity that it holds.
  func state(trials: Int, reach: Int) -> NamedTensors<Float>

  /// The same for the outputs alone: no tape is left, only what segments are run again from.
  func forwardWithoutTape(
    _ layer: PackedLayer, _ inputs: BlockActivity, trials: Int, lengths: TrialLengths,
    from state: NamedTensors<Float>?)

  /// Hands out what segments are run again from, which the next sweep does not touch then.
  func save() -> AnyObject

  /// Takes back what `save` gave after a forward sweep from rest, in place of another.
  func restore(_ saved: AnyObject, _ layer: PackedLayer, trials: Int, lengths: TrialLengths)

  /// Gives memory of what was kept of a block back to the system, after the block was run back.
  func returnPages()

  /// Sets the state to that before the first step.
  func begin(_ layer: PackedLayer, trials: Int)

  /// Runs one step of a block of trials; step t is kept at t % 64, where inputs are read too.
  func step(_ layer: PackedLayer, _ inputs: BlockActivity, time: Int, trials: Int)

  /// Sets the adjoints to those after the last step.
  func beginBackward(trials: Int)

  /// Runs back over the steps of a segment and adds to the gradients in the workspaces; called for falling
  /// segments. A segment whose tape is not held is first run forward again.
  ///
  /// - Parameters:
  ///   - outputAdjoint: from the readout or the layer above.
  ///   - constantAdjoint: added to the adjoint of every output of every step and trial, [neuron padded].
  ///   - inputAdjoint: receives dL/d(input) [time, trial, input padded], if the layer below learns.
  func backward(
    segment: Int, _ layer: PackedLayer, _ inputs: BlockActivity, trials: Int,
    outputAdjoint: any OutputAdjoint, constantAdjoint: UnsafePointer<Float>?,
    inputAdjoint: StoredAdjoint?)

  /// Adds the spikes of each neuron in the last forward sweep to `counts` [neuron].
  func countSpikes(trials: Int, into counts: inout [Int])

  /// The gradient sums of the input, then of each kind of recurrent synapses.
  func workspaces(_ layer: PackedLayer) -> [ConnectivityWorkspace]

  /// The derivatives of the loss with respect to the neurons' parameters [parameter][neuron], summed since
  /// this was last called.
  func takeParameterGradients() -> AlignedBuffer<Float>

  /// The first step and neuron whose state in a sweep of this block is not finite.
  func firstNonFinite(
    _ layer: PackedLayer, _ inputs: BlockActivity, trials: Int
  ) -> (step: Int, trial: Int, neuron: Int)?

  /// Runs a block forward and keeps outputs and states.
  func record(
    _ layer: PackedLayer, _ inputs: BlockActivity, trials: Int, lengths: TrialLengths
  ) -> LayerRecord
}

/// What one layer did in a block of trials; every tensor is [time, trial, neuron].
public struct LayerRecord: Sendable {
  /// 0 and 1 of a spiking layer, rates of a rate layer.
  public var outputs: Tensor<Float>
  /// Dimensionless.
  public var potentials: Tensor<Float>
  /// Dimensionless.
  public var currents: Tensor<Float>

  public init(steps: Int, trials: Int, neurons: Int) {
    let empty = Tensor<Float>(
      axes: ["time", "trial", "neuron"], shape: [steps, trials, neurons])
    outputs = empty
    potentials = empty
    currents = empty
  }

  /// Copies the record of some of the trials to its place.
  public mutating func insert(_ block: LayerRecord, trials: Range<Int>) {
    let (steps, all, neurons) = (outputs.shape[0], outputs.shape[1], outputs.shape[2])
    for time in 0..<steps {
      let target = (time * all + trials.lowerBound) * neurons
      let source = time * trials.count * neurons
      for offset in 0..<trials.count * neurons {
        outputs.values[target + offset] = block.outputs.values[source + offset]
        potentials.values[target + offset] = block.potentials.values[source + offset]
        currents.values[target + offset] = block.currents.values[source + offset]
      }
    }
  }
}

/// The adjoint of a layer's outputs, written by the layer above: of all steps, or of those between the
/// segment that is run back over and the inputs that its last steps reach.
public final class StoredAdjoint: OutputAdjoint {
  let buffer: AlignedBuffer<Float>
  let rowLength: Int
  let stepStride: Int
  private let rows: Int

  init(_ size: SweepSize) {
    rowLength = size.rowLength
    stepStride = size.trials * size.rowLength
    rows = Self.rows(size)
    buffer = AlignedBuffer(count: rows * stepStride)
  }

  static func byteCount(_ size: SweepSize) -> Int {
    rows(size) * size.trials * size.rowLength * 4
  }

  /// A latency is at most 63 steps.
  private static func rows(_ size: SweepSize) -> Int { min(size.steps, size.segmentSteps + 64) }

  func step(_ time: Int) -> UnsafeMutablePointer<Float> {
    buffer.pointer + time % rows * stepStride
  }

  /// Forgets the last steps, which reach nothing where the layer above has a latency.
  ///
  /// - Parameter steps: of the longest trial.
  func begin(steps: Int) {
    for time in max(0, steps - 64)..<steps {
      step(time).update(repeating: 0, count: stepStride)
    }
  }

  public func add(time: Int, trials: Int, into adjoint: UnsafeMutablePointer<Float>) {
    RowKernels.addScaled(
      step(time), scale: 1, into: adjoint, vectors: trials * rowLength / 16)
  }
}
