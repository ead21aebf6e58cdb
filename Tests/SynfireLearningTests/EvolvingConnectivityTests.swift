import Foundation
import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

@Suite struct EvolvingConnectivityTests {
  /// A network of bits without neurons: an individual is its connections.
  struct Bits: BinaryNetwork {
    let layout: BitLayout

    init(_ counts: [Int], probability: Double = 0.5) {
      layout = BitLayout(
        tensors: counts.enumerated().map { index, count in
          ParameterSpecification(
            name: "bits\(index)", axes: ["bit"], shape: [count],
            initialization: .constant(probability))
        })
    }

    final class Individual: @unchecked Sendable { var bits: [Float] = [] }

    var parameterSpecifications: [ParameterSpecification] { layout.tensors }

    func makeIndividual() -> Individual { Individual() }

    func reset(_ individual: Individual, _ randomness: inout RandomStream) {}

    func load(connections: UnsafePointer<UInt64>, into individual: Individual) {
      individual.bits = layout.tensors(connections).pairs.flatMap(\.tensor.values)
    }
  }

  private func values(_ tensors: NamedTensors<Double>) -> [Double] {
    tensors.pairs.flatMap(\.tensor.values)
  }

  private func rule(
    _ network: Bits, _ size: Int, _ evaluation: Int = 0, shaping: RankShaping = .stable,
    seed: UInt64 = 3, optimizer: Optimizer = .adam(learningRate: 0.15), decay: Double = 0
  ) throws -> EvolvingConnectivity<Bits> {
    try EvolvingConnectivity(
      network, population: Population(size: size, evaluationMembers: evaluation),
      optimizer: optimizer, sparsityDecay: decay, shaping: shaping, seed: seed)
  }

  private func probabilities(_ values: [Double]) -> NamedTensors<Double> {
    NamedTensors([("bits0", Tensor(axes: ["bit"], shape: [values.count], values: values))])
  }

  private func close(_ a: [Double], _ b: [Double], _ tolerance: Double) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < tolerance }
  }

  /// -(1 / n) sum w (theta - rho), as the publication writes it.
  private func formula(
    _ connections: [[Double]], _ weights: [Double], _ rho: [Double]
  ) -> [Double] {
    rho.indices.map { index in
      -zip(connections, weights).reduce(0.0) { $0 + $1.1 * ($1.0[index] - rho[index]) }
        / Double(weights.count)
    }
  }

  @Test func workedExampleOfAPopulation() throws {
    let rho = [0.5, 0.5, 0.3, 0.8]
    let fitness = [12, 3.5, 7.25, 3.5, 20, -1]
    #expect(RankShaping.stable.doubledRanks(fitness).map { ($0 + 5) / 2 } == [4, 1, 3, 2, 5, 0])
    let weights = RankShaping.stable.weights(fitness)
    #expect(close(weights, [0.3, -0.3, 0.1, -0.1, 0.5, -0.5], 1e-12))
    let uniforms = [
      [0.10, 0.70, 0.25, 0.90], [0.60, 0.20, 0.35, 0.10], [0.49, 0.51, 0.05, 0.79],
      [0.95, 0.45, 0.80, 0.30], [0.30, 0.05, 0.29, 0.85], [0.55, 0.65, 0.95, 0.40],
    ]
    let connections = uniforms.map { zip($0, rho).map { $0 < $1 ? 1.0 : 0 } }
    let gradient = formula(connections, weights, rho)
    #expect(close(gradient, [-0.15, -0.016666666667, -0.15, 0.133333333333], 1e-9))

    var adam = try rule(Bits([4]), 6)
    try adam.setParameters(probabilities(rho))
    adam.learn(probabilities(gradient))
    #expect(
      close(values(adam.parameters), [0.64999999, 0.64999991, 0.44999999, 0.65000001125], 1e-9))
    adam.learn(probabilities([0.01, -0.02, 0, 0.03]))
    #expect(
      close(
        values(adam.parameters),
        [0.742857300742, 0.800091795658, 0.550508718642, 0.527431348025], 1e-9))
    #expect(adam.connections(of: 6)["bits0"]!.values == [1, 1, 1, 1])

    var plain = try rule(
      Bits([4]), 6, optimizer: Optimizer(.gradientDescent(momentum: 0), learningRate: 0.15))
    try plain.setParameters(probabilities(rho))
    plain.learn(probabilities(gradient))
    #expect(close(values(plain.parameters), [0.5225, 0.5025, 0.3225, 0.78], 1e-9))
  }

  /// The sum in integers, of bits that are drawn anew, is the formula on the bits that members had.
  @Test(arguments: RankShaping.allCases)
  func gradientIsTheFormula(_ shaping: RankShaping) throws {
    var rule = try rule(Bits([5, 1500, 700]), 41, 4, shaping: shaping)
    var stream = RandomStream(seed: 8, stream: "fitness")
    let start = NamedTensors<Double>(
      rule.parameters.pairs.map { name, tensor in
        var tensor = tensor
        for index in tensor.values.indices { tensor.values[index] = stream.uniform() }
        return (name, tensor)
      })
    try rule.setParameters(start)
    let pool = WorkerPool(threads: 2)
    for _ in 0..<2 {
      // With equal numbers among them.
      let fitness = (0..<41).map { _ in Double(stream.integer(below: 9)) }
      let connections = (0..<37).map { member in
        rule.connections(of: member).pairs.flatMap { $0.tensor.values.map { Double($0) } }
      }
      let weights = shaping.weights(Array(fitness[..<37]))
      #expect(abs(weights.reduce(0, +)) < 1e-12)
      let expected = formula(connections, weights, values(rule.parameters))
      let found = values(try rule.gradient(fitness: fitness, on: pool))
      #expect(close(found, expected, 1e-12))
      #expect(found.contains { abs($0) > 1e-3 })
      _ = try rule.update(fitness: fitness, on: pool)
    }
  }

  @Test func ranks() {
    let fitness: [Double] = [2, .nan, 7, 2, -.infinity, 2]
    #expect(RankShaping.stable.doubledRanks(fitness) == [-1, -5, 5, 1, -3, 3])
    #expect(RankShaping.average.doubledRanks(fitness) == [1, -5, 5, 1, -3, 1])
    for shaping in RankShaping.allCases {
      #expect(shaping.doubledRanks(fitness).reduce(0, +) == 0)
    }
  }

  /// As often as its probability says, never and always at the ends, and others for every member.
  @Test func connectionsAreAsProbableAsTheyShouldBe() throws {
    let probabilities = [0, 0x1p-33, 0.001, 0.1, 0.3, 0.5, 0.75, 0.999, 1]
    let repeats = 2000
    var rule = try rule(Bits([probabilities.count * repeats]), 30)
    let all = (0..<probabilities.count * repeats).map { probabilities[$0 / repeats] }
    try rule.setParameters(self.probabilities(all))
    var counts = [Double](repeating: 0, count: probabilities.count)
    var drawn = Set<[Float]>()
    for member in 0..<30 {
      let bits = rule.connections(of: member)["bits0"]!.values
      drawn.insert(bits)
      for (index, bit) in bits.enumerated() { counts[index / repeats] += Double(bit) }
    }
    #expect(drawn.count == 30)
    let total = Double(30 * repeats)
    for (probability, count) in zip(probabilities, counts) {
      let deviation = (total * probability * (1 - probability)).squareRoot()
      #expect(abs(count - total * probability) <= 4 * deviation)
    }
    #expect(counts[0] == 0 && counts[1] == 0 && counts[8] == total)
    // Neighbouring members and places are not correlated.
    let (a, b) = (rule.connections(of: 0), rule.connections(of: 1))
    let half = (5 * repeats)..<(6 * repeats)
    let (x, y) = (Array(a["bits0"]!.values[half]), Array(b["bits0"]!.values[half]))
    let agreements = zip(x, y).count { $0 == $1 }
    #expect(abs(agreements - repeats / 2) < 4 * Int((Double(repeats) / 4).squareRoot()))
    let turns = zip(x, x.dropFirst()).count { $0 == $1 }
    #expect(abs(turns - repeats / 2) < 4 * Int((Double(repeats) / 4).squareRoot()))
  }

  @Test func evaluationMembersHaveTheLikelyConnections() throws {
    var rule = try rule(Bits([3]), 8, 3)
    #expect(rule.connections(of: 7)["bits0"]!.values == [0, 0, 0])
    try rule.setParameters(probabilities([0.51, 0.5, 0.49]))
    for member in 5..<8 { #expect(rule.connections(of: member)["bits0"]!.values == [1, 0, 0]) }
  }

  @Test func probabilitiesAreCounted() throws {
    var rule = try rule(Bits([6]), 8)
    try rule.setParameters(probabilities([0, 0.024, 0.025, 0.5, 0.999, 1]))
    var counts = [Double](repeating: 0, count: 40)
    (counts[0], counts[1], counts[20], counts[39]) = (2, 1, 1, 2)
    #expect(rule.probabilityCounts == ["bits0": counts])
    let metrics = try rule.step(on: WorkerPool(threads: 1)) { _ in 0 }
    #expect(metrics.probabilityCounts == rule.probabilityCounts)
    #expect(metrics.probabilityCounts["bits0"]?.reduce(0, +) == 6)
  }

  private static let pattern: [Float] = (0..<300).map { $0 % 3 == 0 ? 1 : 0 }

  private static let matches: @Sendable (Member<Bits.Individual>) -> Double = { member in
    Double(zip(member.individual.bits, pattern).count { $0 == $1 })
  }

  /// A pattern of bits is found from the number of bits that are right.
  @Test func findsAPattern() throws {
    var rule = try rule(Bits([300]), 202, 2)
    let pool = WorkerPool(threads: 2)
    let first = try rule.step(on: pool, fitness: Self.matches)
    #expect(first.evaluationFitness == 200)
    #expect((130..<170).contains(first.meanFitness))
    var last = first
    for _ in 0..<60 { last = try rule.step(on: pool, fitness: Self.matches) }
    #expect(last.generation == 60 && last.withoutFitness == 0)
    #expect(last.evaluationFitness! >= 285)
    #expect(last.meanFitness > 260)
    let values = values(rule.parameters)
    #expect(values.allSatisfy { (0.001...0.999).contains($0) })
    #expect(values.contains(0.999))
  }

  @Test func sparsityDecays() throws {
    var rule = try rule(Bits([2]), 4, decay: 0.1)
    rule.learn(probabilities([0, 0]))
    #expect(close(values(rule.parameters), [0.4925, 0.4925], 1e-12))
  }

  @Test func sameBitsForAnyNumberOfThreads() throws {
    func run(_ threads: Int) throws -> (NamedTensors<Double>, [GenerationMetrics]) {
      var rule = try rule(Bits([90, 40]), 61, 5)
      let pool = WorkerPool(threads: threads)
      let metrics = try (0..<4).map { _ in
        try rule.step(on: pool) { member in
          var noise = member.randomness("noise")
          return Double(member.individual.bits.reduce(0, +)) + noise.normal()
        }
      }
      return (rule.state, metrics)
    }
    let (one, two, three) = (try run(1), try run(2), try run(3))
    #expect(one.0 == two.0 && one.0 == three.0)
    #expect(one.1 == two.1 && one.1 == three.1)
  }

  @Test func resumesToTheSameBits() throws {
    let pool = WorkerPool(threads: 1)
    var whole = try rule(Bits([300]), 40, 2)
    for _ in 0..<3 { try whole.step(on: pool, fitness: Self.matches) }
    let kept = whole.state
    var resumed = try rule(Bits([300]), 40, 2)
    try resumed.restore(kept)
    #expect(resumed.generation == 3)
    for _ in 0..<3 {
      let (a, b) = (
        try whole.step(on: pool, fitness: Self.matches),
        try resumed.step(on: pool, fitness: Self.matches)
      )
      #expect(a == b)
    }
    #expect(whole.state == resumed.state)
    var other = try rule(Bits([20]), 40, 2)
    #expect(throws: LearningError.self) { try other.restore(kept) }
  }

  @Test func membersWithoutFitnessAreTheWorst() throws {
    var rule = try rule(Bits([300]), 40, 2)
    let pool = WorkerPool(threads: 2)
    let metrics = try rule.step(on: pool) { member in
      member.index % 4 == 0 ? .nan : Self.matches(member)
    }
    #expect(metrics.withoutFitness == 10)
    #expect(metrics.meanFitness.isFinite && metrics.bestFitness.isFinite)
    #expect(values(rule.parameters).allSatisfy { $0.isFinite })
  }

  /// A world that breaks down for an evaluation member takes it out of the mean, and stops nothing.
  @Test func evaluationMembersWithoutFitnessAreLeftOut() throws {
    let pool = WorkerPool(threads: 1)
    func metrics(_ evaluation: [Double]) throws -> GenerationMetrics {
      var rule = try EvolvingConnectivity(
        Bits([4]), population: Population(size: 6, evaluationMembers: 2))
      return try rule.update(fitness: [1, 2, 3, 4] + evaluation, on: pool)
    }
    let some = try metrics([.nan, 7])
    #expect(some.evaluationFitness == 7 && some.withoutFitness == 1 && some.meanFitness == 2.5)
    let none = try metrics([.nan, .nan])
    #expect(none.evaluationFitness == nil && none.withoutFitness == 2)
  }

  @Test func mistakesAreErrors() throws {
    #expect(throws: LearningError.self) { try Population(size: 129, evaluationMembers: 128) }
    #expect(throws: LearningError.self) { try Population(size: 1) }
    #expect(throws: LearningError.self) { try Population(size: 5, evaluationMembers: -1) }
    #expect(throws: LearningError.self) {
      try EvolvingConnectivity(Bits([4]), population: Population(size: 4), exploration: 0.5)
    }
    var rule = try rule(Bits([4]), 4)
    let pool = WorkerPool(threads: 1)
    let before = rule.state
    #expect(throws: LearningError.self) { try rule.update(fitness: [1, 2, 3], on: pool) }
    #expect(throws: LearningError.self) {
      try rule.setParameters(probabilities([0.5, 0.5, 0.5, 1.5]))
    }
    #expect(throws: NetworkError.self) { try rule.setParameters(probabilities([0.5])) }
    struct Stop: Error {}
    #expect(throws: Stop.self) { try rule.step(on: pool) { _ in throw Stop() } }
    #expect(rule.state == before)
  }
}
