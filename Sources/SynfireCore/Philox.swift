import CIntrinsics

/// The counter-based generator Philox4x32 with ten rounds.
///
/// A block of four 32-bit words is a pure function of a 128-bit counter and a 64-bit key: nothing is
/// drawn in sequence, so any number can be had without the ones before it.
///
/// Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
public enum Philox {
  /// The block of one counter.
  @inlinable
  public static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var (c0, c1, c2, c3) = (counter.x, counter.y, counter.z, counter.w)
    var (k0, k1) = (key.x, key.y)
    for _ in 0..<10 {
      let product0 = 0xD251_1F53 * UInt64(c0)
      let product1 = 0xCD9E_8D57 * UInt64(c2)
      (c0, c1, c2, c3) = (
        UInt32(truncatingIfNeeded: product1 >> 32) ^ c1 ^ k0,
        UInt32(truncatingIfNeeded: product1),
        UInt32(truncatingIfNeeded: product0 >> 32) ^ c3 ^ k1,
        UInt32(truncatingIfNeeded: product0)
      )
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
    return SIMD4(c0, c1, c2, c3)
  }

  /// The blocks of eight counters that differ in their first 64 bits only: `index` to `index + 7`.
  ///
  /// Word `2 b` of the result holds words 0 and 1 of block `b` (word 0 in the low half), word
  /// `2 b + 1` its words 2 and 3.
  @inlinable
  public static func words(
    index: UInt64, counter2: UInt32, counter3: UInt32, key: SIMD2<UInt32>
  ) -> SIMD16<UInt64> {
    synfire_philox(index, counter2, counter3, key.x, key.y)
  }
}
