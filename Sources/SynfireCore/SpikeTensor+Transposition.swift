/// Transposes a matrix of 64 x 64 bits in place: bit j of word i becomes bit i of word j.
///
/// Six rounds swap blocks of 32, 16, ... 1 bits across the diagonal (Warren, "Hacker's Delight",
/// section 7-3); the rounds of 32, 16 and 8 move whole vectors of words.
///
/// - Parameter words: 64 words, of any alignment that `UInt64` has.
@inlinable
public func transpose64(_ words: UnsafeMutablePointer<UInt64>) {
  swapBlocks(words, distance: 32, mask: 0x0000_0000_ffff_ffff)
  swapBlocks(words, distance: 16, mask: 0x0000_ffff_0000_ffff)
  swapBlocks(words, distance: 8, mask: 0x00ff_00ff_00ff_00ff)
  swapBlocks(words, distance: 4, mask: 0x0f0f_0f0f_0f0f_0f0f)
  swapBlocks(words, distance: 2, mask: 0x3333_3333_3333_3333)
  swapBlocks(words, distance: 1, mask: 0x5555_5555_5555_5555)
}

/// Swaps the upper right with the lower left block of every square of `2 * distance` bits; `mask`
/// has the lower `distance` bits of each square.
@inlinable
@inline(__always)
func swapBlocks(_ words: UnsafeMutablePointer<UInt64>, distance: Int, mask: UInt64) {
  let shift = UInt64(distance)
  for square in stride(from: 0, to: 64, by: 2 &* distance) {
    for row in square..<(square &+ distance) {
      let upper = words[row]
      let lower = words[row &+ distance]
      let change = ((upper &>> shift) ^ lower) & mask
      words[row] = upper ^ (change &<< shift)
      words[row &+ distance] = lower ^ change
    }
  }
}
