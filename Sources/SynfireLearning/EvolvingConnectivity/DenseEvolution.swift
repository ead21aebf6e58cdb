import SynfireCore
import SynfireNetworks

/// An evolution strategy on real weights with antithetic pairs, the baseline of Evolving Connectivity (Wang,
/// Sun, Cheng & Song 2023, 3.7 and `es_dense.py`).
///
/// The training members are n / 2 pairs: member k < n / 2 has theta + sigma noise_k, member n / 2 + k has
/// theta - sigma noise_k; evaluation members have theta. One generation:
///
///     w_k = rank_k / (n - 1) - 1/2                      of all n training members, by fitness
///     g = -(2 / n) sum over pairs (w+ - w-) sigma noise
///     theta <- theta - lr (Adam(g) + decay theta)
///
/// Noise is drawn again for the gradient, which is summed in double precision pair after pair: it is not kept.
public struct DenseEvolution<Network: RealNetwork>: EvolutionRule {
  public let network: Network
  public let population: Population
  public let seed: UInt64
  public let shaping: RankShaping
  /// sigma.
  public let noise: Double
  public var normalizer: ObservationNormalizer?
  private var base: EvolutionBase
  /// theta of all tensors, one after another.
  private var flat: [Float]

  /// - Parameters:
  ///   - noise: 0.3 for spiking networks in the publication, 0.02 for others.
  ///   - optimizer: AdamW with a decay of 0.1 in the publication, at a learning rate of 0.15 for spiking
  ///     networks (the default) and 0.01 for others.
  /// - Throws: `LearningError` for constants out of range, and for training members that are no pairs.
  public init(
    _ network: Network, population: Population, noise: Double = 0.3,
    optimizer: Optimizer = .evolution(learningRate: 0.15), shaping: RankShaping = .stable,
    normalizer: ObservationNormalizer? = nil, seed: UInt64 = 0
  ) throws {
    guard noise > 0, noise.isFinite, optimizer.learningRate.isFinite else {
      throw LearningError(
        "noise of \(noise) or a learning rate of \(optimizer.learningRate) is no number above 0",
        place: "dense evolution", remedy: "Use noise such as 0.3.")
    }
    guard population.trainingMembers % 2 == 0 else {
      throw LearningError(
        "\(population.trainingMembers) members to learn from are no pairs",
        place: "dense evolution", remedy: "Use one member more or less.")
    }
    self.network = network
    self.population = population
    self.seed = seed
    self.shaping = shaping
    self.noise = noise
    self.normalizer = normalizer
    base = EvolutionBase(network, seed: seed, optimizer: optimizer)
    flat = Self.flattened(base.parameters)
  }

  public var generation: Int { base.generation }

  /// theta.
  public var parameters: NamedTensors<Double> { base.parameters }

  public var state: NamedTensors<Double> { base.state(normalizer) }

  public mutating func restore(_ state: NamedTensors<Double>) throws {
    try base.restore(state, &normalizer)
    flat = Self.flattened(base.parameters)
  }

  /// Begins with other weights, such as those of a run before.
  ///
  /// - Throws: `NetworkError` for tensors that do not fit.
  public mutating func setParameters(_ weights: NamedTensors<Double>) throws {
    try network.validate(weights)
    for specification in base.specifications {
      base.parameters[specification.name] = weights[specification.name]
    }
    flat = Self.flattened(base.parameters)
  }

  private static func flattened(_ parameters: NamedTensors<Double>) -> [Float] {
    parameters.pairs.flatMap { $0.tensor.values.map { Float($0) } }
  }

  private var pairs: Int { population.trainingMembers / 2 }

  private func stream(pair: Int) -> RandomStream {
    RandomStream(
      seed: seed, stream: "perturbations", step: UInt64(generation), trial: UInt64(pair))
  }

  /// The noise of a pair of the present generation, for all tensors one after another.
  public func noise(ofPair pair: Int) -> [Float] {
    var stream = stream(pair: pair)
    return stream.normals(flat.count)
  }

  public func load(member: Int, into individual: Network.Individual) {
    guard member < population.trainingMembers else {
      flat.withUnsafeBufferPointer { network.load(weights: $0.baseAddress!, into: individual) }
      return
    }
    let weights = AlignedBuffer<Float>(count: flat.count)
    var stream = stream(pair: member % pairs)
    stream.fillNormal(UnsafeMutableBufferPointer(start: weights.pointer, count: flat.count))
    let scale = Float(member < pairs ? noise : -noise)
    flat.withUnsafeBufferPointer { flat in
      for index in flat.indices {
        weights.pointer[index] = flat[index] + scale * weights.pointer[index]
      }
    }
    withExtendedLifetime(weights) {
      network.load(weights: UnsafePointer(weights.pointer), into: individual)
    }
  }

  public mutating func update(fitness: [Double], on pool: WorkerPool) throws -> GenerationMetrics {
    let gradient = try gradient(fitness: fitness, on: pool)
    let metrics = base.metrics(fitness: fitness, population: population, gradient: gradient)
    learn(gradient)
    return metrics
  }

  /// Moves the weights along a descent gradient and goes to the next generation.
  public mutating func learn(_ gradient: NamedTensors<Double>) {
    base.apply(gradient)
    base.generation += 1
    flat = Self.flattened(base.parameters)
  }

  /// The estimate of the descent gradient by the fitness of all members of the present generation.
  ///
  /// - Throws: `LearningError` for a fitness of another number of members.
  public func gradient(fitness: [Double], on pool: WorkerPool) throws -> NamedTensors<Double> {
    try EvolutionBase.require(fitness, of: population)
    let weights = shaping.weights(Array(fitness[..<population.trainingMembers]))
    let scales = (0..<pairs).map { (weights[$0] - weights[pairs + $0]) * -noise / Double(pairs) }
    let sums = AlignedBuffer<Double>(count: flat.count)
    let (part, count, first) = (4096, flat.count, stream(pair: 0))
    let step = UInt64(generation)
    try pool.run(shards: (count + part - 1) / part) { shard in
      let range = shard * part..<min(count, (shard + 1) * part)
      let noise = AlignedBuffer<Float>(count: range.count)
      let target = sums.pointer + range.lowerBound
      for (pair, scale) in scales.enumerated() where scale != 0 {
        var stream = first.at(step: step, trial: UInt64(pair))
        // Thirty-two numbers a group of words.
        stream.seek(group: UInt64(range.lowerBound / 32))
        stream.fillNormal(UnsafeMutableBufferPointer(start: noise.pointer, count: range.count))
        for index in 0..<range.count { target[index] += scale * Double(noise.pointer[index]) }
      }
    }
    var index = 0
    var result = base.parameters.zeros()
    for name in base.parameters.names {
      result.update(name) { tensor in
        for element in tensor.values.indices {
          tensor.values[element] = sums.pointer[index]
          index += 1
        }
      }
    }
    return result
  }
}

extension Optimizer {
  /// AdamW as in the code of Wang et al. (2023) for real weights, with a decay of 0.1.
  public static func evolution(learningRate: Double, weightDecay: Double = 0.1) -> Optimizer {
    Optimizer(
      .adamW(
        beta1: 0.9, beta2: 0.999, epsilon: 1e-8, convention: .corrected, weightDecay: weightDecay),
      learningRate: learningRate)
  }
}
