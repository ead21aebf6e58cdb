import SynfireCore
import SynfireNetworks
import Testing

@Suite struct SurrogateTests {
  private static let all: [Surrogate] = [
    .fastSigmoid(slope: 25), .superSpike(), .triangular(dampening: 0.3, width: 1),
    .triangular(dampening: 0.5, width: 0.2), .boxcar(width: 0.5), .gaussian(deviation: 0.4),
    .sigmoid(slope: 6),
  ]

  @Test(arguments: all) func derivativeIsThatOfThePrimitive(_ surrogate: Surrogate) {
    #expect(surrogate.primitive(0) == 0.5)
    for step in -40...40 {
      // Not at kinks, which lie at multiples of 0.05.
      let x = Double(step) * 0.05 + 0.013
      let difference = (surrogate.primitive(x + 1e-6) - surrogate.primitive(x - 1e-6)) / 2e-6
      let derivative: Double = surrogate.derivative(x)
      #expect(abs(difference - derivative) < 1e-6 * max(1, derivative), "x = \(x)")
    }
  }

  @Test(arguments: all) func lanesAgreeWithDouble(_ surrogate: Surrogate) {
    for step in -40...40 {
      let x = Float(step) * 0.05 + 0.013
      let lanes: SIMD16<Float> = surrogate.derivative(SIMD16<Float>(repeating: x))
      let exact: Double = surrogate.derivative(Double(x))
      #expect(abs(Double(lanes[3]) - exact) <= 2e-6 * max(exact, 1e-3))
      #expect(lanes == SIMD16<Float>(repeating: lanes[0]))
    }
  }

  @Test func publishedValues() {
    let fast = Surrogate.fastSigmoid(slope: 25)
    #expect(fast.derivative(0.0) == 1)
    #expect(abs(fast.derivative(-1.0) - 1.0 / 676) < 1e-15)
    #expect(Surrogate.superSpike() == .fastSigmoid(slope: 100))
    // As Wang et al. (2023) use it: 1 / 9, 1, 1 / 4.
    let steep = Surrogate.superSpike(slope: 10)
    for (distance, expected) in [(-0.2, 0.111111111111), (0.0, 1), (0.1, 0.25)] {
      let derivative: Double = steep.derivative(distance)
      #expect(abs(derivative - expected) < 1e-9)
    }
    let triangle = Surrogate.triangular(dampening: 0.3, width: 1)
    #expect(triangle.derivative(0.0) == 0.3)
    #expect(abs(triangle.derivative(0.5) - 0.15) < 1e-15)
    #expect(triangle.derivative(1.5) == 0)
  }
}
