/// Memory of blocks that a sweep took back, for the next that it hands out.
///
/// Sweeps restore what others saved, so that more may come back than went out: no more is kept than the sweep saved
/// in one go.
struct SpareBlocks<Block> {
  private var blocks: [Block] = []
  private var saved = 0
  private var isTakingBack = false

  /// Notes that a block was handed out.
  mutating func handOut() {
    if isTakingBack { (saved, isTakingBack) = (0, false) }
    saved += 1
  }

  /// Memory for another block, if there is some.
  mutating func next() -> Block? { blocks.popLast() }

  mutating func takeBack(_ block: Block) {
    isTakingBack = true
    if blocks.count < saved { blocks.append(block) }
  }
}
