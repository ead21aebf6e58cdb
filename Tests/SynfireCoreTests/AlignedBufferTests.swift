import SynfireCore
import Testing

@Suite struct AlignedBufferTests {
  /// Below, at and above the sizes from which memory comes in pages and in large pages.
  private static let bytes = [
    0, 4, 4 << 10, (1 << 20) - 64, 1 << 20, (1 << 20) + 4, (2 << 20) - 4, 2 << 20, (5 << 20) + 68,
  ]

  @Test(arguments: bytes)
  func memoryIsAlignedAndZeroAgainAndAgain(bytes: Int) {
    for _ in 0..<3 {
      let buffer = AlignedBuffer<Float>(count: bytes / 4)
      let values = UnsafeMutableBufferPointer(start: buffer.pointer, count: buffer.count)
      #expect(Int(bitPattern: buffer.pointer) % 64 == 0)
      #expect(values.allSatisfy { $0 == 0 })
      values.update(repeating: 1)
      let copy = buffer.copy()
      buffer.clear()
      #expect(values.allSatisfy { $0 == 0 })
      #expect((0..<copy.count).allSatisfy { copy.pointer[$0] == 1 })
    }
  }

  @Test func partsKeepTheirOwnerAlive() {
    var whole: AlignedBuffer<Float>? = AlignedBuffer(count: 1 << 20)
    whole!.pointer[1 << 19] = 7
    let part = AlignedBuffer(whole!, from: 1 << 19, count: 16)
    whole = nil
    #expect(part.pointer[0] == 7)
  }

  /// Rows lie on different lines, and every row has room.
  @Test func rowsOfPowersOfTwoAreSpread() {
    for length in stride(from: 16, through: 2048, by: 16) {
      let stride = spreadStride(length)
      #expect(stride >= length && stride % 16 == 0 && stride % 256 != 0)
    }
  }
}
