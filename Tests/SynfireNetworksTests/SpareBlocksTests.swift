import SynfireNetworks
import Testing

@Suite struct SpareBlocksTests {
  /// A sweep that restores more than it saved, update after update, keeps no more than it saved.
  @Test func keepsNoMoreThanWentOut() {
    var spare = SpareBlocks<Int>()
    for update in 0..<10 {
      for _ in 0..<3 {
        spare.handOut()
        #expect((spare.next() != nil) == (update > 0))
      }
      for block in 0..<5 { spare.takeBack(block) }
      #expect(spare.count == 3)
    }
  }

  @Test func blocksInUseElsewhereCountAsTakenBack() {
    var spare = SpareBlocks<Int>()
    for _ in 0..<4 {
      spare.handOut()
      spare.takeBack(nil)
    }
    for block in 0..<4 { spare.takeBack(block) }
    #expect(spare.count == 1)
  }
}
