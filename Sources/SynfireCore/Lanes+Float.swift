import CIntrinsics

extension SIMD16: Lanes where Scalar == Float {
  public typealias Mask = FloatLaneMask

  @inlinable @inline(__always)
  public static var laneCount: Int { 16 }

  @inlinable @inline(__always)
  public func replacing(with other: SIMD16<Float>, where mask: FloatLaneMask) -> SIMD16<Float> {
    replacing(with: other, where: mask.lanes)
  }

  @inlinable @inline(__always)
  public func isGreater(than other: SIMD16<Float>) -> FloatLaneMask {
    FloatLaneMask(self .> other)
  }

  @inlinable @inline(__always)
  public func maximum(_ other: SIMD16<Float>) -> SIMD16<Float> {
    replacing(with: other, where: other .> self)
  }

  @inlinable @inline(__always)
  public func minimum(_ other: SIMD16<Float>) -> SIMD16<Float> {
    replacing(with: other, where: other .< self)
  }

  @inlinable @inline(__always)
  public var magnitude: SIMD16<Float> {
    unsafeBitCast(
      unsafeBitCast(self, to: SIMD16<UInt32>.self) & 0x7fff_ffff, to: SIMD16<Float>.self)
  }

  /// e to the power of each lane, within 2 units in the last place; 0 below -87.3, largest finite
  /// power above 88.3.
  @inlinable
  public func exponential() -> SIMD16<Float> {
    let clamped = maximum(SIMD16(repeating: -87.3)).minimum(SIMD16(repeating: 88.3))
    // x = n ln 2 + r with |r| <= ln 2 / 2; ln 2 is split so that n ln 2 is exact.
    // The sum with 1.5 * 2^23 is rounded to an integer, which is then its low bits: neither a
    // conversion, which would trap on NaN, nor a rounding instruction is needed.
    let shifter = SIMD16<Float>(repeating: 0x1.8p23)
    let shifted = shifter.addingProduct(clamped, SIMD16(repeating: 1.442_695_04))
    let n = shifted - shifter
    let r = clamped.addingProduct(n, SIMD16(repeating: -0.693_359_375))
      .addingProduct(n, SIMD16(repeating: 2.121_944_4e-4))
    var p = SIMD16<Float>(repeating: 1.987_569_15e-4)
    p = SIMD16(repeating: 1.398_199_95e-3).addingProduct(p, r)
    p = SIMD16(repeating: 8.333_451_9e-3).addingProduct(p, r)
    p = SIMD16(repeating: 4.166_579_6e-2).addingProduct(p, r)
    p = SIMD16(repeating: 1.666_666_55e-1).addingProduct(p, r)
    p = SIMD16(repeating: 5.000_000_1e-1).addingProduct(p, r)
    let series = (r + 1).addingProduct(p, r * r)
    let power = unsafeBitCast(shifted, to: SIMD16<UInt32>.self) &+ 127
    let scale = unsafeBitCast(power &<< 23, to: SIMD16<Float>.self)
    let result = series * scale
    return result.replacing(with: SIMD16(repeating: 0), where: self .< -87.3)
  }

  /// The hyperbolic tangent of each lane, absolute error below 2e-7.
  @inlinable
  public func hyperbolicTangent() -> SIMD16<Float> {
    let size = magnitude
    // Near zero the quotient below cancels; a short odd series is exact to rounding there.
    let square = self * self
    var series = SIMD16<Float>(repeating: -0.053_968_254)
    series = SIMD16(repeating: 0.133_333_33).addingProduct(series, square)
    series = SIMD16(repeating: -0.333_333_33).addingProduct(series, square)
    let small = addingProduct(self * square, series)
    let decay = (size * -2).exponential()
    let ratio = (1 - decay) / (1 + decay)
    let large = ratio.replacing(with: 0 - ratio, where: self .< 0)
    return large.replacing(with: small, where: size .< 0.15)
  }

  @inlinable @inline(__always)
  public func reciprocal() -> SIMD16<Float> { synfire_reciprocal(self) }

  @inlinable @inline(__always)
  public func total() -> Float { sum() }

  /// The square root of each lane.
  @inlinable @inline(__always)
  public func roots() -> SIMD16<Float> { synfire_square_root(self) }

  public func mapped(_ function: (Double) -> Double) -> SIMD16<Float> {
    var result = self
    for lane in 0..<16 { result[lane] = Float(function(Double(self[lane]))) }
    return result
  }
}

/// A truth value for each of sixteen `Float` lanes.
public struct FloatLaneMask: LaneMask {
  public let lanes: SIMDMask<SIMD16<Int32>>

  @inlinable @inline(__always)
  public init(_ lanes: SIMDMask<SIMD16<Int32>>) { self.lanes = lanes }

  @inlinable @inline(__always)
  public init(bits: UInt16) {
    lanes = unsafeBitCast(synfire_lanes_of_bits(bits), to: SIMDMask<SIMD16<Int32>>.self)
  }

  @inlinable @inline(__always)
  public var bits: UInt16 { synfire_mask_bits(unsafeBitCast(lanes, to: SIMD16<Int32>.self)) }

  @inlinable @inline(__always)
  public func and(_ other: FloatLaneMask) -> FloatLaneMask { FloatLaneMask(lanes .& other.lanes) }

  @inlinable @inline(__always)
  public func or(_ other: FloatLaneMask) -> FloatLaneMask { FloatLaneMask(lanes .| other.lanes) }

  @inlinable @inline(__always)
  public func inverted() -> FloatLaneMask { FloatLaneMask(.!lanes) }
}
