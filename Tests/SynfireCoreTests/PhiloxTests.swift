import SynfireCore
import Testing

@Suite struct PhiloxTests {
  /// The known-answer vectors that Random123 publishes for `philox4x32` with 10 rounds.
  @Test(arguments: [
    (
      SIMD4<UInt32>(repeating: 0), SIMD2<UInt32>(repeating: 0),
      SIMD4<UInt32>(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)
    ),
    (
      SIMD4<UInt32>(repeating: 0xffff_ffff), SIMD2<UInt32>(repeating: 0xffff_ffff),
      SIMD4<UInt32>(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
    ),
    (
      SIMD4<UInt32>(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
      SIMD2<UInt32>(0xa409_3822, 0x299f_31d0),
      SIMD4<UInt32>(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
    ),
  ])
  func knownAnswers(counter: SIMD4<UInt32>, key: SIMD2<UInt32>, expected: SIMD4<UInt32>) {
    #expect(Philox.block(counter: counter, key: key) == expected)
    let index = UInt64(counter.x) | UInt64(counter.y) << 32
    let words = Philox.words(index: index, counter2: counter.z, counter3: counter.w, key: key)
    #expect(words[0] == UInt64(expected.x) | UInt64(expected.y) << 32)
    #expect(words[1] == UInt64(expected.z) | UInt64(expected.w) << 32)
  }

  @Test(arguments: [0, 8, 0xffff_fffc, 0x1_0000_0000, UInt64.max - 3])
  func eightBlocksAreEightSingleOnes(index: UInt64) {
    let key = SIMD2<UInt32>(0x1234_5678, 0x9abc_def0)
    let words = Philox.words(index: index, counter2: 77, counter3: 0x8000_0001, key: key)
    for offset in 0..<8 {
      let counter = index &+ UInt64(offset)
      let block = Philox.block(
        counter: SIMD4(
          UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32), 77,
          0x8000_0001),
        key: key)
      #expect(words[2 * offset] == UInt64(block.x) | UInt64(block.y) << 32)
      #expect(words[2 * offset + 1] == UInt64(block.z) | UInt64(block.w) << 32)
    }
  }
}
