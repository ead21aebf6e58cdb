import Synchronization
import SynfireCore
import SynfireNetworks

/// e-prop: gradients from eligibility traces and learning signals, online, with a memory that does not
/// depend on the length of a trial (Bellec et al. 2020).
///
/// For one layer of `AdaptiveLIF` neurons that is read at every step, or by its means over windows, whose
/// learning signals come at the end of each. The gradient leaves out what goes through other neurons and
/// through the reset; that of the readout is complete.
public struct EligibilityPropagation: GradientRule {
  /// What brings the errors of the outputs back to the neurons.
  public enum Feedback: String, Sendable, Equatable, CaseIterable {
    /// The readout's own weights.
    case symmetric
    /// Fixed normal numbers.
    case random
    /// Numbers that start normal and get the same updates as the readout, both of which decay (Kolen &
    /// Pollack 1994).
    case adaptive
  }

  public let network: Network
  public let loss: Loss
  public let regularizers: [Regularizer]
  public let optimizer: Optimizer
  public let clipNorm: Double?
  public let feedback: Feedback
  /// What adaptive feedback and its readout lose at each update, as a fraction.
  public let feedbackDecay: Double
  public let rewiring: DeepRewiring?

  public var parameters: NamedTensors<Float>
  /// The optimizer's, and `feedback` [output, neuron] unless it is symmetric.
  public var state: NamedTensors<Float>
  public var updates = 0
  private let model: AdaptiveLIF
  private let engine: BatchEngine
  private let pool: WorkerPool
  private let trainable: [String]

  /// - Throws: `LearningError` for a network that e-prop is not for, `NetworkError` for parameters that do
  ///   not fit.
  public init(
    network: Network, parameters: NamedTensors<Float>, loss: Loss,
    regularizers: [Regularizer] = [], optimizer: Optimizer, clipNorm: Double? = nil,
    feedback: Feedback = .symmetric, feedbackDecay: Double = 0.01, seed: UInt64 = 0,
    rewiring: DeepRewiring? = nil, threads: Int
  ) throws {
    try network.validate(parameters)
    try rewiring?.validate(parameters, outputs: network.readout.outputs)
    model = try Self.model(of: network)
    self.network = network
    self.parameters = parameters
    self.loss = loss
    self.regularizers = regularizers
    self.optimizer = optimizer
    self.clipNorm = clipNorm
    self.feedback = feedback
    self.feedbackDecay = feedbackDecay
    self.rewiring = rewiring
    state = optimizer.initialState(parameters)
    if feedback != .symmetric {
      let shape = [network.readout.outputs, network.layers[0].neurons]
      var stream = RandomStream(seed: seed, stream: "feedback")
      state["feedback"] = Tensor(
        axes: ["output", "neuron"], shape: shape,
        values: stream.normals(shape[0] * shape[1]))
    }
    // It only evaluates, for which no tape is needed.
    engine = BatchEngine(network, threads: threads, sweepMemory: 0)
    pool = WorkerPool(threads: threads)
    trainable = network.parameterSpecifications.filter(\.isTrainable).map(\.name)
  }

  public mutating func step(_ batch: TrialBatch) throws -> StepMetrics {
    let result = try gradient(batch)
    let norm = result.gradients.globalNorm(trainable)
    guard norm.isFinite, result.loss.isFinite else {
      throw engine.diagnose(batch, parameters, update: updates)
    }
    let scale = clipNorm.map { norm > $0 ? $0 / norm : 1 } ?? 1
    let rate = optimizer.learningRate(update: updates)
    let before = parameters
    optimizer.apply(
      result.gradients, scale: scale, update: updates, trainable: trainable, to: &parameters,
      &state)
    if feedback == .adaptive { alignFeedback(before) }
    rewiring?.apply(to: &parameters, before: before, learningRate: rate, update: updates)
    updates += 1
    return StepMetrics(
      loss: result.loss, gradientNorm: norm, learningRate: rate, firingRate: result.firingRate,
      silentFraction: result.silentFraction, saturatedFraction: result.saturatedFraction)
  }

  public func evaluate(_ batch: TrialBatch) throws -> Evaluation {
    try engine.evaluate(
      batch, engine.pack(parameters, for: batch.inputs, isPlain: batch.lengths == nil), loss: loss
    ).0
  }

  /// Gives the feedback the readout's update, and lets both decay.
  private mutating func alignFeedback(_ before: NamedTensors<Float>) {
    guard let old = before["readout.weights"] else { return }
    let kept = Float(1 - feedbackDecay)
    let new = parameters["readout.weights"]!.values
    state.update("feedback") { tensor in
      for index in tensor.values.indices {
        tensor.values[index] = kept * (tensor.values[index] + new[index] - old.values[index])
      }
    }
    parameters.update("readout.weights") { tensor in
      for index in tensor.values.indices { tensor.values[index] *= kept }
    }
  }

  /// Loss, with its regularizers, and the estimate of the gradient of every tensor.
  ///
  /// - Throws: `LearningError` when targets do not fit.
  public func gradient(_ batch: TrialBatch) throws -> GradientResult {
    try engine.validate(batch.inputs)
    guard batch.lengths == nil else {
      throw LearningError(
        "e-prop takes trials of one length", place: "lengths",
        remedy: "Use back-propagation through time for trials of several.")
    }
    let (axes, shape) = network.readout.shape(steps: batch.steps, trials: batch.trials)
    try loss.validate(batch.targets, readoutShape: shape)
    let problem = try EligibilityProblem<Float>(
      network, model, parameters, feedback: state["feedback"])
    let plan = BatchPlan(trials: batch.trials, layout: .neurons)
    let sums = Mutex(EligibilitySum<Float>())
    try pool.run(shards: plan.blocks.count) { shard, turn in
      var sum = EligibilitySum<Float>()
      for trial in plan.blocks[shard].joined() {
        sum.add(problem.run(batch, trial: trial, loss: loss), trial: trial)
      }
      let finished = sum
      turn.take { sums.withLock { $0.add(finished) } }
    }
    let total = sums.withLock { $0 }
    let readout = Tensor<Float>(
      axes: axes, shape: shape, values: total.readout(steps: shape[0], trials: batch.trials))
    let outcome = loss.finish(
      sum: total.loss, targets: batch.targets.count, values: readout.count)
    let rates = regularizers.rateTerms(
      counts: total.counts.map(Double.init), samples: batch.samples)
    var gradients = problem.gradients(
      total, factor: Float(outcome.factor), rateAdjoints: rates.adjoints.map { Float($0) })
    let weights = regularizers.addWeightTerms(parameters, to: &gradients)
    let activity = SpikeSummary([total.counts], batch, network)
    return GradientResult(
      loss: outcome.loss + rates.value + weights, gradients: gradients, readout: readout,
      firingRate: activity.firingRate, silentFraction: activity.silentFraction,
      saturatedFraction: activity.saturatedFraction)
  }
}
