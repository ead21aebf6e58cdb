import Synfire

/// A population of networks of single bits in closed loop (Wang et al. 2023), without a world: what
/// `Benchmarks/rivals/evolving.py` times as well.
///
/// Every member has connections of its own, half of them there; observations are normal numbers, others at
/// each step of the environment.
public final class EvolvedPopulation {
  public let network: BernoulliNetwork
  public let members: [BernoulliController]
  private let connections: [NamedTensors<Float>]
  private let pool: WorkerPool
  private let observations: AlignedBuffer<Float>
  private let actions: AlignedBuffer<Float>
  private var steps: UInt64 = 0
  private static let seed: UInt64 = 1
  /// Members that a thread takes at a time.
  private static let together = 8

  /// - Parameter keepsConnections: whether an example will be asked for.
  public init(
    population: Int, observations: Int, neurons: Int, actions: Int, threads: Int,
    keepsConnections: Bool
  ) throws {
    let network = try BernoulliNetwork(
      observations: observations, neurons: neurons, actions: actions, actionRange: nil)
    let rule = try EvolvingConnectivity(
      network, population: Population(size: population), seed: Self.seed)
    self.network = network
    members = (0..<population).map { index in
      let member = network.makeIndividual()
      rule.load(member: index, into: member)
      var randomness = rule.initialRandomness(member: index)
      network.reset(member, &randomness)
      return member
    }
    connections = keepsConnections ? (0..<population).map { rule.connections(of: $0) } : []
    pool = WorkerPool(threads: threads)
    self.observations = AlignedBuffer(count: population * observations)
    self.actions = AlignedBuffer(count: population * paddedToLanes(actions))
  }

  /// One step of the environment for every member; returns the firing rate in Hz.
  public func step() throws -> Double {
    var stream = RandomStream(seed: Self.seed, stream: "observations", step: steps)
    stream.fillNormal(
      UnsafeMutableBufferPointer(start: observations.pointer, count: observations.count))
    steps += 1
    let (members, together) = (members, Self.together)
    let (inputs, answers, stride) = (observations, actions, paddedToLanes(network.actions))
    try pool.run(shards: (members.count + together - 1) / together) { shard in
      for index in shard * together..<min(members.count, (shard + 1) * together) {
        let member = members[index]
        member.step(
          inputs.pointer + index * member.observations, into: answers.pointer + index * stride)
      }
    }
    let spikes = members[0].spikes.reduce(0) { $0 + $1.nonzeroBitCount }
    return Double(spikes) / (network.neuron.stepDuration * Double(network.neurons))
  }

  /// Connections [member, postsynaptic, presynaptic], initial potentials [member, neuron], observations
  /// [step, member, observation] and, under `expected`, what the members answer [step, member, action].
  public func example(steps: Int) throws -> NamedTensors<Float> {
    let (count, neurons) = (members.count, network.neurons)
    var result = NamedTensors<Float>()
    for name in connections[0].names {
      let tensor = connections[0][name]!
      result[name] = Tensor(
        axes: ["member"] + tensor.axes, shape: [count] + tensor.shape,
        values: connections.flatMap { $0[name]!.values })
    }
    result["potentials"] = Tensor(
      axes: ["member", "neuron"], shape: [count, neurons],
      values: members.flatMap { $0.state.potentials })
    var (seen, answers): ([Float], [Float]) = ([], [])
    for _ in 0..<steps {
      _ = try step()
      seen += UnsafeBufferPointer(start: observations.pointer, count: observations.count)
      for index in 0..<count {
        answers += UnsafeBufferPointer(
          start: actions.pointer + index * paddedToLanes(network.actions), count: network.actions)
      }
    }
    result["observations"] = Tensor(
      axes: ["step", "member", "observation"], shape: [steps, count, network.observations],
      values: seen)
    result["expected"] = Tensor(
      axes: ["step", "member", "action"], shape: [steps, count, network.actions], values: answers)
    return result
  }
}

/// Generations of evolution of networks that act on numbers without a world: single bits, or real weights of the
/// same neurons or of gated units.
public struct EvolvedGeneration {
  private var advance: (WorkerPool) throws -> GenerationMetrics
  private let pool: WorkerPool

  public enum Kind: String {
    case bits, weights, gated
  }

  /// - Parameter steps: of the environment that every member acts for.
  public init(
    _ kind: Kind, population: Int, observations: Int, neurons: Int, actions: Int, steps: Int,
    threads: Int
  ) throws {
    pool = WorkerPool(threads: threads)
    let population = try Population(size: population)
    func generations<Rule: EvolutionRule>(
      _ rule: Rule
    ) -> (WorkerPool) throws -> GenerationMetrics where Rule.Network.Individual: Controller {
      var rule = rule
      return { pool in
        try rule.step(on: pool, world: { Worldless(observations, actions) }) { world, member in
          var stream = member.randomness("observations")
          var total = 0.0
          for _ in 0..<steps {
            stream.fillNormal(world.seen)
            for index in 0..<observations { world.observation[index] = Double(world.seen[index]) }
            member.act(world.observation.baseAddress!, into: world.action.baseAddress!)
            total += world.action[0]
          }
          return total
        }
      }
    }
    switch kind {
    case .bits:
      let network = try BernoulliNetwork(
        observations: observations, neurons: neurons, actions: actions)
      advance = generations(try EvolvingConnectivity(network, population: population))
    case .weights:
      let network = try DenseSpikingNetwork(
        observations: observations, neurons: neurons, actions: actions)
      advance = generations(try DenseEvolution(network, population: population))
    case .gated:
      let network = try GRUNetwork(observations: observations, neurons: neurons, actions: actions)
      advance = generations(
        try DenseEvolution(
          network, population: population, noise: 0.02,
          optimizer: .evolution(learningRate: 0.01)))
    }
  }

  public mutating func step() throws -> GenerationMetrics { try advance(pool) }
}

/// Buffers of a member's observations and actions.
private final class Worldless: @unchecked Sendable {
  let seen: UnsafeMutableBufferPointer<Float>
  let observation: UnsafeMutableBufferPointer<Double>
  let action: UnsafeMutableBufferPointer<Double>

  init(_ observations: Int, _ actions: Int) {
    seen = .allocate(capacity: observations)
    observation = .allocate(capacity: observations)
    action = .allocate(capacity: actions)
  }

  deinit {
    seen.deallocate()
    observation.deallocate()
    action.deallocate()
  }
}
