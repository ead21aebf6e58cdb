import SynfireNetworks
import Testing

@Suite struct SparseRecurrenceTests {
  @Test func drawsTheSameNumberOfInputs() throws {
    let recurrence = try SparseRecurrence.drawn(
      neurons: 50, probability: 0.1, excitatory: 0.8, seed: 1)
    #expect(recurrence.inputs.allSatisfy { $0.count == 5 && $0 == $0.sorted() })
    #expect(Set(recurrence.inputs).count > 40)
    #expect(recurrence.signs!.values.count { $0 == 1 } == 40)
    #expect(recurrence == (try .drawn(neurons: 50, probability: 0.1, excitatory: 0.8, seed: 1)))
    #expect(recurrence != (try .drawn(neurons: 50, probability: 0.1, excitatory: 0.8, seed: 2)))
    let all = try SparseRecurrence.drawn(neurons: 6, probability: 1, seed: 0)
    #expect(all.inputs == [[Int]](repeating: Array(0..<6), count: 6) && all.signs == nil)
    #expect(all.regressors(of: 2, traces: 2) == Array(0..<12))
  }

  @Test(arguments: [0, -0.5, 1.01, 0.001, .nan])
  func refusesProbabilities(probability: Double) {
    #expect(throws: NetworkError.self) {
      try SparseRecurrence.drawn(neurons: 50, probability: probability, seed: 0)
    }
  }

  @Test func refusesWhatCannotBe() {
    #expect(throws: NetworkError.self) { try SparseRecurrence(inputs: [[0], []]) }
    #expect(throws: NetworkError.self) { try SparseRecurrence(inputs: [[0, 0], [1]]) }
    #expect(throws: NetworkError.self) { try SparseRecurrence(inputs: [[1, 0], [1]]) }
    #expect(throws: NetworkError.self) { try SparseRecurrence(inputs: [[2], [1]]) }
    #expect(throws: NetworkError.self) {
      try SparseRecurrence(inputs: [[0], [1]], signs: Signs([1]))
    }
    #expect(throws: NetworkError.self) {
      try SparseRecurrence.drawn(neurons: 5, probability: 1, excitatory: 1.5, seed: 0)
    }
  }
}
