import Foundation
import SynfireAnalysis
import SynfireCore
import Testing

struct ModeImportanceTests {
  /// Column norms 5, 0 and 12, 1: sums 17 and 1; scores 1 and 8, so that gamma = 9 / 18.
  private func network(swapped: Bool = false) throws -> ModeImportance {
    let order = swapped ? [1, 0] : [0, 1]
    func tensor(_ rows: [[Double]]) -> Tensor<Double> {
      Tensor(
        axes: ["neuron", "mode"], shape: [2, 2],
        values: rows.flatMap { row in order.map { row[$0] } })
    }
    return try ModeImportance(
      inputModes: tensor([[3, 0], [4, 0]]), outputModes: tensor([[0, 0.6], [12, -0.8]]),
      scores: Tensor(axes: ["mode"], shape: [2], values: order.map { [-1, 8][$0] }))
  }

  @Test func byHand() throws {
    let importance = try network()
    #expect(abs(importance.gamma - 0.5) < 1e-15)
    #expect(abs(importance.importance[0] - 9.5) < 1e-14)
    #expect(abs(importance.importance[1] - 8.5) < 1e-14)
    #expect(importance.order == [0, 1])
    #expect(importance.rankedScores == [1, 8])
    #expect(try network(swapped: true).order == [1, 0])
  }

  @Test func rankAverage() throws {
    let both = try [network(), network(swapped: true)]
    let average = try ModeImportance.rankAverage(of: both)
    #expect(abs(average[0].mean - 9.5) < 1e-14 && average[0].deviation < 1e-14)
    #expect(try ModeImportance.rankAverageOfScores(of: both).map(\.mean) == [1, 8])
    #expect(throws: AnalysisError.self) { try ModeImportance.rankAverage(of: []) }
  }

  @Test func exactPowerLaw() throws {
    let values = (1...20).map { 3 * pow(Double($0), $0 < 10 ? -0.1 : -0.5) }
    let first = try PowerLawFit(values, ranks: 1...9)
    #expect(abs(first.slope + 0.1) < 1e-12)
    #expect(abs(first.amplitude - 3) < 1e-12)
    #expect(abs(first.rSquared - 1) < 1e-12)
    #expect(abs(first.value(at: 4) - values[3]) < 1e-12)
    #expect(abs(try PowerLawFit(values, ranks: 10...20).slope + 0.5) < 1e-12)
  }

  /// The published rank averages of 30 modes at N = 100; slope and R squared of ranks 1 to 9.
  @Test func publishedRanks() throws {
    let values = [3.333, 3.190, 3.028, 2.954, 2.838, 2.802, 2.776, 2.761, 2.723, 2.660]
    let fit = try PowerLawFit(values, ranks: 1...9)
    #expect(abs(fit.slope + 0.0974) < 3e-4)
    #expect(abs(fit.rSquared - 0.985) < 1e-3)
  }

  @Test func badInput() {
    #expect(throws: AnalysisError.self) { try PowerLawFit([1, 2], ranks: 1...3) }
    #expect(throws: AnalysisError.self) { try PowerLawFit([1, 2], ranks: 0...1) }
    #expect(throws: AnalysisError.self) { try PowerLawFit([1, 0], ranks: 1...2) }
  }

  @Test func learningCurve() throws {
    let curve = try LearningCurve(seeds: [[2, 1.8, 1.6], [2, 1.6, 1.9, 1.5], [4, 3, 2]])
    #expect(curve.points.count == 3)
    #expect(abs(curve.mean[0] - 8.0 / 3) < 1e-15)
    #expect(abs(curve.deviation[0] - sqrt(8) / 3) < 1e-15)
    #expect(curve.firstBelow(1.7) == [2, 1, nil])
    #expect(curve.meanFirstBelow(1.7) == MeanAndDeviation(mean: 1.5, deviation: 0.5, count: 2))
    #expect(curve.meanFirstBelow(0) == nil)
    #expect(throws: AnalysisError.self) { try LearningCurve(seeds: []) }
  }
}
