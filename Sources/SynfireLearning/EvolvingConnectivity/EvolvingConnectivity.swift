import SynfireCore
import SynfireNetworks

/// Evolving Connectivity: natural evolution on the probabilities of connections (Wang, Sun, Cheng & Song 2023,
/// section 3 and `ec.py`).
///
/// Connections theta_i are there with probability rho_i, independently; J(rho) = E[F(theta)] is to grow. Of the
/// score (theta_i - rho_i) / (rho_i (1 - rho_i)), the Fisher information cancels the divisor. One generation:
///
///     theta of training member k: 1 where U < rho          no antithetic pairs
///     theta of evaluation members: 1 where rho > 0.5
///     w_k = rank_k / (n - 1) - 1/2                         of the n training members, by fitness
///     g = -(1 / n) sum_k w_k (theta_k - rho)               the term of rho is 0, as the sum of w is
///     rho <- rho + Adam(g); rho <- clip(rho, epsilon, 1 - epsilon)
///
/// The sum of (2 rank_k - (n - 1)) theta_k is made in exact integers, theta being drawn again for it: neither
/// bits nor noise of a population are kept. Deviations from the code: probabilities are in double precision.
public struct EvolvingConnectivity<Network: BinaryNetwork>: EvolutionRule {
  public let network: Network
  public let population: Population
  public let seed: UInt64
  public let shaping: RankShaping
  /// epsilon: probabilities stay from epsilon to 1 - epsilon.
  public let exploration: Double
  /// lambda: rho decays by lambda rho times the learning rate; 0 for none.
  public let sparsityDecay: Double
  public var normalizer: ObservationNormalizer?
  private var base: EvolutionBase
  private var sampler: ConnectionSampler

  /// - Parameters:
  ///   - network: whose parameters are probabilities; they start as it says.
  ///   - optimizer: Adam at a learning rate of 0.15, as in the code. Plain ascent is gradient descent without
  ///     momentum; it hardly moves in large populations, whose gradient is small.
  ///   - exploration: 0.001, as in the code.
  ///   - normalizer: for observations; none unless given.
  /// - Throws: `LearningError` for constants out of range.
  public init(
    _ network: Network, population: Population, optimizer: Optimizer = .adam(learningRate: 0.15),
    exploration: Double = 0.001, sparsityDecay: Double = 0, shaping: RankShaping = .stable,
    normalizer: ObservationNormalizer? = nil, seed: UInt64 = 0
  ) throws {
    guard exploration >= 0, exploration < 0.5 else {
      throw LearningError(
        "an exploration probability of \(exploration) is not from 0 to 0.5",
        place: "evolving connectivity", remedy: "Use a small one, such as 0.001.")
    }
    guard optimizer.learningRate.isFinite, sparsityDecay >= 0, sparsityDecay.isFinite else {
      throw LearningError(
        "a learning rate of \(optimizer.learningRate) or a sparsity decay of \(sparsityDecay) is not "
          + "a number from 0 on", place: "evolving connectivity")
    }
    self.network = network
    self.population = population
    self.seed = seed
    self.shaping = shaping
    self.exploration = exploration
    self.sparsityDecay = sparsityDecay
    self.normalizer = normalizer
    base = EvolutionBase(network, seed: seed, optimizer: optimizer)
    sampler = ConnectionSampler(base.parameters, network.layout)
  }

  public var generation: Int { base.generation }

  /// The probabilities of all connections.
  public var parameters: NamedTensors<Double> { base.parameters }

  public var state: NamedTensors<Double> { base.state(normalizer) }

  public mutating func restore(_ state: NamedTensors<Double>) throws {
    try base.restore(state, &normalizer)
    sampler = ConnectionSampler(base.parameters, network.layout)
  }

  /// Begins with other probabilities, such as those of a run before.
  ///
  /// - Throws: `NetworkError` for tensors that do not fit, `LearningError` for numbers that are no
  ///   probabilities.
  public mutating func setParameters(_ probabilities: NamedTensors<Double>) throws {
    try network.validate(probabilities)
    for (name, tensor) in probabilities.pairs {
      guard tensor.values.allSatisfy({ (0...1).contains($0) }) else {
        throw LearningError("\(name) has numbers that are no probabilities", place: name)
      }
    }
    for specification in base.specifications {
      base.parameters[specification.name] = probabilities[specification.name]
    }
    sampler = ConnectionSampler(base.parameters, network.layout)
  }

  public func load(member: Int, into individual: Network.Individual) {
    withConnections(of: member) { network.load(connections: $0, into: individual) }
  }

  /// The connections of a member of the present generation, as tensors of zeros and ones.
  public func connections(of member: Int) -> NamedTensors<Float> {
    withConnections(of: member) { network.layout.tensors($0) }
  }

  private func withConnections<Result>(
    of member: Int, _ body: (UnsafePointer<UInt64>) -> Result
  ) -> Result {
    guard member < population.trainingMembers else { return body(sampler.likely.pointer) }
    let words = AlignedBuffer<UInt64>(count: network.layout.words)
    sampler.draw(stream(member), into: words.pointer)
    return withExtendedLifetime(words) { body(words.pointer) }
  }

  private func stream(_ member: Int) -> RandomStream {
    RandomStream(
      seed: seed, stream: "connections", step: UInt64(generation), trial: UInt64(member))
  }

  public mutating func update(fitness: [Double], on pool: WorkerPool) throws -> GenerationMetrics {
    let gradient = try gradient(fitness: fitness, on: pool)
    var metrics = base.metrics(fitness: fitness, population: population, gradient: gradient)
    learn(gradient)
    metrics.density = density
    metrics.probabilityCounts = probabilityCounts
    return metrics
  }

  /// The estimate of the descent gradient by the fitness of all members of the present generation.
  ///
  /// - Throws: `LearningError` for a fitness of another number of members.
  public func gradient(
    fitness: [Double], on pool: WorkerPool
  ) throws -> NamedTensors<Double> {
    try EvolutionBase.require(fitness, of: population)
    let count = population.trainingMembers
    let ranks = shaping.doubledRanks(Array(fitness[..<count]))
    let first = stream(0)
    let generation = UInt64(generation)
    let sums = try sampler.sums(
      weights: ranks, streams: { first.at(step: generation, trial: UInt64($0)) }, on: pool)
    // w = (2 rank - (n - 1)) / (2 (n - 1))
    let scale = -1 / (2 * Double(count) * Double(count - 1))
    return network.layout.gather { scale * Double(sums.pointer[Int($0)]) }
  }

  /// Moves the probabilities along a descent gradient and goes to the next generation.
  public mutating func learn(_ gradient: NamedTensors<Double>) {
    let before = base.parameters
    base.apply(gradient)
    let decay = sparsityDecay * base.optimizer.learningRate(update: base.generation)
    for (name, old) in before.pairs {
      base.parameters.update(name) { [exploration] tensor in
        for index in tensor.values.indices {
          let moved = tensor.values[index] - decay * old.values[index]
          tensor.values[index] = min(1 - exploration, max(exploration, moved))
        }
      }
    }
    base.generation += 1
    sampler = ConnectionSampler(base.parameters, network.layout)
  }

  /// The mean of all probabilities.
  public var density: Double {
    let sum = base.parameters.pairs.reduce(0.0) { $1.tensor.values.reduce($0, +) }
    return sum / Double(max(1, base.parameters.count))
  }

  /// Bins from 0 to 1 that probabilities are counted in.
  public static var probabilityBins: Int { 40 }

  /// How many probabilities of each tensor are in each of the bins, of which 1 is in the last.
  public var probabilityCounts: [String: [Double]] {
    let bins = Self.probabilityBins
    return base.parameters.pairs.reduce(into: [:]) { result, pair in
      var counts = [Double](repeating: 0, count: bins)
      for probability in pair.tensor.values {
        counts[min(bins - 1, Int(probability * Double(bins)))] += 1
      }
      result[pair.name] = counts
    }
  }
}
