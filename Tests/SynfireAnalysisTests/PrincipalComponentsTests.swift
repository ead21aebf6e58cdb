import Foundation
import SynfireAnalysis
import SynfireCore
import Testing

struct PrincipalComponentsTests {
  /// Samples (0,0), (2,2), (4,2), (6,4) have covariance [[20/3, 4], [4, 8/3]].
  private let activity = Tensor<Double>(
    axes: ["sample", "neuron"], shape: [4, 2], values: [0, 0, 2, 2, 4, 2, 6, 4])

  @Test func variancesByHand() throws {
    let components = try PrincipalComponents(of: activity)
    // Eigenvalues of a 2 x 2 matrix: half the trace plus or minus a root.
    let root = sqrt(pow((20.0 / 3 - 8.0 / 3) / 2, 2) + 16)
    #expect(abs(components.variances[0] - (14.0 / 3 + root)) < 1e-12)
    #expect(abs(components.variances[1] - (14.0 / 3 - root)) < 1e-12)
    #expect(components.mean == [3, 2])
    #expect(abs(components.cumulativeVariance[1] - 1) < 1e-12)
    #expect(abs(components.explainedVariance[0] - (0.5 + root * 3 / 28)) < 1e-12)
    // The direction of largest variance solves (A - value) v = 0.
    let (x, y) = (components.components[0, 0], components.components[0, 1])
    #expect(abs((20.0 / 3 - components.variances[0]) * x + 4 * y) < 1e-12)
    #expect(x > 0 && abs(x * x + y * y - 1) < 1e-12)
  }

  /// Without the mean removed the matrix is [[56, 36], [36, 24]] / 4.
  @Test func secondMoments() throws {
    let components = try PrincipalComponents(of: activity, removesMean: false)
    #expect(components.mean == [0, 0])
    #expect(abs(components.variances[0] - (10 + sqrt(16 + 81))) < 1e-12)
    #expect(abs(components.variances[1] - (10 - sqrt(16 + 81))) < 1e-12)
  }

  @Test func projectionsHaveTheVariances() throws {
    let components = try PrincipalComponents(of: activity)
    let projected = try components.project(activity, components: 2)
    #expect(projected.axes == ["sample", "component"])
    for component in 0..<2 {
      let values = (0..<4).map { projected[$0, component] }
      let spread = MeanAndDeviation(of: values)
      #expect(abs(spread.mean) < 1e-12)
      let variance = spread.deviation * spread.deviation * 4 / 3
      #expect(abs(variance - components.variances[component]) < 1e-12)
    }
    #expect(throws: AnalysisError.self) { try components.project(activity, components: 3) }
  }

  @Test func participationRatio() {
    #expect(PrincipalComponents.participationRatio(of: [2, 0, 0]) == 1)
    #expect(PrincipalComponents.participationRatio(of: [3, 3, 3, 3]) == 4)
    #expect(abs(PrincipalComponents.participationRatio(of: [3, 1]) - 1.6) < 1e-15)
    #expect(PrincipalComponents.participationRatio(of: [0, 0]) == 0)
  }

  @Test func badActivity() {
    let one = Tensor<Double>(axes: ["sample", "neuron"], shape: [1, 2], repeating: 0)
    #expect(throws: AnalysisError.self) { try PrincipalComponents(of: one) }
    var bad = activity
    bad[2, 1] = .nan
    #expect(throws: AnalysisError.self) { try PrincipalComponents(of: bad) }
  }
}

struct PrincipalAnglesTests {
  private func columns(_ rows: [[Double]]) -> Tensor<Double> {
    Tensor(
      axes: ["neuron", "column"], shape: [rows.count, rows[0].count], values: rows.flatMap { $0 })
  }

  /// The planes (x, y) and (x, cos a y + sin a z) share a line and enclose a.
  @Test(arguments: [1e-9, 0.3, 1.2, Double.pi / 2])
  func planesThatShareALine(angle: Double) throws {
    let first = columns([[1, 1], [0, 2], [0, 0]])
    let second = columns([[3, 1], [0, cos(angle)], [0, sin(angle)]])
    let angles = try PrincipalAngles(between: first, and: second).angles
    #expect(abs(angles[0]) < 1e-7)
    #expect(abs(angles[1] - angle) < 1e-8)
  }

  @Test func aLineAndAPlane() throws {
    let line = columns([[1], [0], [1]])
    let plane = columns([[1, 0], [0, 1], [0, 0]])
    let angles = try PrincipalAngles(between: line, and: plane).angles
    #expect(angles.count == 1)
    #expect(abs(angles[0] - Double.pi / 4) < 1e-12)
  }

  @Test func dependentColumns() {
    #expect(throws: AnalysisError.self) {
      try PrincipalAngles(between: columns([[1, 2], [1, 2]]), and: columns([[1], [0]]))
    }
  }
}
