import SynfireAnalysis
import SynfireCore
import SynfireLearning
import SynfireNetworks
import SynfireTasks

/// What a network did in some test trials.
struct RecordedTrials {
  let batch: TrialBatch
  /// Axes [trial, output], or [time, trial, output] of a readout of every step.
  let readout: Tensor<Float>
  /// Of the last layer, or of the network with feedback; nil when units do not spike.
  let spikes: SpikeTensor?
  /// What is recorded of the last layer of a network of layers.
  private let layer: (potentials: Tensor<Float>, activity: Tensor<Double>)?

  /// The trials of a network of layers.
  init(
    task: any TrialTask, network: Network, parameters: NamedTensors<Float>, seed: UInt64,
    threads: Int, memory: Int, trials: Int = RunAnalyses.recordedTrials
  ) throws {
    let wanted = min(
      trials, task.size(of: .test) ?? trials,
      Self.mostTrials(of: network, steps: task.steps, memory: memory))
    let batch = try task.batch(.test, index: 0, trials: wanted, seed: seed)
    self.batch = batch
    let recording = try network.record(batch.inputs, parameters, threads: threads)
    readout = recording.readout
    let last = recording.records.count - 1
    let potentials = recording.records[last].potentials
    guard network.layers[last].isSpiking, let spikes = recording.spikes(ofLayer: last) else {
      self.spikes = nil
      layer = (potentials, recording.records[last].outputs.converted())
      return
    }
    self.spikes = spikes
    layer = (
      potentials,
      try network.readout.connection.filter.activity(of: spikes, timeStep: network.timeStep)
    )
  }

  /// No trials, where there is nothing to record in them.
  init(nothingOf batch: TrialBatch) {
    self.batch = batch
    readout = Tensor(axes: ["trial", "output"], shape: [batch.trials, 0])
    (spikes, layer) = (nil, nil)
  }

  /// Trials in which a network with feedback runs by itself.
  init(
    task: any TrialTask, rule: any FreeRunningRule, seed: UInt64,
    trials: Int = RunAnalyses.recordedTrials
  ) throws {
    batch = try task.batch(
      .test, index: 0, trials: min(trials, task.size(of: .test) ?? trials), seed: seed)
    let isSpiking = rule.network.model.isSpiking
    let run = try rule.freeRun(batch, recordsSpikes: isSpiking)
    readout = run.readout
    spikes = isSpiking ? run.spikes : nil
    layer = nil
  }

  /// Of the last layer, axes [time, trial, neuron], in units of the threshold.
  ///
  /// - Throws: `TrainingError` for a network with feedback.
  var potentials: Tensor<Float> { get throws { try requiredLayer().potentials } }

  /// Filtered activity r of the last layer, axes [time, trial, neuron].
  ///
  /// - Throws: `TrainingError` for a network with feedback.
  var activity: Tensor<Double> { get throws { try requiredLayer().activity } }

  private func requiredLayer() throws -> (potentials: Tensor<Float>, activity: Tensor<Double>) {
    guard let layer else { throw TrainingError("this is not drawn of a network with feedback") }
    return layer
  }

  /// The trials that half of the memory holds, one at least.
  private static func mostTrials(of network: Network, steps: Int, memory: Int) -> Int {
    // Outputs, potentials and currents twice while they are gathered, and the activity in `Double`.
    let trial = 32 * steps * network.layers.reduce(0) { $0 + $1.neurons }
    return max(1, memory / 2 / trial)
  }

  /// - Throws: `TrainingError` for a network of rate units.
  func requiredSpikes() throws -> SpikeTensor {
    guard let spikes else { throw TrainingError("the units of this network do not spike") }
    return spikes
  }

  /// The trials by target and context at their end, by target, or by class, whichever the task has.
  func classes() throws -> TrialClasses {
    let conditions = batch.conditions
    if let target = conditions["finalTarget"] ?? conditions["target"] {
      let signs = target.map { $0 == 1 ? 1.0 : -1.0 }
      guard let context = conditions["finalContext"] ?? conditions["context"] else {
        return try TrialClasses(targets: signs)
      }
      return try TrialClasses(contexts: context, targets: signs)
    }
    guard let labels = conditions["class"] ?? classTargets, let highest = labels.max() else {
      throw TrainingError("the trials of this task have no classes")
    }
    return try TrialClasses(names: (0...highest).map(String.init), ofTrial: labels)
  }

  /// The target classes, if there is one a trial.
  private var classTargets: [Int]? {
    guard case .classes(let labels) = batch.targets, labels.count == batch.trials else {
      return nil
    }
    return labels
  }
}

extension SpikeFilter {
  /// Activity r of spikes, axes [time, trial, neuron].
  fileprivate func activity(of spikes: SpikeTensor, timeStep: Double) throws -> Tensor<Double> {
    switch self {
    case .none: spikes.dense()
    case .leaky(let timeConstant, let isNormalized):
      try FilteredActivity.leaky(
        of: spikes, timeConstant: timeConstant, timeStep: timeStep, isNormalized: isNormalized)
    case .single(let decay):
      try FilteredActivity.single(of: spikes, decay: decay, timeStep: timeStep)
    case .double(let decay, let rise, let normalization):
      try FilteredActivity.double(
        of: spikes, decay: decay, rise: rise, timeStep: timeStep,
        normalization: normalization == .unitGain ? .context : .digits)
    }
  }
}
