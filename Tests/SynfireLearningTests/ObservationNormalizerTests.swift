import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

@Suite struct ObservationNormalizerTests {
  private func close(_ a: [Double], _ b: [Double]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-9 }
  }

  @Test func workedExample() {
    var normalizer = ObservationNormalizer(observations: 2)
    #expect(normalizer.mean == [0, 0] && normalizer.deviation == [1, 1])
    normalizer.update([[1, 2], [3, 2], [5, 8]])
    #expect(normalizer.count == 3)
    #expect(close(normalizer.mean, [3, 4]))
    #expect(close(normalizer.squares, [8, 24]))
    #expect(close(normalizer.deviation, [1.632993161855, 2.828427124746]))
    normalizer.update([[0, 1]])
    #expect(close(normalizer.mean, [2.25, 3.25]))
    #expect(close(normalizer.squares, [14.75, 30.75]))
    #expect(close(normalizer.deviation, [1.920286436967, 2.772634126602]))
    var normalized = [Float](repeating: 0, count: 2)
    normalizer.normalize([2.25, 3.25 + 2.772634126602], into: &normalized)
    #expect(abs(normalized[0]) < 1e-6 && abs(normalized[1] - 1) < 1e-6)
  }

  @Test func constantsAndNumbersThatAreNone() {
    var normalizer = ObservationNormalizer(observations: 1)
    normalizer.update([[5], [5]])
    #expect(normalizer.deviation == [1e-6])
    normalizer.update([[.nan], [.infinity]])
    #expect(normalizer.count == 2 && normalizer.mean == [5])
  }

  /// A world in which member k sees k, k + 1, k + 2.
  private func run(
    _ source: ObservationNormalizer.Source, threads: Int
  ) throws -> (EvolvingConnectivity<BernoulliNetwork>, [GenerationMetrics]) {
    let network = try BernoulliNetwork(observations: 1, neurons: 20, actions: 1)
    var rule = try EvolvingConnectivity(
      network, population: Population(size: 7, evaluationMembers: 1),
      normalizer: ObservationNormalizer(observations: 1, source: source), seed: 1)
    let pool = WorkerPool(threads: threads)
    let metrics = try (0..<2).map { _ in
      try rule.step(on: pool) { member in
        var total = 0.0
        for step in 0..<3 { total += try member.act([Double(member.index + step)])[0] }
        return total
      }
    }
    return (rule, metrics)
  }

  @Test func countsWhatMembersHaveSeen() throws {
    let visited = try run(.visited, threads: 1).0.normalizer!
    #expect(visited.count == 42)
    #expect(close(visited.mean, [4]))
    let last = try run(.last, threads: 1).0.normalizer!
    #expect(last.count == 14)
    #expect(close(last.mean, [5]))
    #expect(close(last.deviation, [2]))
  }

  @Test(arguments: ObservationNormalizer.Source.allCases)
  func sameBitsForAnyNumberOfThreads(_ source: ObservationNormalizer.Source) throws {
    let (one, two) = (try run(source, threads: 1), try run(source, threads: 2))
    #expect(one.0.state == two.0.state)
    #expect(one.1 == two.1)
    #expect(one.0.state["normalizer.mean"] != nil)
  }

  @Test func resumes() throws {
    var normalizer = ObservationNormalizer(observations: 2)
    normalizer.update([[1, 2], [3, 2], [5, 8]])
    var other = ObservationNormalizer(observations: 2)
    try other.restore(normalizer.state)
    #expect(other == normalizer)
    var wrong = ObservationNormalizer(observations: 3)
    #expect(throws: LearningError.self) { try wrong.restore(normalizer.state) }
  }

  @Test func mistakesAreErrors() throws {
    let network = try BernoulliNetwork(observations: 2, neurons: 4, actions: 1)
    func rule(_ observations: Int) throws -> EvolvingConnectivity<BernoulliNetwork> {
      try EvolvingConnectivity(
        network, population: Population(size: 2),
        normalizer: ObservationNormalizer(observations: observations))
    }
    var (wrong, right) = (try rule(3), try rule(2))
    let pool = WorkerPool(threads: 1)
    #expect(throws: LearningError.self) { try wrong.step(on: pool) { _ in 0 } }
    #expect(throws: LearningError.self) {
      try right.step(on: pool) { member in try member.act([1])[0] }
    }
    // What is not finite is left out, and the members that saw it do not disturb the others.
    try right.step(on: pool) { member in try member.act([member.index == 0 ? .nan : 1, 2])[0] }
    #expect(right.normalizer!.count == 1)
    #expect(right.normalizer!.mean == [1, 2])
  }
}
