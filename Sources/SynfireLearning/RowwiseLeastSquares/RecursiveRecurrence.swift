import SynfireCore
import SynfireNetworks

/// Trained synapses under a mask, learned by recursive least squares: each neuron has an inverse correlation
/// of its own inputs' traces, and at each update its row of J takes its own error J_i s - F_i
/// (DePasquale, Churchland & Abbott 2016, in words).
///
/// With all neurons connected the rows share one gain, and J = u w of `RecursiveLeastSquares`. The memory is
/// that of N matrices of the size of the inputs.
struct RecursiveRecurrence: RecurrenceLearner {
  let recurrence: SparseRecurrence
  let traceCount: Int
  private var rows: [Row]
  /// By presynaptic neuron: whom it reaches, and as which of their inputs.
  private let targets: [[(neuron: Int, position: Int)]]
  private let pool: WorkerPool

  /// What one neuron learns.
  private struct Row: Sendable {
    /// Positions of its regressors among all.
    let regressors: [Int]
    var decoder: RecursiveDecoder
    /// Their traces, with zeros behind.
    var traces: AlignedBuffer<Double>
    /// Which of its inputs spiked.
    var events: [Int] = []

    func gather(_ all: UnsafePointer<Double>) {
      for (position, regressor) in regressors.enumerated() {
        traces.pointer[position] = all[regressor]
      }
    }
  }

  private static let shardRows = 16

  init(
    _ recurrence: SparseRecurrence, traces: Int, constants: RecursiveLeastSquares.Constants,
    pool: WorkerPool
  ) throws {
    self.recurrence = recurrence
    traceCount = traces
    self.pool = pool
    let own = WorkerPool(threads: 1)
    rows = try (0..<recurrence.neurons).map { neuron in
      let regressors = recurrence.regressors(of: neuron, traces: traces)
      let decoder = try RecursiveDecoder(
        regressors: regressors.count, outputs: 1, initialValue: constants.initialValue,
        forgetting: constants.forgetting, blockSize: constants.blockSize, pool: own)
      return Row(
        regressors: regressors, decoder: decoder, traces: AlignedBuffer(count: decoder.rowLength))
    }
    var targets = [[(neuron: Int, position: Int)]](repeating: [], count: recurrence.neurons)
    for (neuron, inputs) in recurrence.inputs.enumerated() {
      for (position, input) in inputs.enumerated() { targets[input].append((neuron, position)) }
    }
    self.targets = targets
  }

  var weights: Tensor<Double> {
    get {
      var result = Tensor<Double>(
        axes: ["neuron", "regressor"], shape: [rows.count, rows.count * traceCount])
      for (neuron, row) in rows.enumerated() {
        for (regressor, value) in zip(row.regressors, row.decoder.weights.values) {
          result[neuron, regressor] = value
        }
      }
      return result
    }
    set {
      precondition(newValue.shape == [rows.count, rows.count * traceCount])
      for neuron in rows.indices {
        rows[neuron].decoder.weights = Tensor(
          axes: ["output", "regressor"], shape: [1, rows[neuron].regressors.count],
          values: rows[neuron].regressors.map { newValue[neuron, $0] })
      }
    }
  }

  mutating func begin(_ stepper: FeedbackStepper, isLearning: Bool) throws {
    for neuron in rows.indices where !isKnownUniquelyReferenced(&rows[neuron].traces) {
      rows[neuron].traces = rows[neuron].traces.copy()
    }
    guard isLearning, stepper.isSpiking, !stepper.traceDecays.isEmpty else { return }
    let (traces, groups) = (Pointer(stepper.traces.pointer), traceCount)
    try forEachRow { row in
      row.gather(traces.pointer)
      let inputs = row.regressors.count / groups
      try row.decoder.correlation.track(
        groups: (0..<groups).map { inputs * $0..<inputs * ($0 + 1) }, row.traces.pointer)
    }
  }

  mutating func step(
    _ stepper: FeedbackStepper, into own: AlignedBuffer<Double>, learning: RecurrenceTarget?
  ) throws {
    for neuron in rows.indices { rows[neuron].events.removeAll(keepingCapacity: true) }
    for event in stepper.events {
      for (neuron, position) in targets[event] { rows[neuron].events.append(position) }
    }
    let (traces, currents) = (Pointer(stepper.traces.pointer), Pointer(own.pointer))
    let wanted = learning.map { Pointer($0.currents) }
    let (decays, jumps) = (stepper.traceDecays, stepper.traceJumps)
    try forEachRow { row, neuron in
      row.gather(traces.pointer)
      row.decoder.correlation.advance(decays: decays, jumps: jumps, events: row.events)
      let current = currents.pointer + neuron
      row.decoder.predict(row.traces.pointer, into: UnsafeMutablePointer(mutating: current))
      guard let wanted else { return }
      var error = current.pointee - wanted.pointer[neuron]
      do { try row.decoder.update(row.traces.pointer, errors: &error) } catch let error
        as LearningError
      {
        throw LearningError(
          error.what, place: "neuron \(neuron): \(error.place)", remedy: error.remedy,
          isUserMistake: error.isUserMistake)
      }
    }
  }

  /// A run that goes on from a checkpoint knows no more than the written matrices.
  mutating func endTrial() throws {
    try forEachRow { row in
      try row.decoder.correlation.fold(row.traces.pointer)
      row.decoder.correlation.endTracking()
    }
  }

  var metrics: [String: Double] { [:] }

  private mutating func forEachRow(_ body: @Sendable (inout Row) throws -> Void) throws {
    try forEachRow { row, _ in try body(&row) }
  }

  private mutating func forEachRow(_ body: @Sendable (inout Row, Int) throws -> Void) throws {
    let count = rows.count
    try rows.withUnsafeMutableBufferPointer { buffer in
      let rows = Rows(first: buffer.baseAddress!)
      try pool.run(shards: (count + Self.shardRows - 1) / Self.shardRows) { shard in
        for row in shard * Self.shardRows..<min((shard + 1) * Self.shardRows, count) {
          try body(&rows.first[row], row)
        }
      }
    }
  }

  /// Rows of which each shard changes its own.
  private struct Rows: @unchecked Sendable {
    let first: UnsafeMutablePointer<Row>
  }

  /// Numbers that shards read, or each of which one shard writes.
  private struct Pointer: @unchecked Sendable {
    let pointer: UnsafePointer<Double>
    init(_ pointer: UnsafePointer<Double>) { self.pointer = pointer }
    init(_ pointer: UnsafeMutablePointer<Double>) { self.pointer = UnsafePointer(pointer) }
  }

  var state: NamedTensors<Double> {
    get throws {
      let triangles = try rows.flatMap { try $0.decoder.correlation.triangle }
      let updates = Double(rows.first?.decoder.correlation.updates ?? 0)
      return NamedTensors([
        ("weights", weights),
        (
          "inverseCorrelations",
          Tensor(axes: ["element"], shape: [triangles.count], values: triangles)
        ),
        ("updates", Tensor(axes: ["value"], shape: [1], values: [updates])),
      ])
    }
  }

  mutating func restore(_ state: NamedTensors<Double>) throws {
    weights = state["weights"]!
    let triangles = state["inverseCorrelations"]!.values
    let updates = Int(state["updates"]!.values[0])
    var start = 0
    for neuron in rows.indices {
      let count = rows[neuron].regressors.count
      let end = start + count * (count + 1) / 2
      guard end <= triangles.count else {
        throw LearningError(
          "\(triangles.count) numbers are too few for the neurons' inverse correlations",
          place: "recursive least squares")
      }
      try rows[neuron].decoder.correlation.restore(
        triangle: Array(triangles[start..<end]), updates: updates)
      start = end
    }
  }
}
