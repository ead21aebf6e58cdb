import SynfireCore
import SynfireLearning
import Testing

@Suite struct LossTests {
  private let logits = Tensor<Double>(
    axes: ["trial", "output"], shape: [2, 3], values: [0.3, -1.2, 2, 0, 0.5, -0.5])
  private let values = Tensor<Double>(
    axes: ["time", "trial", "output"], shape: [2, 1, 2], values: [1, 2, -3, 0.5])
  private let targets = TrialTargets.values(
    Tensor(axes: ["time", "trial", "output"], shape: [2, 1, 2], values: [0, 2, 1, 1.5]))

  @Test func squaredErrors() throws {
    // Errors 1, 0, -4, -1: squares sum to 18.
    let root = try Loss.rootSumSquares.evaluate(values, targets)
    #expect(abs(root.loss - 18.0.squareRoot()) < 1e-12)
    #expect(abs(root.adjoint.values[2] + 4 / 18.0.squareRoot()) < 1e-12)
    let mean = try Loss.meanSquaredError.evaluate(values, targets)
    #expect(mean.loss == 4.5)
    #expect(mean.adjoint.values == [0.5, 0, -2, -0.5])
  }

  @Test func aPerfectAnswerHasNoGradient() throws {
    let same = TrialTargets.values(values.converted())
    let root = try Loss.rootSumSquares.evaluate(values, same)
    #expect(root.loss == 0)
    #expect(root.adjoint.values == [0, 0, 0, 0])
  }

  @Test(arguments: [Loss.crossEntropy, .crossEntropyOnProbabilities])
  func adjointsOfCrossEntropies(_ loss: Loss) throws {
    let labels = TrialTargets.classes([2, 0])
    let adjoint = try loss.evaluate(logits, labels).adjoint
    for index in 0..<6 {
      func moved(_ step: Double) throws -> Double {
        var moved = logits
        moved.values[index] += step
        return try loss.evaluate(moved, labels).loss
      }
      let difference = try (moved(1e-5) - moved(-1e-5)) / 2e-5
      #expect(abs(adjoint.values[index] - difference) < 1e-9)
    }
  }

  @Test func boundsOfTheDoubleSoftmax() throws {
    let sure = Tensor<Double>(
      axes: ["trial", "output"], shape: [1, 10], values: [1000] + [Double](repeating: 0, count: 9))
    let best = try Loss.crossEntropyOnProbabilities.evaluate(sure, .classes([0]))
    #expect(abs(best.loss - 1.461_150_2) < 1e-6)
    let even = Tensor<Double>(axes: ["trial", "output"], shape: [1, 10])
    let chance = try Loss.crossEntropyOnProbabilities.evaluate(even, .classes([4]))
    #expect(abs(chance.loss - 2.302_585_1) < 1e-6)
  }

  @Test func misfitsAreNamed() {
    #expect(throws: LearningError.self) { try Loss.rootSumSquares.evaluate(values, .classes([0])) }
    #expect(throws: LearningError.self) { try Loss.crossEntropy.evaluate(logits, targets) }
    #expect(throws: LearningError.self) { try Loss.crossEntropy.evaluate(values, .classes([0])) }
    #expect(throws: LearningError.self) { try Loss.crossEntropy.evaluate(logits, .classes([0])) }
    let error = #expect(throws: LearningError.self) {
      try Loss.crossEntropy.evaluate(logits, .classes([0, 3]))
    }
    #expect(error?.what == "trial 1 has class 3, but there are 3 outputs")
    #expect(throws: LearningError.self) {
      let short = Tensor<Float>(axes: ["time", "trial", "output"], shape: [1, 1, 2])
      return try Loss.meanSquaredError.evaluate(values, .values(short))
    }
  }
}
