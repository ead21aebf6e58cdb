import Foundation
import SynfireCore
import SynfireLearning
import Testing

@Suite struct OptimizerTests {
  private let gradients: [[Double]] = [[0.5, -2, 0], [1, 1, 3], [-4, 0.25, -1e-3]]

  /// Runs an optimizer over the gradients above from parameters 1, 2, 3.
  private func run(_ optimizer: Optimizer, scale: Double = 1) -> [Double] {
    var parameters = NamedTensors<Float>([
      ("w", Tensor(axes: ["x"], shape: [3], values: [1, 2, 3])),
      ("fixed", Tensor(axes: ["x"], shape: [3], values: [1, 2, 3])),
    ])
    var state = optimizer.initialState(parameters)
    for (update, gradient) in gradients.enumerated() {
      let tensor = Tensor<Float>(axes: ["x"], shape: [3], values: gradient.map { Float($0) })
      optimizer.apply(
        NamedTensors([("w", tensor), ("fixed", tensor)]), scale: scale, update: update,
        trainable: ["w"], to: &parameters, &state)
    }
    #expect(parameters["fixed"]!.values == [1, 2, 3])
    return parameters["w"]!.values.map { Double($0) }
  }

  private func expect(_ found: [Double], _ expected: [Double]) {
    for (value, number) in zip(found, expected) { #expect(abs(value - number) < 2e-6) }
  }

  /// Adam as its paper writes it, in double precision.
  private func adam(
    rate: Double, epsilon: Double, corrected: Bool, decay: Double = 0, scale: Double = 1
  ) -> [Double] {
    var (w, m, v) = ([1.0, 2, 3], [0.0, 0, 0], [0.0, 0, 0])
    for (update, gradient) in gradients.enumerated() {
      let k = Double(update + 1)
      for i in 0..<3 {
        let g = gradient[i] * scale
        m[i] = 0.9 * m[i] + 0.1 * g
        v[i] = 0.999 * v[i] + 0.001 * g * g
        let (first, second) = (1 - pow(0.9, k), 1 - pow(0.999, k))
        let move =
          corrected
          ? m[i] / first / (sqrt(v[i] / second) + epsilon)
          : sqrt(second) / first * m[i] / (sqrt(v[i]) + epsilon)
        w[i] -= rate * (move + decay * w[i])
      }
    }
    return w
  }

  @Test func adamInBothConventions() {
    for epsilon in [1e-8, 0.1] {
      for convention in Optimizer.EpsilonConvention.allCases {
        let optimizer = Optimizer(
          .adam(beta1: 0.9, beta2: 0.999, epsilon: epsilon, convention: convention),
          learningRate: 0.01)
        expect(
          run(optimizer),
          adam(rate: 0.01, epsilon: epsilon, corrected: convention == .corrected))
      }
    }
    // The conventions differ where epsilon counts.
    #expect(
      abs(
        adam(rate: 0.01, epsilon: 0.1, corrected: true)[2]
          - adam(rate: 0.01, epsilon: 0.1, corrected: false)[2]) > 1e-3)
  }

  @Test func decayOfAdamWIsApartFromTheGradient() {
    let optimizer = Optimizer(
      .adamW(
        beta1: 0.9, beta2: 0.999, epsilon: 1e-8, convention: .corrected, weightDecay: 0.2),
      learningRate: 0.01)
    expect(run(optimizer), adam(rate: 0.01, epsilon: 1e-8, corrected: true, decay: 0.2))
  }

  @Test func scaleIsThatOfTheGradient() {
    let optimizer = Optimizer(
      .adam(beta1: 0.9, beta2: 0.999, epsilon: 0.1, convention: .corrected), learningRate: 0.01)
    expect(
      run(optimizer, scale: 0.25), adam(rate: 0.01, epsilon: 0.1, corrected: true, scale: 0.25))
  }

  @Test func momentum() {
    // v = 0.5 v + g: first component 0.5, 1.25, -3.375; their sum is -1.625.
    let optimizer = Optimizer(.gradientDescent(momentum: 0.5), learningRate: 0.1)
    #expect(abs(run(optimizer)[0] - (1 + 0.1625)) < 1e-6)
    let plain = Optimizer(.gradientDescent(momentum: 0), learningRate: 0.1)
    #expect(abs(run(plain)[1] - (2 - 0.1 * (-2 + 1 + 0.25))) < 1e-6)
  }

  @Test func schedules() {
    #expect(Schedule().factor(update: 1000) == 1)
    let step = Schedule(.step(factor: 0.8, interval: 10))
    #expect(step.factor(update: 9) == 1)
    #expect(abs(step.factor(update: 20) - 0.64) < 1e-12)
    let exponential = Schedule(.exponential(factor: 0.5, interval: 10))
    #expect(abs(exponential.factor(update: 5) - 0.5.squareRoot()) < 1e-12)
    let cosine = Schedule(.cosine(length: 100, floor: 0.1))
    #expect(cosine.factor(update: 0) == 1)
    #expect(abs(cosine.factor(update: 50) - 0.55) < 1e-12)
    #expect(cosine.factor(update: 100) == 0.1)
    let warm = Schedule(.step(factor: 0.5, interval: 10), warmUp: 4)
    #expect((0..<4).map { warm.factor(update: $0) } == [0.2, 0.4, 0.6, 0.8])
    #expect(warm.factor(update: 4) == 1)
    #expect(warm.factor(update: 14) == 0.5)
  }
}
