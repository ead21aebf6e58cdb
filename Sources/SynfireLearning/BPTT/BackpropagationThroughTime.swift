import SynfireCore
import SynfireNetworks

/// Back-propagation through time with surrogate derivatives (Neftci, Mostafa & Zenke 2019), over the
/// whole sequence.
///
/// A batch is split into a fixed number of shards of trials, each worked through in blocks that run
/// forward and back while their tape is in the caches. Sums are added in the order of the shards, so
/// that results are the same bits for any number of threads.
public struct BackpropagationThroughTime: GradientRule {
  public let network: Network
  public let loss: Loss
  public let regularizers: [Regularizer]
  public let optimizer: Optimizer
  /// The largest global L2 norm that a gradient is allowed; nil for no limit.
  public let clipNorm: Double?
  /// Moves connections after every update; nil for none.
  public let rewiring: DeepRewiring?

  public var parameters: NamedTensors<Float>
  public var state: NamedTensors<Float>
  public var updates = 0
  private let engine: BatchEngine
  private let trainable: [String]

  /// - Parameter sweepMemory: most bytes of the states and tapes of all workers; long sequences are cut
  ///   into segments, which are run forward again, so that they fit. Nil for half of the machine's memory.
  /// - Throws: `NetworkError` listing the parameters that do not fit the network.
  public init(
    network: Network, parameters: NamedTensors<Float>, loss: Loss,
    regularizers: [Regularizer] = [], optimizer: Optimizer, clipNorm: Double? = nil,
    rewiring: DeepRewiring? = nil, threads: Int, sweepMemory: Int? = nil
  ) throws {
    try network.validate(parameters)
    try rewiring?.validate(parameters, outputs: network.readout.outputs)
    self.network = network
    self.loss = loss
    self.regularizers = regularizers
    self.optimizer = optimizer
    self.clipNorm = clipNorm
    self.rewiring = rewiring
    self.parameters = parameters
    state = optimizer.initialState(parameters)
    engine = BatchEngine(
      network, threads: threads, sweepsAhead: regularizers.needsRates, sweepMemory: sweepMemory)
    trainable = network.parameterSpecifications.filter(\.isTrainable).map(\.name)
  }

  public mutating func step(_ batch: TrialBatch) throws -> StepMetrics {
    try update(by: gradient(batch), of: batch)
  }

  public mutating func step(
    _ batch: TrialBatch, from state: NetworkState<Float>?
  ) throws -> (metrics: StepMetrics, state: NetworkState<Float>) {
    let result = try gradient(batch, from: start(state, batch))
    return (try update(by: result, of: batch), result.state!)
  }

  /// The state itself, or that of rest.
  private func start(
    _ state: NetworkState<Float>?, _ batch: TrialBatch
  ) throws -> NetworkState<Float> {
    try state ?? network.stateAtRest(trials: batch.trials)
  }

  private mutating func update(
    by result: GradientResult, of batch: TrialBatch
  ) throws -> StepMetrics {
    let norm = result.gradients.globalNorm(trainable)
    guard norm.isFinite else {
      throw engine.diagnose(batch, parameters, update: updates)
    }
    let scale = clipNorm.map { norm > $0 ? $0 / norm : 1 } ?? 1
    let rate = optimizer.learningRate(update: updates)
    let before = rewiring.map { _ in parameters }
    optimizer.apply(
      result.gradients, scale: scale, update: updates, trainable: trainable, to: &parameters,
      &state)
    if let rewiring, let before {
      rewiring.apply(to: &parameters, before: before, learningRate: rate, update: updates)
    }
    updates += 1
    return StepMetrics(
      loss: result.loss, gradientNorm: norm, learningRate: rate, firingRate: result.firingRate,
      silentFraction: result.silentFraction, saturatedFraction: result.saturatedFraction)
  }

  /// The loss with its regularizers and the gradient of every tensor.
  ///
  /// - Parameter start: what the trials go on from; the gradient does not reach back through it. Nil for
  ///   rest, without a state handed out.
  /// - Throws: `LearningError` when targets do not fit, or when the loss is not finite; `NetworkError` for
  ///   a state that does not fit.
  public func gradient(
    _ batch: TrialBatch, from start: NetworkState<Float>?
  ) throws -> GradientResult {
    var result = try engine.gradient(
      batch,
      engine.pack(
        parameters, for: batch.inputs, isPlain: start == nil && batch.lengths == nil),
      loss: loss, regularizers: regularizers, from: start)
    result.loss += regularizers.addWeightTerms(parameters, to: &result.gradients)
    guard result.loss.isFinite else {
      throw engine.diagnose(batch, parameters, update: updates)
    }
    return result
  }

  public func gradient(_ batch: TrialBatch) throws -> GradientResult {
    try gradient(batch, from: nil)
  }

  public func evaluate(_ batch: TrialBatch) throws -> Evaluation {
    try engine.evaluate(
      batch, engine.pack(parameters, for: batch.inputs, isPlain: batch.lengths == nil), loss: loss
    ).0
  }

  public func evaluate(
    _ batch: TrialBatch, from state: NetworkState<Float>?
  ) throws -> (evaluation: Evaluation, state: NetworkState<Float>) {
    let (evaluation, end) = try engine.evaluate(
      batch, engine.pack(parameters, for: batch.inputs, isPlain: false), loss: loss,
      from: start(state, batch))
    return (evaluation, end!)
  }
}

extension NamedTensors {
  /// The L2 norm over all elements of the named tensors.
  public func globalNorm(_ names: [String]) -> Double {
    var sum = 0.0
    for name in names {
      guard let tensor = self[name] else { continue }
      tensor.values.withUnsafeBufferPointer { values in
        // Eight partial sums: the order is fixed, and the loop vectorises.
        var partial = SIMD8<Double>.zero
        for start in stride(from: 0, to: values.count & ~7, by: 8) {
          for lane in 0..<8 {
            let value = Double(values[start + lane])
            partial[lane] += value * value
          }
        }
        for index in (values.count & ~7)..<values.count {
          partial[0] += Double(values[index]) * Double(values[index])
        }
        sum += partial.sum()
      }
    }
    return sum.squareRoot()
  }
}
