import SynfireCore
import SynfireNetworks

/// A rule that learns from the fitness of a population: members are loaded, act, and are judged by a number.
///
///     var rule = try EvolvingConnectivity(network, population: Population(size: 272, evaluationMembers: 16))
///     for _ in 0..<20 {
///       let generation = try rule.step(on: pool) { member in
///         ...  // a world; member.act(observation) until it ends
///         return sumOfRewards
///       }
///     }
///
/// Everything that is random is a function of seed, generation and member, and sums are made in an order that
/// does not depend on the number of threads: nor do results.
public protocol EvolutionRule: Sendable {
  associatedtype Network: EvolvableNetwork

  var network: Network { get }
  var population: Population { get }
  var seed: UInt64 { get }
  /// How fitness becomes weights.
  var shaping: RankShaping { get }
  /// Generations that have been learned from.
  var generation: Int { get }
  /// What observations are normalised by; nil where they are not.
  var normalizer: ObservationNormalizer? { get set }

  /// Gives an individual the parameters of a member of the present generation. A function of (seed,
  /// generation, member); an individual can be given the same member again. Any number from
  /// `population.trainingMembers` on is an evaluation member.
  func load(member: Int, into individual: Network.Individual)

  /// Learns from the fitness of all members, the evaluation members' last, and goes to the next generation.
  ///
  /// - Throws: `LearningError` for a fitness of another number of members; nothing has changed then.
  mutating func update(fitness: [Double], on pool: WorkerPool) throws -> GenerationMetrics

  /// What is learned: probabilities, or weights.
  var parameters: NamedTensors<Double> { get }
  /// All that a later step depends on.
  var state: NamedTensors<Double> { get }
  /// Goes on from such a state, to the same bits.
  ///
  /// - Throws: `LearningError` or `NetworkError` for a state that does not fit.
  mutating func restore(_ state: NamedTensors<Double>) throws
}

/// What a generation was like.
public struct GenerationMetrics: Sendable, Equatable {
  /// Counted from 0.
  public var generation: Int
  /// Over the members that were learned from, those without a number left out; NaN if none has one.
  public var meanFitness: Double
  public var bestFitness: Double
  /// Mean over the evaluation members, those without a number left out: of the network that had been learned
  /// before this generation. Nil without any.
  public var evaluationFitness: Double?
  /// Members whose fitness was not a number; they got the worst ranks.
  public var withoutFitness: Int
  /// The mean of all probabilities after the update; nil for real weights.
  public var density: Double?
  /// Of each tensor of probabilities, how many are in each of 40 bins of equal width from 0 to 1 after the update;
  /// empty for real weights.
  public var probabilityCounts: [String: [Double]] = [:]
  /// The L2 norm of the estimated gradient.
  public var gradientNorm: Double
  public var learningRate: Double
}

/// What the members of a generation did.
public struct PopulationOutcome: Sendable, Equatable {
  /// By member; not a number where there was none to be had.
  public var fitness: [Double]
  public var observed: ObservationSums

  public init(fitness: [Double], observed: ObservationSums) {
    self.fitness = fitness
    self.observed = observed
  }
}

extension EvolutionRule {
  /// One generation: finds the fitness of every member and learns from it.
  ///
  /// - Parameter fitness: called once for every member, on several threads at once; more is better. What it
  ///   gives may depend on nothing but the member. The member is in its initial state.
  @discardableResult
  public mutating func step(
    on pool: WorkerPool,
    fitness: @Sendable (Member<Network.Individual>) throws -> Double
  ) throws -> GenerationMetrics {
    try step(on: pool, world: { () }) { _, member in try fitness(member) }
  }

  /// One generation with worlds that are made once for every thread that needs one, and used for member after
  /// member: whatever state a world has must not reach the next member's fitness.
  @discardableResult
  public mutating func step<World>(
    on pool: WorkerPool, world: @Sendable () throws -> World,
    fitness: @Sendable (inout World, Member<Network.Individual>) throws -> Double
  ) throws -> GenerationMetrics {
    let outcome = try evaluate(on: pool, world: world, fitness: fitness)
    return try update(outcome, on: pool)
  }

  /// Learns from what the members did, and lets the normaliser take in what they have seen.
  @discardableResult
  public mutating func update(
    _ outcome: PopulationOutcome, on pool: WorkerPool
  ) throws -> GenerationMetrics {
    let metrics = try update(fitness: outcome.fitness, on: pool)
    normalizer?.update(outcome.observed)
    return metrics
  }

  /// Finds the fitness of every member of the present generation, or of some, without learning.
  ///
  /// - Parameter members: all unless said otherwise; the fitness of others is not a number.
  /// - Throws: `LearningError` for a normaliser of other observations than the network's, and what the
  ///   closures throw.
  public func evaluate<World>(
    members: Range<Int>? = nil, on pool: WorkerPool, world: @Sendable () throws -> World,
    fitness: @Sendable (inout World, Member<Network.Individual>) throws -> Double
  ) throws -> PopulationOutcome {
    let shards = population.shards
    let wanted = members ?? 0..<population.size
    let places = Places<(World, Member<Network.Individual>)>()
    let found = AlignedBuffer<Double>(count: population.size)
    found.pointer.update(repeating: .nan, count: population.size)
    let sums = Sums(shards: shards)
    try pool.run(shards: shards) { shard in
      let range = population.members(ofShard: shard).clamped(to: wanted)
      guard !range.isEmpty else { return }
      var place =
        try places.take()
        ?? (
          world(), try Member(network.makeIndividual(), seed: seed, normalizer: normalizer)
        )
      for index in range {
        let member = place.1
        member.begin(
          index: index, generation: generation, isEvaluation: index >= population.trainingMembers)
        load(member: index, into: member.individual)
        var randomness = initialRandomness(member: index)
        network.reset(member.individual, &randomness)
        found.pointer[index] = try fitness(&place.0, member)
        member.finish()
      }
      sums[shard] = place.1.takeObserved()
      places.give(place)
    }
    var observed = ObservationSums(observations: normalizer?.observations ?? 0)
    for shard in 0..<shards { sums[shard].map { observed.add($0) } }
    return PopulationOutcome(
      fitness: Array(UnsafeBufferPointer(start: found.pointer, count: population.size)),
      observed: observed)
  }

  /// Gives an individual what has been learned so far, without chance.
  public func loadLearned(into individual: Network.Individual) {
    load(member: population.trainingMembers, into: individual)
  }

  /// What the initial state of a member is drawn from.
  public func initialRandomness(member: Int) -> RandomStream {
    RandomStream(
      seed: seed, stream: "initial state", step: UInt64(generation), trial: UInt64(member))
  }
}
