import SynfireCore
import SynfireNetworks

/// What one update says about itself.
public struct StepMetrics: Sendable, Equatable {
  /// The loss before the update.
  public var loss: Double
  /// The global L2 norm of the gradient before clipping.
  public var gradientNorm: Double
  public var learningRate: Double
  /// Mean over neurons and trials, in Hz; 0 for rate networks.
  public var firingRate: Double
  /// Share of neurons without a spike in the whole batch.
  public var silentFraction: Double
  /// Share of neurons that spike in more than half of all steps.
  public var saturatedFraction: Double
  /// What else the rule has to say, by the name of the metric.
  public var others: [String: Double] = [:]
  /// Of rules that learn probabilities, how they are distributed after the update: by the name of the tensor, how
  /// many of its elements are in each of the bins of equal width from 0 to 1.
  public var probabilityCounts: [String: [Double]] = [:]

  public init(
    loss: Double, gradientNorm: Double, learningRate: Double, firingRate: Double,
    silentFraction: Double, saturatedFraction: Double
  ) {
    self.loss = loss
    self.gradientNorm = gradientNorm
    self.learningRate = learningRate
    self.firingRate = firingRate
    self.silentFraction = silentFraction
    self.saturatedFraction = saturatedFraction
  }
}

/// A way to change parameters by trials. The loop that calls it knows no more than this.
public protocol LearningRule: Sendable {
  /// One update.
  ///
  /// - Throws: `LearningError` when the batch does not fit, or when a number is not finite (layer, step
  ///   and neuron are named); parameters are then as before.
  mutating func step(_ batch: TrialBatch) throws -> StepMetrics

  /// The readout and loss of a batch, without an update.
  func evaluate(_ batch: TrialBatch) throws -> Evaluation

  /// One update on trials that go on from a state, and the state that they end in; what came before the
  /// batch is not learned from. Nil stands for rest.
  ///
  /// - Throws: also `NetworkError` for a state that does not fit, and `LearningError` by a rule that
  ///   starts each trial at rest.
  mutating func step(
    _ batch: TrialBatch, from state: NetworkState<Float>?
  ) throws -> (metrics: StepMetrics, state: NetworkState<Float>)

  /// The readout and loss of trials that go on from a state, and the state that they end in.
  func evaluate(
    _ batch: TrialBatch, from state: NetworkState<Float>?
  ) throws -> (evaluation: Evaluation, state: NetworkState<Float>)

  var parameters: NamedTensors<Float> { get set }
  /// What a checkpoint must hold beside the parameters, such as optimizer moments.
  var state: NamedTensors<Float> { get set }
  /// The part of that state which needs double precision; none by default.
  var preciseState: NamedTensors<Double> { get throws }
  /// Goes on from such a state, after the parameters were set.
  mutating func restore(preciseState: NamedTensors<Double>) throws
  /// Updates made so far.
  var updates: Int { get set }
}

/// A learning rule that goes along a gradient, exact or estimated.
public protocol GradientRule: LearningRule {
  /// The loss with its regularizers and the gradient of every tensor, before clipping.
  ///
  /// - Throws: `LearningError` when targets do not fit, or when the loss is not finite.
  func gradient(_ batch: TrialBatch) throws -> GradientResult
}

/// A loss, its gradient, and what the network did.
public struct GradientResult: Sendable {
  public var loss: Double
  public var gradients: NamedTensors<Float>
  /// [time, trial, output] or [trial, output].
  public var readout: Tensor<Float>
  /// Mean over neurons and trials, in Hz.
  public var firingRate: Double
  public var silentFraction: Double
  public var saturatedFraction: Double
  /// What the trials ended in, if they went on from a state.
  public var state: NetworkState<Float>?
}

extension LearningRule {
  public var preciseState: NamedTensors<Double> { NamedTensors() }

  public mutating func restore(preciseState: NamedTensors<Double>) throws {}

  public mutating func step(
    _ batch: TrialBatch, from state: NetworkState<Float>?
  ) throws -> (metrics: StepMetrics, state: NetworkState<Float>) { throw Self.restOnly }

  public func evaluate(
    _ batch: TrialBatch, from state: NetworkState<Float>?
  ) throws -> (evaluation: Evaluation, state: NetworkState<Float>) { throw Self.restOnly }

  private static var restOnly: LearningError {
    LearningError(
      "this rule starts each trial at rest", place: "\(Self.self)",
      remedy: "Use back-propagation through time, or do not carry states.")
  }
}

/// The outcome of a forward run.
public struct Evaluation: Sendable {
  public var loss: Double
  /// [trial, output], or [time, trial, output] when the readout is read at every step.
  public var readout: Tensor<Float>
  /// Mean over neurons and trials, in Hz; 0 for rate networks, not a number where nobody counts spikes.
  public var firingRate: Double

  public init(loss: Double, readout: Tensor<Float>, firingRate: Double) {
    self.loss = loss
    self.readout = readout
    self.firingRate = firingRate
  }
}
