import SynfireAnalysis
import SynfireCore
import Testing

/// Principal components of sums of products.
@Suite struct SecondMomentsTests {
  private func moments(_ rows: [[Double]]) throws -> SecondMoments {
    var moments = try SecondMoments(neurons: rows[0].count)
    for row in rows { try moments.add(row) }
    return moments
  }

  /// The worked example: two units at four times.
  @Test func workedExample() throws {
    let moments = try moments([[1, 2], [2, 1], [3, 0], [4, -1]])
    let components = try moments.components(removingMean: false)
    #expect(abs(components.eigenvalues[0] - 30) < 1e-12)
    #expect(abs(components.eigenvalues[1] - 6) < 1e-12)
    #expect(abs(components.cumulative[0] - 30.0 / 36) < 1e-12)
    #expect(components.cumulative[1] == 1)
    #expect(components.count(above: 0.8) == 1 && components.count(above: 0.9) == 2)
    #expect(moments.samples == 4)
    // Without its mean the activity lies on a line.
    let centred = try moments.components(removingMean: true)
    #expect(abs(centred.eigenvalues[0] - 10) < 1e-12 && abs(centred.eigenvalues[1]) < 1e-12)
    let vector = try centred.leading(1)
    #expect(vector.shape == [2, 1] && abs(vector[0, 0] + vector[1, 0]) < 1e-12)
  }

  /// More samples than a block, against the sums written out and the components of a whole recording.
  @Test func agreesWithWholeRecordings() throws {
    var stream = RandomStream(seed: 3, stream: "activity")
    let rows = (0..<101).map { _ in
      (0..<11).map { Double($0 + 1) * stream.normal() + Double($0) }
    }
    let moments = try moments(rows)
    let components = try moments.components(removingMean: true)
    let whole = try PrincipalComponents(
      of: Tensor<Double>(
        axes: ["sample", "neuron"], shape: [101, 11], values: rows.flatMap { $0 }))
    let ratio = components.eigenvalues[0] / whole.variances[0]
    for (sum, variance) in zip(components.eigenvalues, whole.variances) {
      #expect(abs(sum - ratio * variance) < 1e-9 * sum)
    }
    let plain = try moments.components(removingMean: false)
    let trace = rows.joined().reduce(0) { $0 + $1 * $1 }
    #expect(abs(plain.eigenvalues.reduce(0, +) - trace) < 1e-9 * trace)
    #expect(abs(plain.eigenvalues[0] - components.eigenvalues[0]) > 1)
  }

  @Test func mistakesAreNamed() throws {
    #expect(throws: AnalysisError.self) { try SecondMoments(neurons: 0) }
    let empty = try SecondMoments(neurons: 2)
    #expect(throws: AnalysisError.self) { try empty.components(removingMean: false) }
    let constant = try moments([[0.5, 0.5], [0.5, 0.5]])
    #expect(throws: AnalysisError.self) { try constant.components(removingMean: true) }
    let components = try constant.components(removingMean: false)
    #expect(throws: AnalysisError.self) { try components.leading(3) }
    #expect(throws: AnalysisError.self) { try components.leading(0) }
  }
}
