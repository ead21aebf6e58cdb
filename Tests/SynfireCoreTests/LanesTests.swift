import Foundation
import SynfireCore
import Testing

@Suite struct LanesTests {
  typealias Lane = SIMD16<Float>

  /// The largest error of a lane function on evenly spaced numbers, by a measure of it.
  private func largestError(
    from start: Double, to end: Double, _ approximate: (Lane) -> Lane, _ exact: (Double) -> Double,
    _ measure: (Float, Double) -> Double
  ) -> Double {
    let count = 16 * 40_000
    var largest = 0.0
    for first in stride(from: 0, to: count, by: 16) {
      var x = Lane()
      for lane in 0..<16 {
        x[lane] = Float(start + (end - start) * Double(first + lane) / Double(count))
      }
      let y = approximate(x)
      for lane in 0..<16 { largest = max(largest, measure(y[lane], exact(Double(x[lane])))) }
    }
    return largest
  }

  private func ulps(_ value: Float, _ exact: Double) -> Double {
    abs(Double(value) - exact) / Double(Float(exact).ulp)
  }

  private func absolute(_ value: Float, _ exact: Double) -> Double { abs(Double(value) - exact) }

  @Test(arguments: [(-87.2, 88.2), (-1, 1), (-1e-3, 1e-3)])
  func exponentialIsWithinTwoUnits(start: Double, end: Double) {
    #expect(largestError(from: start, to: end, { $0.exponential() }, exp, ulps) <= 2)
  }

  @Test func exponentialOfSpecialNumbers() {
    func value(_ x: Float) -> Float { Lane(repeating: x).exponential()[5] }
    #expect(value(0) == 1 && value(-0.0) == 1)
    #expect(value(-87.4) == 0 && value(-1e30) == 0 && value(-.infinity) == 0)
    #expect(value(1e30) == value(88.3) && value(.infinity) == value(88.3))
    #expect(value(88.3).isFinite && value(88.3) > 2e38)
    #expect(value(.nan).isNaN)
  }

  @Test(arguments: [(-12.0, 12), (-1, 1), (-0.16, 0.16), (-1e-3, 1e-3), (-100, 100)])
  func hyperbolicTangentIsWithinItsBound(start: Double, end: Double) {
    #expect(largestError(from: start, to: end, { $0.hyperbolicTangent() }, tanh, absolute) < 2e-7)
    #expect(largestError(from: start, to: end, { $0.hyperbolicTangent() }, tanh, ulps) <= 5)
  }

  @Test func hyperbolicTangentOfSpecialNumbers() {
    func value(_ x: Float) -> Float { Lane(repeating: x).hyperbolicTangent()[2] }
    #expect(value(0) == 0 && value(1e-30) == 1e-30)
    #expect(value(.infinity) == 1 && value(-.infinity) == -1 && value(50) == 1 && value(-50) == -1)
    #expect(value(.nan).isNaN)
    for x: Float in [0.01, 0.149, 0.15, 0.151, 3] { #expect(value(-x) == -value(x)) }
  }

  @Test func logarithmIsWithinThreeUnits() {
    for exponent in [-126, -60, -33, -2, -1, 0, 1, 50, 127] {
      let low = exp2(Double(exponent))
      #expect(
        largestError(
          from: low, to: low * 1.999_999, { $0.naturalLogarithm() }, { log($0) }, ulps) <= 3)
    }
    #expect(Lane(repeating: 1).naturalLogarithm()[0] == 0)
  }

  @Test func sineAndCosineOfTurns() {
    var largest = 0.0
    for step in 0..<200_000 {
      let turns = UInt32(truncatingIfNeeded: step &* 21_475)
      let (sine, cosine) = Lane.sineAndCosine(ofTurns: SIMD16(repeating: turns))
      let angle = 2 * Double.pi * Double(turns) * 0x1p-32
      largest = max(largest, absolute(sine[7], sin(angle)), absolute(cosine[7], cos(angle)))
    }
    #expect(largest < 2e-7)
    let quarter = Lane.sineAndCosine(ofTurns: SIMD16(repeating: 0x4000_0000))
    #expect(quarter.sine[0] == 1 && quarter.cosine[0] == 0)
  }

  @Test func maskBitsMakeTheRoundTrip() {
    for value in 0...UInt16.max {
      let mask = FloatLaneMask(bits: value)
      if mask.bits != value { Issue.record("\(value) became \(mask.bits)") }
      if mask.inverted().bits != ~value { Issue.record("the inverse of \(value)") }
    }
    let (a, b) = (FloatLaneMask(bits: 0b1100), FloatLaneMask(bits: 0b1010))
    #expect(a.and(b).bits == 0b1000 && a.or(b).bits == 0b1110)
    #expect(Bool(bits: 1).bits == 1 && Bool(bits: 0).bits == 0)
  }

  @Test func comparisonsSelectLanes() {
    var x = Lane()
    for lane in 0..<16 { x[lane] = Float(lane) - 7.5 }
    x[3] = .nan
    let mask = x.isGreater(than: Lane())
    #expect(mask.bits == 0xff00)
    #expect(Lane(mask).total() == 8)
    let kept = x.kept(where: mask)
    for lane in 0..<16 { #expect(kept[lane] == (lane > 7 ? Float(lane) - 7.5 : 0)) }
    let replaced = Lane(repeating: 1).replacing(with: Lane(repeating: 2), where: mask)
    for lane in 0..<16 { #expect(replaced[lane] == (lane > 7 ? 2 : 1)) }
    #expect(x.maximum(Lane())[0] == 0 && x.minimum(Lane())[0] == -7.5)
    #expect(x.magnitude[0] == 7.5 && x.magnitude[15] == 7.5)
    #expect(Lane(repeating: -0.0).magnitude[0].sign == .plus)
    #expect(Lane(repeating: -.infinity).magnitude[0] == .infinity)
  }

  /// The same source, in one lane of Double and in sixteen of Float.
  @Test func bothPrecisionsAgree() {
    func soft<L: Lanes>(_ x: L) -> L {
      let spike = x.isGreater(than: L(repeating: 0.5))
      return L.one.replacing(with: x.exponential(), where: spike)
        .addingProduct(x, x.hyperbolicTangent())
        .maximum(x.magnitude)
    }
    for step in -30...30 {
      let x = Double(step) / 8
      let fast = soft(Lane(repeating: Float(x)))[0]
      #expect(abs(Double(fast) - soft(x)) <= 1e-6 * max(1, abs(soft(x))))
    }
    #expect(Lane.laneCount == 16 && Double.laneCount == 1)
    #expect(Double(true) == 1 && Double(false) == 0 && (-2.5).magnitude == 2.5)
  }
}
