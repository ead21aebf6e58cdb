/// Transposes a matrix of 64 x 64 bits in place: bit j of word i becomes bit i of word j.
///
/// Six rounds swap blocks of 32, 16, ... 1 bits across the diagonal (Warren, "Hacker's Delight",
/// section 7-3), all in registers: the rounds of 32, 16 and 8 swap with another vector of eight words,
/// the others with another word of the same vector.
///
/// - Parameter words: 64 words, of any alignment that `UInt64` has.
@inlinable
public func transpose64(_ words: UnsafeMutablePointer<UInt64>) {
  let memory = UnsafeMutableRawPointer(words)
  var (a, b, c, d) = (vector(memory, 0), vector(memory, 1), vector(memory, 2), vector(memory, 3))
  var (e, f, g, h) = (vector(memory, 4), vector(memory, 5), vector(memory, 6), vector(memory, 7))
  swapBlocks(&a, &e, distance: 32, mask: 0x0000_0000_ffff_ffff)
  swapBlocks(&b, &f, distance: 32, mask: 0x0000_0000_ffff_ffff)
  swapBlocks(&c, &g, distance: 32, mask: 0x0000_0000_ffff_ffff)
  swapBlocks(&d, &h, distance: 32, mask: 0x0000_0000_ffff_ffff)
  swapBlocks(&a, &c, distance: 16, mask: 0x0000_ffff_0000_ffff)
  swapBlocks(&b, &d, distance: 16, mask: 0x0000_ffff_0000_ffff)
  swapBlocks(&e, &g, distance: 16, mask: 0x0000_ffff_0000_ffff)
  swapBlocks(&f, &h, distance: 16, mask: 0x0000_ffff_0000_ffff)
  swapBlocks(&a, &b, distance: 8, mask: 0x00ff_00ff_00ff_00ff)
  swapBlocks(&c, &d, distance: 8, mask: 0x00ff_00ff_00ff_00ff)
  swapBlocks(&e, &f, distance: 8, mask: 0x00ff_00ff_00ff_00ff)
  swapBlocks(&g, &h, distance: 8, mask: 0x00ff_00ff_00ff_00ff)
  store(a, memory, 0)
  store(b, memory, 1)
  store(c, memory, 2)
  store(d, memory, 3)
  store(e, memory, 4)
  store(f, memory, 5)
  store(g, memory, 6)
  store(h, memory, 7)
}

@inlinable
@inline(__always)
func vector(_ memory: UnsafeMutableRawPointer, _ index: Int) -> SIMD8<UInt64> {
  memory.loadUnaligned(fromByteOffset: index &* 64, as: SIMD8<UInt64>.self)
}

@inlinable
@inline(__always)
func store(_ vector: SIMD8<UInt64>, _ memory: UnsafeMutableRawPointer, _ index: Int) {
  memory.storeBytes(
    of: swappedWithin(vector), toByteOffset: index &* 64, as: SIMD8<UInt64>.self)
}

/// Swaps the upper right with the lower left block of every square of `2 * distance` bits, whose upper
/// rows are in one vector and whose lower rows are in the other; `mask` has the lower `distance` bits
/// of each square.
@inlinable
@inline(__always)
func swapBlocks(
  _ upper: inout SIMD8<UInt64>, _ lower: inout SIMD8<UInt64>, distance: UInt64, mask: UInt64
) {
  let distance = SIMD8<UInt64>(repeating: distance)
  let change = ((upper &>> distance) ^ lower) & SIMD8(repeating: mask)
  upper ^= change &<< distance
  lower ^= change
}

/// The rounds of 4, 2 and 1 bits.
@inlinable
@inline(__always)
func swappedWithin(_ rows: SIMD8<UInt64>) -> SIMD8<UInt64> {
  let all = ~UInt64(0)
  var v = rows
  v = swapped(
    v, with: SIMD8(v[4], v[5], v[6], v[7], v[0], v[1], v[2], v[3]),
    isLower: SIMD8(0, 0, 0, 0, all, all, all, all), distance: 4, mask: 0x0f0f_0f0f_0f0f_0f0f)
  v = swapped(
    v, with: SIMD8(v[2], v[3], v[0], v[1], v[6], v[7], v[4], v[5]),
    isLower: SIMD8(0, 0, all, all, 0, 0, all, all), distance: 2, mask: 0x3333_3333_3333_3333)
  return swapped(
    v, with: SIMD8(v[1], v[0], v[3], v[2], v[5], v[4], v[7], v[6]),
    isLower: SIMD8(0, all, 0, all, 0, all, 0, all), distance: 1, mask: 0x5555_5555_5555_5555)
}

/// Rows that take the blocks of their partners: upper rows move those to the left by the distance, lower
/// rows (all ones in `isLower`; as words, which are folded into constants) to the right.
@inlinable
@inline(__always)
func swapped(
  _ rows: SIMD8<UInt64>, with partners: SIMD8<UInt64>, isLower: SIMD8<UInt64>,
  distance: UInt64, mask: UInt64
) -> SIMD8<UInt64> {
  let distance = SIMD8<UInt64>(repeating: distance)
  let moved = (partners &<< (distance & ~isLower)) &>> (distance & isLower)
  let kept = isLower ^ SIMD8(repeating: mask)
  return (rows & kept) | (moved & ~kept)
}
