import CIntrinsics

extension SIMD16 where Scalar == Float {
  /// The natural logarithm of each lane, which must be positive, finite and normal; within 3 units
  /// in the last place (polynomial of Cephes' `logf`, Moshier 1992).
  @inlinable
  public func naturalLogarithm() -> SIMD16<Float> {
    // x = 2^e m with m in [sqrt(1/2), sqrt(2)).
    let bits = unsafeBitCast(self, to: SIMD16<UInt32>.self)
    let shifted = bits &- 0x3f35_04f3
    let exponent = synfire_float_from_int32(
      unsafeBitCast(shifted, to: SIMD16<Int32>.self) &>> 23)
    let mantissa = unsafeBitCast((shifted & 0x007f_ffff) &+ 0x3f35_04f3, to: SIMD16<Float>.self)
    let x = mantissa - 1
    let square = x * x
    var p = SIMD16<Float>(repeating: 7.037_683_629_2e-2)
    p = SIMD16(repeating: -1.151_461_031_0e-1).addingProduct(p, x)
    p = SIMD16(repeating: 1.167_699_874_0e-1).addingProduct(p, x)
    p = SIMD16(repeating: -1.242_014_084_6e-1).addingProduct(p, x)
    p = SIMD16(repeating: 1.424_932_278_7e-1).addingProduct(p, x)
    p = SIMD16(repeating: -1.666_805_766_5e-1).addingProduct(p, x)
    p = SIMD16(repeating: 2.000_071_476_5e-1).addingProduct(p, x)
    p = SIMD16(repeating: -2.499_999_399_3e-1).addingProduct(p, x)
    p = SIMD16(repeating: 3.333_333_117_4e-1).addingProduct(p, x)
    // ln 2 is split so that the large part times the exponent is exact.
    var tail = p * x * square
    tail = tail.addingProduct(exponent, SIMD16(repeating: -2.121_944_4e-4))
    tail = tail.addingProduct(square, SIMD16(repeating: -0.5))
    return (x + tail).addingProduct(exponent, SIMD16(repeating: 0.693_359_375))
  }

  /// Sine and cosine of 2 pi t / 2^32 for each lane t; absolute error below 2e-7.
  @inlinable
  public static func sineAndCosine(
    ofTurns turns: SIMD16<UInt32>
  ) -> (sine: SIMD16<Float>, cosine: SIMD16<Float>) {
    // The nearest quarter turn is taken off exactly, in integers; |angle| <= pi / 4 remains.
    let quarter = (turns &+ 0x2000_0000) &>> 30
    let rest = unsafeBitCast(turns &- (quarter &<< 30), to: SIMD16<Int32>.self)
    let angle = synfire_float_from_int32(rest) * Float(2 * Double.pi * 0x1p-32)
    let square = angle * angle
    var s = SIMD16<Float>(repeating: -1.951_529_589_1e-4)
    s = SIMD16(repeating: 8.332_160_873_6e-3).addingProduct(s, square)
    s = SIMD16(repeating: -1.666_665_461_1e-1).addingProduct(s, square)
    let sine = angle.addingProduct(s * square, angle)
    var c = SIMD16<Float>(repeating: 2.443_315_711_809_948e-5)
    c = SIMD16(repeating: -1.388_731_625_493_765e-3).addingProduct(c, square)
    c = SIMD16(repeating: 4.166_664_568_298_827e-2).addingProduct(c, square)
    let cosine = SIMD16(repeating: 1).addingProduct(square, SIMD16(repeating: -0.5))
      .addingProduct(c * square, square)
    let swaps = (quarter & 1) .!= 0
    let sineSign = (quarter & 2) &<< 30
    let cosineSign = ((quarter &+ 1) & 2) &<< 30
    @inline(__always)
    func signed(_ value: SIMD16<Float>, _ sign: SIMD16<UInt32>) -> SIMD16<Float> {
      unsafeBitCast(unsafeBitCast(value, to: SIMD16<UInt32>.self) ^ sign, to: SIMD16<Float>.self)
    }
    return (
      signed(sine.replacing(with: cosine, where: swaps), sineSign),
      signed(cosine.replacing(with: sine, where: swaps), cosineSign)
    )
  }
}
