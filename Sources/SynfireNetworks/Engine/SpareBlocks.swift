/// Memory of blocks that a sweep took back, for the next that it hands out.
///
/// Sweeps restore what others saved, so that more may come back than went out: no more is kept than the sweep handed
/// out in one go.
package struct SpareBlocks<Block> {
  private var blocks: [Block] = []
  private var handedOut = 0
  private var isTakingBack = false

  package init() {}

  package var count: Int { blocks.count }

  /// Notes that a block was handed out.
  package mutating func handOut() {
    if isTakingBack { (handedOut, isTakingBack) = (0, false) }
    handedOut += 1
  }

  /// Memory for another block, if there is some.
  package mutating func next() -> Block? { blocks.popLast() }

  /// Takes back what was in use when a block was restored; nil where nothing was.
  package mutating func takeBack(_ block: Block?) {
    isTakingBack = true
    if let block, blocks.count < handedOut { blocks.append(block) }
  }
}
