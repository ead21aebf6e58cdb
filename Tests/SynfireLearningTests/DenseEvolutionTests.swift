import Foundation
import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

@Suite struct DenseEvolutionTests {
  /// Two numbers as a network.
  private func numbers(_ count: Int = 2) -> EvolvedTensors {
    EvolvedTensors([
      ParameterSpecification(
        name: "theta", axes: ["number"], shape: [count], initialization: .constant(0.5))
    ])
  }

  private func theta(_ values: [Double]) -> NamedTensors<Double> {
    NamedTensors([("theta", Tensor(axes: ["number"], shape: [values.count], values: values))])
  }

  private func rule(
    _ network: EvolvedTensors, _ size: Int, _ evaluation: Int = 0, noise: Double = 0.3,
    optimizer: Optimizer = .evolution(learningRate: 0.15)
  ) throws -> DenseEvolution<EvolvedTensors> {
    try DenseEvolution(
      network, population: Population(size: size, evaluationMembers: evaluation), noise: noise,
      optimizer: optimizer, seed: 5)
  }

  private func close(_ a: [Double], _ b: [Double], _ tolerance: Double) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < tolerance }
  }

  /// -(mean over pairs of (w+ - w-) sigma n), as the publication writes it.
  private func formula(_ noise: [[Double]], _ weights: [Double], sigma: Double) -> [Double] {
    let pairs = noise.count
    return noise[0].indices.map { index in
      -(0..<pairs).reduce(0.0) {
        $0 + (weights[$1] - weights[pairs + $1]) * sigma * noise[$1][index]
      } / Double(pairs)
    }
  }

  @Test func workedExampleOfAStep() throws {
    let weights = RankShaping.stable.weights([5, 1, 2, 4, 0, 3])
    #expect(close(weights, [0.5, -0.3, -0.1, 0.3, -0.5, 0.1], 1e-12))
    let gradient = formula([[1, -0.5], [-0.2, 0.7], [0.4, 0.3]], weights, sigma: 0.3)
    #expect(close(gradient, [-0.008, 0.002], 1e-12))
    var rule = try rule(numbers(), 6)
    try rule.setParameters(theta([0.2, -0.1]))
    rule.learn(theta(gradient))
    #expect(close(rule.parameters["theta"]!.values, [0.346999812500, -0.248499250004], 1e-9))
  }

  @Test func membersArePairsAndTheGradientIsTheFormula() throws {
    let count = 9001
    let rule = try rule(numbers(count), 25, 5)
    let individual = rule.network.makeIndividual()
    func values(_ member: Int) -> [Double] {
      rule.load(member: member, into: individual)
      return individual.tensors["theta"]!.values.map { Double($0) }
    }
    let noise = (0..<10).map { rule.noise(ofPair: $0).map { Double($0) } }
    for pair in [0, 3, 9] {
      #expect(close(values(pair), noise[pair].map { 0.5 + 0.3 * $0 }, 1e-6))
      #expect(close(values(10 + pair), noise[pair].map { 0.5 - 0.3 * $0 }, 1e-6))
    }
    #expect(noise[0] != noise[1])
    for member in 20..<25 { #expect(values(member) == [Double](repeating: 0.5, count: count)) }
    var stream = RandomStream(seed: 1, stream: "fitness")
    let fitness = (0..<25).map { _ in stream.normal() }
    let expected = formula(noise, RankShaping.stable.weights(Array(fitness[..<20])), sigma: 0.3)
    let one = try rule.gradient(fitness: fitness, on: WorkerPool(threads: 1))
    #expect(close(one["theta"]!.values, expected, 1e-12))
    #expect(one == (try rule.gradient(fitness: fitness, on: WorkerPool(threads: 2))))
  }

  private static let distance: @Sendable (Member<EvolvedTensors.Individual>) -> Double = { member in
    let found = member.individual.tensors["theta"]!.values
    return -found.enumerated().reduce(0.0) { $0 + pow(Double($1.element) - Double($1.offset), 2) }
  }

  @Test func findsATarget() throws {
    var rule = try rule(
      numbers(4), 66, 2, noise: 0.1, optimizer: .evolution(learningRate: 0.1, weightDecay: 0))
    let pool = WorkerPool(threads: 2)
    var last = try rule.step(on: pool, fitness: Self.distance)
    #expect(last.evaluationFitness == -9)
    for _ in 0..<80 { last = try rule.step(on: pool, fitness: Self.distance) }
    #expect(last.evaluationFitness! > -0.1)
    #expect(last.density == nil && last.generation == 80)
  }

  @Test func sameBitsAndResume() throws {
    func run(_ threads: Int, _ steps: Int, from state: NamedTensors<Double>? = nil) throws
      -> NamedTensors<Double>
    {
      var rule = try rule(numbers(70), 40, 2)
      if let state { try rule.restore(state) }
      let pool = WorkerPool(threads: threads)
      for _ in 0..<steps { try rule.step(on: pool, fitness: Self.distance) }
      return rule.state
    }
    let whole = try run(1, 4)
    #expect(whole == (try run(2, 4)))
    #expect(whole == (try run(2, 2, from: run(1, 2))))
  }

  /// A spiking network, a recurrent one and a gated one learn to answer with the sign of what they see.
  @Test func networksLearn() throws {
    func learn<Network: RealNetwork>(
      _ network: Network, noise: Double, rate: Double
    ) throws -> (Double, Double) where Network.Individual: Controller {
      var rule = try DenseEvolution(
        network, population: Population(size: 130, evaluationMembers: 2), noise: noise,
        optimizer: .evolution(learningRate: rate), seed: 2)
      let pool = WorkerPool(threads: 2)
      let fitness: [Double] = try (0..<25).map { _ in
        try rule.step(on: pool) { member in
          try (0..<8).reduce(0.0) { sum, step in
            let seen: Double = step / 2 % 2 == 0 ? 1 : -1
            return try sum + member.act([seen])[0] * seen
          }
        }.evaluationFitness!
      }
      return (fitness.first!, fitness.last!)
    }
    let spiking = try learn(
      DenseSpikingNetwork(
        observations: 1, neurons: 24, actions: 1, neuron: ControlNeuron(inputGain: 0.3)),
      noise: 0.3, rate: 0.15)
    let tanh = try learn(
      TanhNetwork(observations: 1, neurons: 12, actions: 1), noise: 0.1, rate: 0.05)
    let gated = try learn(
      GRUNetwork(observations: 1, neurons: 12, actions: 1), noise: 0.1, rate: 0.05)
    for (first, last) in [spiking, tanh, gated] { #expect(last > 5 && last > first) }
  }

  @Test func mistakesAreErrors() throws {
    #expect(throws: LearningError.self) { try self.rule(numbers(), 7) }
    #expect(throws: LearningError.self) {
      try self.rule(numbers(), 6, noise: 0)
    }
    var rule = try self.rule(numbers(), 6)
    #expect(throws: LearningError.self) {
      try rule.update(fitness: [1], on: WorkerPool(threads: 1))
    }
    #expect(throws: NetworkError.self) { try rule.setParameters(theta([1])) }
  }
}
