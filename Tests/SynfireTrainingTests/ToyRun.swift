import Foundation
import SynfireCore
import SynfireFormats
import SynfireLearning
import SynfireNetworks
import SynfireTasks
import SynfireTraining

/// A linear map that is to be learnt, as a task: two analog channels, one step, one output.
struct ToyTask: TrialTask {
  let name = "toy"
  let inputChannels = 2
  let outputs = 1
  let steps = 1
  /// The batch whose inputs are not finite; nil for none.
  var brokenBatch: Int?

  func size(of split: Split) -> Int? { split == .training ? nil : 37 }

  func batch(_ split: Split, index: Int, trials: Int, seed: UInt64) throws -> TrialBatch {
    let count = min(trials, (size(of: split) ?? .max) - (split == .training ? 0 : index * trials))
    guard count > 0 else { throw TasksError("the split has ended") }
    var stream = RandomStream(
      seed: seed, stream: "toy.\(split.rawValue)", step: UInt64(index), trial: UInt64(trials))
    var inputs: [Float] = []
    var targets: [Float] = []
    for _ in 0..<count {
      let (x, y) = (Float(stream.normal()), Float(stream.normal()))
      inputs += [x, y]
      targets.append(3 * x - 2 * y)
    }
    if split == .training, index == brokenBatch { inputs[0] = .nan }
    return TrialBatch(
      inputs: .analog(
        Tensor(axes: ["time", "trial", "channel"], shape: [1, count, 2], values: inputs)),
      targets: .values(
        Tensor(axes: ["time", "trial", "output"], shape: [1, count, 1], values: targets)),
      conditions: ["number": Array(0..<count)])
  }

  func metrics(readout: Tensor<Float>, of batch: TrialBatch) -> [String: Double] {
    guard case .values(let targets) = batch.targets else { return [:] }
    let errors = zip(readout.values, targets.values).map { Double($0 - $1) * Double($0 - $1) }
    return ["meanSquaredError": errors.reduce(0, +) / Double(errors.count)]
  }
}

/// Least mean squares with momentum: the smallest rule with a state.
struct ToyRule: LearningRule {
  var parameters = NamedTensors<Float>([
    ("weights", Tensor(axes: ["output", "channel"], shape: [1, 2], values: [0, 0]))
  ])
  var state = NamedTensors<Float>([
    ("velocity", Tensor(axes: ["output", "channel"], shape: [1, 2], values: [0, 0]))
  ])
  var updates = 0
  var learningRate: Float = 0.02

  mutating func step(_ batch: TrialBatch) throws -> StepMetrics {
    let evaluation = try evaluate(batch)
    guard evaluation.loss.isFinite else {
      throw LearningError("a potential is not finite", place: "hidden, step 3, neuron 7")
    }
    guard case .analog(let inputs) = batch.inputs, case .values(let targets) = batch.targets else {
      throw LearningError("no analog trials")
    }
    var gradient: [Float] = [0, 0]
    for trial in 0..<batch.trials {
      let error = evaluation.readout.values[trial] - targets.values[trial]
      for channel in 0..<2 {
        gradient[channel] += 2 * error * inputs.values[2 * trial + channel] / Float(batch.trials)
      }
    }
    for channel in 0..<2 {
      let velocity = 0.5 * state["velocity"]!.values[channel] - learningRate * gradient[channel]
      state.update("velocity") { $0.values[channel] = velocity }
      parameters.update("weights") { $0.values[channel] += velocity }
    }
    updates += 1
    let norm = Double(gradient.map { $0 * $0 }.reduce(0, +)).squareRoot()
    return StepMetrics(
      loss: evaluation.loss, gradientNorm: norm, learningRate: Double(learningRate), firingRate: 0,
      silentFraction: 0, saturatedFraction: 0)
  }

  func evaluate(_ batch: TrialBatch) throws -> Evaluation {
    guard case .analog(let inputs) = batch.inputs, case .values(let targets) = batch.targets else {
      throw LearningError("no analog trials")
    }
    let weights = parameters["weights"]!.values
    let values = (0..<batch.trials).map {
      weights[0] * inputs.values[2 * $0] + weights[1] * inputs.values[2 * $0 + 1]
    }
    let errors = zip(values, targets.values).map { Double($0 - $1) * Double($0 - $1) }
    return Evaluation(
      loss: errors.reduce(0, +) / Double(batch.trials),
      readout: Tensor(axes: targets.axes, shape: targets.shape, values: values), firingRate: 0)
  }
}

/// The same rule with a memory: a running sum of each trial's first channel, which outputs and updates see.
struct RememberingRule: LearningRule {
  var base: ToyRule
  var parameters: NamedTensors<Float> {
    get { base.parameters }
    set { base.parameters = newValue }
  }
  var state: NamedTensors<Float> {
    get { base.state }
    set { base.state = newValue }
  }
  var updates: Int {
    get { base.updates }
    set { base.updates = newValue }
  }

  mutating func step(_ batch: TrialBatch) throws -> StepMetrics { try base.step(batch) }

  func evaluate(_ batch: TrialBatch) throws -> Evaluation { try base.evaluate(batch) }

  private func end(_ batch: TrialBatch, _ state: NetworkState<Float>?) -> NetworkState<Float> {
    guard case .analog(let inputs) = batch.inputs else { fatalError("no analog trials") }
    let former = state?.tensors["memory"]?.values ?? Array(repeating: 0, count: batch.trials)
    precondition(former.count == batch.trials)
    let values = former.enumerated().map { 0.9 * $1 + inputs.values[2 * $0] }
    return NetworkState(
      tensors: NamedTensors([
        (
          "memory",
          Tensor(axes: ["part", "trial", "neuron"], shape: [1, batch.trials, 1], values: values)
        )
      ]))
  }

  mutating func step(
    _ batch: TrialBatch, from state: NetworkState<Float>?
  ) throws -> (metrics: StepMetrics, state: NetworkState<Float>) {
    let end = end(batch, state)
    let metrics = try base.step(batch)
    let mean = end.tensors["memory"]!.values.reduce(0, +) / Float(batch.trials)
    base.parameters.update("weights") { $0.values[0] += 0.01 * mean }
    return (metrics, end)
  }

  func evaluate(
    _ batch: TrialBatch, from state: NetworkState<Float>?
  ) throws -> (evaluation: Evaluation, state: NetworkState<Float>) {
    let end = end(batch, state)
    var evaluation = try base.evaluate(batch)
    for (trial, value) in end.tensors["memory"]!.values.enumerated() {
      evaluation.readout.values[trial] += value
    }
    return (evaluation, end)
  }
}

/// A run of the toy in a folder of its own, which goes with the object.
final class ToyRun {
  let root: String
  var task = ToyTask()
  var rule = ToyRule()
  var plan: TrainingPlan

  init(batches: Int = 30) throws {
    root = NSTemporaryDirectory() + "synfire-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    plan = TrainingPlan(batches: batches, trialsPerBatch: 8, checkpointEvery: 7)
    plan.validationEvery = 5
    plan.checkpointSeconds = .infinity
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  var path: String { root + "/run" }

  var firstCheckpoint: Checkpoint {
    Checkpoint(
      experiment: "toy/line", configuration: "name: toy/line\n", seed: 5,
      parameters: rule.parameters, state: rule.state, manifest: ["synfireVersion": "1", "b": "ü"])
  }

  func create() throws -> RunFolder {
    try RunFolder.create(at: path, checkpoint: firstCheckpoint)
  }

  /// Begins a run; the observer may raise the flag.
  func start(
    stop: StopFlag = StopFlag(), observer: @escaping (TrainingEvent) -> Void = { _ in }
  ) throws -> Trainer {
    trainer(try create(), firstCheckpoint, stop, observer)
  }

  /// Goes on with it.
  func resume(
    stop: StopFlag = StopFlag(), observer: @escaping (TrainingEvent) -> Void = { _ in }
  ) throws -> Trainer {
    let folder = try RunFolder.resume(at: path)
    return trainer(folder, try folder.restoreCheckpoint().checkpoint, stop, observer)
  }

  private func trainer(
    _ folder: RunFolder, _ checkpoint: Checkpoint, _ stop: StopFlag,
    _ observer: @escaping (TrainingEvent) -> Void
  ) -> Trainer {
    Trainer(
      task: task, rule: plan.carriesState ? RememberingRule(base: rule) : rule, plan: plan,
      folder: folder, checkpoint: checkpoint, stop: stop,
      observer: observer)
  }

  func checkpoint() throws -> Checkpoint {
    try RunFolder.read(at: path).readCheckpoint().checkpoint
  }

  /// The lines of the log without what differs from process to process.
  func log() throws -> [[String: JSONValue]] { try JSONLines.read(path + "/log.jsonl") }
}
