import SynfireCore
import SynfireNetworks

/// Trained synapses under a mask and Dale's law, solved in batches: each row of J minimises
/// sum of |J_i s - F_i|^2 + ridge |J_i|^2 over the steps seen, where F = u y are the target currents
/// (DePasquale, Churchland & Abbott 2016, in words; see `SignConstrainedRow`).
///
/// What is kept of the steps is A = sum of s s^T and C = sum of y s^T; B = u C. Both lose a part at the end
/// of each trial, so that late trials count most.
struct ConstrainedRecurrence: RecurrenceLearner {
  let recurrence: SparseRecurrence
  let traceCount: Int
  let ridge: Double
  let forgetting: Double
  let limits: SignConstrainedRow.Limits
  /// u [neuron, factor].
  private let encoders: Tensor<Double>
  private let pool: WorkerPool
  /// J [neuron, regressor].
  var weights: Tensor<Double> {
    didSet { current = RecurrentCurrent(weights, groups: traceCount) }
  }
  private var current: RecurrentCurrent
  /// A.
  private var correlation: SymmetricMatrix
  /// C [factor, regressor].
  private var cross: [Double]
  /// Traces of steps that are not in A yet.
  private var pending: [Double] = []
  /// The most sweeps that a row of the last solution took, and the largest change that one was left with.
  private(set) var outcome = SignConstrainedRow.Outcome(sweeps: 0, change: 0)

  private static let blockSize = 64

  init(
    _ recurrence: SparseRecurrence, encoders: Tensor<Double>, traces: Int, ridge: Double,
    forgetting: Double, limits: SignConstrainedRow.Limits, pool: WorkerPool
  ) throws {
    let place = "constrained least squares"
    guard ridge > 0, ridge.isFinite else {
      throw LearningError("the ridge \(ridge) is not above 0", place: place)
    }
    guard forgetting > 0, forgetting <= 1 else {
      throw LearningError(
        "the forgetting factor \(forgetting) is not in (0, 1]", place: place,
        remedy: "1 forgets nothing.")
    }
    guard limits.tolerance > 0, limits.sweeps > 0 else {
      throw LearningError(
        "\(limits.sweeps) sweeps to a change of \(limits.tolerance)", place: place)
    }
    self.recurrence = recurrence
    self.encoders = encoders
    traceCount = traces
    self.ridge = ridge
    self.forgetting = forgetting
    self.limits = limits
    self.pool = pool
    let regressors = recurrence.neurons * traces
    weights = Tensor(axes: ["neuron", "regressor"], shape: [recurrence.neurons, regressors])
    current = RecurrentCurrent(weights, groups: traces)
    correlation = SymmetricMatrix(size: regressors, diagonal: 0)
    cross = [Double](repeating: 0, count: encoders.shape[1] * regressors)
  }

  mutating func begin(_ stepper: FeedbackStepper, isLearning: Bool) {
    current.begin(stepper.traces.pointer)
  }

  mutating func step(
    _ stepper: FeedbackStepper, into own: AlignedBuffer<Double>, learning: RecurrenceTarget?
  ) throws {
    current.step(stepper, into: own.pointer)
    guard let learning else { return }
    let length = correlation.rowLength
    pending += UnsafeBufferPointer(start: stepper.traces.pointer, count: length)
    let regressors = correlation.size
    cross.withUnsafeMutableBufferPointer { cross in
      for factor in 0..<encoders.shape[1] {
        let value = learning.factors[factor]
        for regressor in 0..<regressors {
          cross[factor * regressors + regressor] += value * stepper.traces.pointer[regressor]
        }
      }
    }
    if pending.count == Self.blockSize * length { try fold() }
  }

  /// Adds the pending steps to A.
  private mutating func fold() throws {
    let steps = pending.count / correlation.rowLength
    guard steps > 0 else { return }
    try correlation.subtractOuterProducts(
      pending, weights: [Double](repeating: -1, count: steps), scale: 1, pool: pool)
    pending.removeAll(keepingCapacity: true)
  }

  mutating func endTrial() throws {
    try fold()
    try solve()
    try correlation.subtractOuterProducts([0], weights: [], scale: forgetting, pool: pool)
    for index in cross.indices { cross[index] *= forgetting }
  }

  /// Solves all rows from where they are.
  private mutating func solve() throws {
    let shards = (recurrence.neurons + Self.shardRows - 1) / Self.shardRows
    let slots = Slots(count: recurrence.neurons)
    let (problem, signs) = (self, signs)
    try pool.run(shards: shards) { shard in
      let rows =
        shard * Self.shardRows..<min((shard + 1) * Self.shardRows, problem.recurrence.neurons)
      var solvers: [Int: SignConstrainedRow] = [:]
      for row in rows {
        let count = problem.recurrence.inputs[row].count * problem.traceCount
        let solver = solvers[count] ?? SignConstrainedRow(count: count)
        solvers[count] = solver
        slots[row] = problem.solution(row, signs, solver)
      }
    }
    var result = weights
    outcome = SignConstrainedRow.Outcome(sweeps: 0, change: 0)
    for row in 0..<recurrence.neurons {
      guard let (solution, found) = slots[row] else { continue }
      let regressors = recurrence.regressors(of: row, traces: traceCount)
      for (regressor, value) in zip(regressors, solution) { result[row, regressor] = value }
      outcome.sweeps = max(outcome.sweeps, found.sweeps)
      outcome.change = max(outcome.change, found.change)
    }
    weights = result
  }

  private static let shardRows = 16

  /// The sign of each regressor, 0 where it is free.
  private var signs: [Int] {
    (0..<correlation.size).map { recurrence.signs?.values[$0 % recurrence.neurons] ?? 0 }
  }

  private func solution(
    _ row: Int, _ signs: [Int], _ solver: SignConstrainedRow
  ) -> ([Double], SignConstrainedRow.Outcome) {
    let (regressors, factors) = (
      recurrence.regressors(of: row, traces: traceCount), encoders.shape[1]
    )
    let b = regressors.map { regressor in
      (0..<factors).reduce(0) { sum, factor in
        sum + encoders[row, factor] * cross[factor * correlation.size + regressor]
      }
    }
    var x = regressors.map { weights[row, $0] }
    let outcome = solver.solve(
      { correlation[regressors[$0], regressors[$1]] }, b, signs: regressors.map { signs[$0] },
      ridge: ridge, limits: limits, &x)
    return (x, outcome)
  }

  /// `solutionChange`: see `SignConstrainedRow.Outcome`; the largest of all rows.
  var metrics: [String: Double] { ["solutionChange": outcome.change] }

  var state: NamedTensors<Double> {
    get throws {
      let triangle = correlation.lowerTriangle
      return NamedTensors([
        ("weights", weights),
        ("correlation", Tensor(axes: ["element"], shape: [triangle.count], values: triangle)),
        ("cross", Tensor(axes: ["element"], shape: [cross.count], values: cross)),
      ])
    }
  }

  mutating func restore(_ state: NamedTensors<Double>) throws {
    weights = state["weights"]!
    correlation = SymmetricMatrix(
      size: correlation.size, lowerTriangle: state["correlation"]!.values)
    cross = state["cross"]!.values
  }
}

/// Results by row, each written by the shard that it belongs to.
private final class Slots: @unchecked Sendable {
  private let memory: UnsafeMutableBufferPointer<([Double], SignConstrainedRow.Outcome)?>

  init(count: Int) {
    memory = .allocate(capacity: count)
    memory.initialize(repeating: nil)
  }

  deinit {
    memory.deinitialize()
    memory.deallocate()
  }

  subscript(row: Int) -> ([Double], SignConstrainedRow.Outcome)? {
    get { memory[row] }
    set { memory[row] = newValue }
  }
}
