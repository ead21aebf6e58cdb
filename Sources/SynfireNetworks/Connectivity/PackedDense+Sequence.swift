import CIntrinsics
import SynfireCore

/// Drives of many steps at once, for spikes that are known beforehand.
///
/// A channel that spikes at most steps is counted by its silences: its row is added once to a base that
/// all steps of the trial share, and taken away at the steps without a spike. A channel of p spikes in S
/// steps then costs min(p, S - p + 1) rows instead of p. (Of rate-coded digits, in which most strokes are
/// close to white, 4.8 times fewer; with at most S / 2 rows a channel, and S / 8 on average there, tables
/// of all sums of four rows, of which every step would look up one, cost more than they save.)
extension PackedDense {
  /// drives[trial, time % 64] = weights times the activity at each of `times`, at most 64 steps within one
  /// aligned group of 64; or false, with nothing written, where no channel of any trial spikes at most
  /// steps, so that going step by step costs no more.
  ///
  /// The numbers of a trial depend on its own spikes only: where no channel spikes at most steps, they
  /// are those of `propagate`.
  func propagate(
    _ activity: BlockActivity, times: Range<Int>, trials: Int, into drives: AdjointRing,
    _ workspace: ConnectivityWorkspace
  ) -> Bool {
    guard case .spikes(let words, let timeStride, let trialStride) = activity else { return false }
    func block(_ trial: Int) -> SpikeBlock {
      SpikeBlock(
        words: words + times.lowerBound * timeStride + trial * trialStride, stride: timeStride,
        steps: times.count, wordCount: wordCount)
    }
    guard (0..<trials).contains(where: { block($0).mayHaveFrequentChannels }) else { return false }
    let masks = workspace.words.pointer
    var any: UInt64 = 0
    for trial in 0..<trials { any |= block(trial).survey(into: masks + 2 * trial * wordCount) }
    guard any != 0 else { return false }
    for trial in 0..<trials {
      sum(
        block(trial), masks: masks + 2 * trial * wordCount,
        compacted: masks + 2 * trials * wordCount, into: drives.row(times.lowerBound, trial),
        stride: drives.stepStride, workspace)
    }
    return true
  }

  /// Words that the workspace of a block holds: two masks a trial and one row of spikes; or, for the
  /// gradient, the rows of 64 steps.
  func sequenceWords(trials: Int) -> Int { max(2 * trials + 1, 64) * wordCount }

  /// Floats of scratch: the base, and a sign for each channel.
  var sequenceScratch: Int { rowLength + presynapticLength }

  var wordCount: Int { (presynaptic + 63) >> 6 }

  /// The drives of the steps of one trial.
  private func sum(
    _ block: SpikeBlock, masks: UnsafePointer<UInt64>, compacted: UnsafeMutablePointer<UInt64>,
    into drives: UnsafeMutablePointer<Float>, stride: Int, _ workspace: ConnectivityWorkspace
  ) {
    let base = workspace.scratch.pointer
    let signs = base + rowLength
    let offsets = workspace.offsets.pointer
    let (active, mostly) = (masks, masks + wordCount)
    let common = offsets + presynapticLength
    // The active channels of the trial, close together.
    var (count, commonCount) = (0, 0)
    for word in 0..<wordCount {
      var rest = active[word]
      while rest != 0 {
        let bit = rest.trailingZeroBitCount
        let offset = (word << 6 &+ bit) &* rowStride
        offsets[count] = Int32(truncatingIfNeeded: offset)
        let isMostly = mostly[word] >> UInt64(bit) & 1 != 0
        signs[count] = isMostly ? -1 : 1
        common[commonCount] = offsets[count]
        commonCount &+= isMostly ? 1 : 0
        count &+= 1
        rest &= rest &- 1
      }
    }
    base.update(repeating: 0, count: rowLength)
    RowKernels.add(
      rows.pointer, common, commonCount, into: base, vectors: rowLength / 16)
    for step in 0..<block.steps {
      block.compact(step, active: active, flipped: mostly, into: compacted)
      RowKernels.sum(
        rows.pointer, offsets, signs: signs, ofSetBits: compacted, count: (count + 63) >> 6,
        base: base, into: drives + step * stride, vectors: rowLength / 16)
    }
  }
}

/// Spikes of some steps of one trial: rows of words, `stride` apart.
private struct SpikeBlock {
  let words: UnsafePointer<UInt64>
  let stride: Int
  /// At most 64.
  let steps: Int
  let wordCount: Int

  /// False where no channel spikes at most steps, since none does at three of four that follow each other.
  var mayHaveFrequentChannels: Bool {
    guard steps % 4 == 0 else { return true }
    var any: UInt64 = 0
    for step in Swift.stride(from: 0, to: steps, by: 4) {
      let row = words + step * stride
      for word in 0..<wordCount {
        let (a, b) = (row[word], row[stride + word])
        let (c, d) = (row[2 * stride + word], row[3 * stride + word])
        any |= a & b & (c | d) | c & d & (a | b)
      }
    }
    return any != 0
  }

  /// Writes which channels spike at all and, after these words, which spike at so many steps that their
  /// silences and one more are fewer; returns whether there is one of the latter, as any bit.
  @inline(__always)
  func survey(into masks: UnsafeMutablePointer<UInt64>) -> UInt64 {
    let mostly = masks + wordCount
    var any: UInt64 = 0
    guard wordCount >= 8 else {
      for word in 0..<wordCount {
        (masks[word], mostly[word]) = survey { words[$0 * stride + word] }
        any |= mostly[word]
      }
      return any
    }
    for group in Swift.stride(from: 0, to: wordCount, by: 8) {
      // The last eight words overlap those before.
      let start = min(group, wordCount - 8)
      let (active, many) = survey {
        UnsafeRawPointer(words + $0 * stride + start).loadUnaligned(as: SIMD8<UInt64>.self)
      }
      for word in 0..<8 {
        masks[start + word] = active[word]
        mostly[start + word] = many[word]
        any |= many[word]
      }
    }
    return any
  }

  /// The two masks of one word, or of some side by side: bit by bit, the spikes are counted in a number
  /// of seven digits that starts so that 64 means too many.
  @inline(__always)
  private func survey<Word: BitWord>(_ word: (Int) -> Word) -> (active: Word, mostly: Word) {
    let start = 64 - ((steps + 1) / 2 + 1)
    func digit(_ place: Int) -> Word { Word(digit: start >> place & 1 != 0) }
    var (a, b, c, d) = (digit(0), digit(1), digit(2), digit(3))
    var (e, f, g) = (digit(4), digit(5), digit(6))
    // In a loop of its own, which waits for the far rows of all steps at once.
    var active = Word(digit: false)
    for step in 0..<steps { active |= word(step) }
    for step in 0..<steps {
      var carry = word(step)
      (a, carry) = (a ^ carry, a & carry)
      (b, carry) = (b ^ carry, b & carry)
      (c, carry) = (c ^ carry, c & carry)
      (d, carry) = (d ^ carry, d & carry)
      (e, carry) = (e ^ carry, e & carry)
      (f, carry) = (f ^ carry, f & carry)
      g |= carry
    }
    return (active, g)
  }

  /// The bits of a step at the active channels, next to each other, flipped where `flipped` is set.
  @inline(__always)
  func compact(
    _ step: Int, active: UnsafePointer<UInt64>, flipped: UnsafePointer<UInt64>,
    into compacted: UnsafeMutablePointer<UInt64>
  ) {
    let row = words + step * stride
    var (found, filled, written) = (UInt64(0), UInt64(0), 0)
    for word in 0..<wordCount {
      let mask = active[word]
      let bits = synfire_extract_bits(row[word] ^ flipped[word], mask)
      let added = UInt64(mask.nonzeroBitCount)
      found |= bits << filled
      compacted[written] = found
      guard filled + added >= 64 else {
        filled += added
        continue
      }
      written += 1
      // A shift by 64 leaves nothing.
      found = bits >> (64 - filled)
      filled = filled + added - 64
      if filled != 0 { compacted[written] = found }
    }
  }
}

/// Words whose bits are counted side by side.
private protocol BitWord {
  init(digit: Bool)
  static func & (a: Self, b: Self) -> Self
  static func ^ (a: Self, b: Self) -> Self
  static func |= (a: inout Self, b: Self)
}

extension UInt64: BitWord {
  @inline(__always)
  fileprivate init(digit: Bool) { self = digit ? ~0 : 0 }
}

extension SIMD8<UInt64>: BitWord {
  @inline(__always)
  fileprivate init(digit: Bool) { self.init(repeating: digit ? ~0 : 0) }
}
