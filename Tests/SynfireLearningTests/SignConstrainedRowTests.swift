import Foundation
import SynfireCore
import SynfireLearning
import Testing

/// Least squares with weights of given signs.
@Suite struct SignConstrainedRowTests {
  /// Samples of correlated regressors that are not negative, as traces are, and targets.
  private struct Problem {
    var a: [[Double]]
    var b: [Double]
    var signs: [Int]

    init(count: Int, samples: Int, seed: UInt64, isFree: Bool = false) {
      var stream = RandomStream(seed: seed, stream: "row")
      var regressors = [Double](repeating: 0, count: count)
      a = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
      b = [Double](repeating: 0, count: count)
      for _ in 0..<samples {
        for index in 0..<count {
          regressors[index] = 0.9 * regressors[index] + (stream.bernoulli(0.1) ? 1 : 0)
        }
        let target = stream.normal() + 2 * (regressors[0] - regressors[count - 1])
        for row in 0..<count {
          b[row] += target * regressors[row]
          for column in 0..<count { a[row][column] += regressors[row] * regressors[column] }
        }
      }
      signs = (0..<count).map { isFree ? 0 : $0 % 5 == 4 ? -1 : 1 }
    }

    func solve(ridge: Double, _ limits: SignConstrainedRow.Limits, from start: [Double]? = nil)
      -> ([Double], SignConstrainedRow.Outcome)
    {
      var x = start ?? [Double](repeating: 0, count: b.count)
      let outcome = SignConstrainedRow(count: b.count).solve(
        { a[$0][$1] }, b, signs: signs, ridge: ridge, limits: limits, &x)
      return (x, outcome)
    }
  }

  private static let exact = SignConstrainedRow.Limits(tolerance: 1e-13, sweeps: 100_000)

  /// Against `scipy.optimize.nnls` 1.17 on the samples and sqrt(ridge) times the identity below them, the
  /// columns of negative weights negated.
  @Test func agreesWithNonNegativeLeastSquares() {
    let samples: [[Double]] = [
      [3, 1, 0, 2, 1], [0, 2, 1, 1, 3], [1, 1, 4, 0, 2], [2, 0, 1, 3, 1], [1, 3, 2, 1, 0],
      [4, 1, 1, 2, 2], [0, 1, 3, 2, 1],
    ]
    let targets: [Double] = [2, -1, 3, 1, -2, 4, 0.5]
    var problem = Problem(count: 5, samples: 0, seed: 0)
    for (sample, target) in zip(samples, targets) {
      for row in 0..<5 {
        problem.b[row] += target * sample[row]
        for column in 0..<5 { problem.a[row][column] += sample[row] * sample[column] }
      }
    }
    for (signs, expected) in [
      ([1, 1, -1, -1, 1], [0.9816425120772945, 0, 0, -0.5352657004830917, 0.3545893719806765]),
      ([1, 1, 1, 1, 1], [0.70320298492998, 0, 0.09696176769879337, 0, 0.11237098415467374]),
    ] {
      problem.signs = signs
      let (x, _) = problem.solve(ridge: 0.5, Self.exact)
      for (value, wanted) in zip(x, expected) { #expect(abs(value - wanted) < 1e-9) }
    }
  }

  @Test(arguments: 0..<4)
  func agreesWithTheReference(seed: UInt64) {
    let problem = Problem(count: 27, samples: 300, seed: seed)
    for limits in [SignConstrainedRow.Limits(tolerance: 1e-6, sweeps: 3), Self.exact] {
      let (x, outcome) = problem.solve(ridge: 1, limits)
      var reference = [Double](repeating: 0, count: 27)
      let expected = SignConstrainedRow.reference(
        problem.a, problem.b, signs: problem.signs, ridge: 1, limits: limits, &reference)
      for (value, wanted) in zip(x, reference) { #expect(abs(value - wanted) < 1e-9) }
      if limits.sweeps == 3 { #expect(outcome.sweeps == 3 && expected.sweeps == 3) }
    }
  }

  /// Hundreds of traces that resemble each other, as those of a population are.
  @Test func isDoneInFewSweeps() {
    let problem = Problem(count: 160, samples: 2000, seed: 3)
    let limits = SignConstrainedRow.Limits(tolerance: 1e-6, sweeps: 1000)
    let (x, outcome) = problem.solve(ridge: 1e-3, limits)
    #expect(outcome.change <= 1e-6 && outcome.sweeps <= 60)
    var reference = [Double](repeating: 0, count: 160)
    _ = SignConstrainedRow.reference(
      problem.a, problem.b, signs: problem.signs, ridge: 1e-3, limits: Self.exact, &reference)
    for (value, wanted) in zip(x, reference) { #expect(abs(value - wanted) < 1e-5) }
  }

  /// The conditions of Karush, Kuhn and Tucker, which hold at the minimum and nowhere else.
  @Test(arguments: 0..<8)
  func solutionsAreMinima(seed: UInt64) {
    let problem = Problem(count: 40, samples: 200, seed: seed)
    let (x, outcome) = problem.solve(ridge: 0.3, Self.exact)
    #expect(outcome.change <= 1e-13)
    let scale = problem.b.map(abs).max()!
    for (index, sign) in problem.signs.enumerated() {
      let gradient =
        zip(problem.a[index], x).reduce(0.3 * x[index] - problem.b[index]) { $0 + $1.0 * $1.1 }
      #expect(x[index] * Double(sign) >= 0)
      if x[index] != 0 {
        #expect(abs(gradient) < 1e-9 * scale)
      } else {
        #expect(gradient * Double(sign) > -1e-9 * scale)
      }
    }
    #expect(x.contains(0) && x.contains { $0 > 0 } && x.contains { $0 < 0 })
  }

  /// Without signs it is ridge regression.
  @Test func withoutSignsItIsRidgeRegression() throws {
    let problem = Problem(count: 12, samples: 100, seed: 1, isFree: true)
    let (x, _) = problem.solve(ridge: 2, Self.exact)
    var matrix = problem.a
    for index in 0..<12 { matrix[index][index] += 2 }
    let (solution, rank) = try LinearAlgebra.leastSquares(
      Tensor(axes: ["row", "column"], shape: [12, 12], values: matrix.flatMap { $0 }),
      Tensor(axes: ["row", "column"], shape: [12, 1], values: problem.b))
    #expect(rank == 12)
    for (value, wanted) in zip(x, solution.values) { #expect(abs(value - wanted) < 1e-9) }
  }

  /// A start of the wrong sign is clipped, and a warm one is done sooner.
  @Test func startsWarm() {
    let problem = Problem(count: 30, samples: 200, seed: 5)
    let limits = SignConstrainedRow.Limits(tolerance: 1e-8, sweeps: 100_000)
    let (cold, first) = problem.solve(ridge: 1, limits)
    let (warm, second) = problem.solve(ridge: 1, limits, from: cold)
    #expect(second.sweeps < first.sweeps / 2)
    let (turned, _) = problem.solve(ridge: 1, limits, from: cold.map { -$0 - 1 })
    for index in cold.indices {
      #expect(abs(cold[index] - warm[index]) < 1e-6)
      #expect(abs(cold[index] - turned[index]) < 1e-5)
    }
  }
}
