import CIntrinsics
import SynfireCore

/// The gradient of dense weights: for each presynaptic neuron the sum of the adjoint drives at its spikes.
extension PackedDense {
  func accumulate(
    _ activity: BlockActivity, times: Range<Int>, trials: Int, _ adjoint: AdjointRing,
    _ workspace: ConnectivityWorkspace
  ) {
    switch activity {
    case .spikes(let words, let timeStride, let trialStride):
      let spikes = TurnedSpikes(
        words: workspace.words.pointer, wordCount: wordCount, trials: trials)
      let (total, most) = spikes.turn(
        words, timeStride: timeStride, trialStride: trialStride, times: times)
      guard total > 0 else { return }
      guard 2 * most > times.count + 1 else {
        return addRows(spikes, total, adjoint, workspace)
      }
      for trial in 0..<trials {
        accumulate(
          words + trial * trialStride, timeStride: timeStride, times: times, adjoint,
          trial: trial, workspace)
      }
    case .analog(let values, let timeStride, let trialStride):
      for trial in 0..<trials {
        adjoint.forEachRun(of: times) { times in
          RowKernels.addOuter(
            adjoint.row(times.lowerBound, trial), stride: adjoint.stepStride, count: times.count,
            scales: values + times.lowerBound * timeStride + trial * trialStride,
            scaleStride: timeStride, channels: presynaptic, into: workspace.gradient.pointer,
            destinationStride: rowStride, vectors: rowLength / 16)
        }
      }
    }
  }

  /// Adds the rows of the adjoint at which each presynaptic neuron spiked, for one trial; of a neuron
  /// that spiked at most steps, the sum of all rows without those at which it was silent.
  private func accumulate(
    _ words: UnsafePointer<UInt64>, timeStride: Int, times: Range<Int>, _ ring: AdjointRing,
    trial: Int, _ workspace: ConnectivityWorkspace
  ) {
    let adjoint = ring.base + trial * ring.trialStride
    let gradient = workspace.gradient.pointer
    let total = workspace.scratch.pointer
    // The rows of the trial lie far apart, often on few lines of the first cache.
    let gathered = workspace.words.pointer
    for (slot, time) in times.enumerated() {
      (gathered + slot * wordCount).update(from: words + time * timeStride, count: wordCount)
    }
    let all = ring.places(
      ofSteps: (~UInt64(0) >> UInt64(64 - times.count)) << UInt64(times.lowerBound & 63))
    var hasTotal = false
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 64) { turned in
      let columns = turned.baseAddress!
      for word in 0..<wordCount {
        var any: UInt64 = 0
        if times.count < 64 { for slot in 0..<64 { columns[slot] = 0 } }
        let first = columns + times.lowerBound & 63
        for slot in 0..<times.count {
          let bits = gathered[slot * wordCount + word]
          first[slot] = bits
          any |= bits
        }
        guard any != 0 else { continue }
        transpose64(columns)
        for bit in 0..<min(64, presynaptic - word << 6) where columns[bit] != 0 {
          let spikes = ring.places(ofSteps: columns[bit])
          let isMostly = 2 * spikes.nonzeroBitCount > times.count + 1
          if isMostly, !hasTotal {
            total.update(repeating: 0, count: rowLength)
            RowKernels.add(
              adjoint, stride: ring.stepStride, bits: all, into: total, vectors: rowLength / 16)
            hasTotal = true
          }
          RowKernels.add(
            adjoint, stride: ring.stepStride, bits: isMostly ? all & ~spikes : spikes,
            outOf: isMostly ? UnsafePointer(total) : nil,
            into: gradient + (word << 6 + bit) * rowStride, vectors: rowLength / 16)
        }
      }
    }
  }

  /// Words that the workspace of a block holds for spikes by neuron.
  func turnedWords(trials: Int) -> Int { wordCount * trials * 64 }

  /// Adds the rows of the adjoint at which each presynaptic neuron spiked, for all trials together: the
  /// rows of a tile of columns stay in the cache, and each row of the gradient is read once.
  private func addRows(
    _ spikes: TurnedSpikes, _ total: Int, _ adjoint: AdjointRing, _ workspace: ConnectivityWorkspace
  ) {
    let ends = workspace.list(count: presynaptic + total + 16)
    let offsets = ends + presynaptic
    let stride = Int32(truncatingIfNeeded: adjoint.stepStride)
    // The last steps of the group lie before the others.
    let wrapped = 64 - adjoint.shift
    let late = ~UInt64(0) << UInt64(wrapped)
    var found = 0
    for neuron in 0..<presynaptic {
      for trial in 0..<spikes.trials {
        let steps = spikes.steps(neuron, trial)
        let first = Int32(truncatingIfNeeded: trial &* adjoint.trialStride)
        found &+= synfire_places_of_bits(
          steps & ~late, first &+ Int32(truncatingIfNeeded: adjoint.shift) &* stride, stride,
          offsets + found)
        guard steps & late != 0 else { continue }
        found &+= synfire_places_of_bits(
          steps >> UInt64(wrapped), first, stride, offsets + found)
      }
      ends[neuron] = Int32(truncatingIfNeeded: found)
    }
    RowKernels.add(
      adjoint.base, offsets, ends: ends, lists: presynaptic, into: workspace.gradient.pointer,
      stride: rowStride, vectors: rowLength / 16)
  }
}

/// Spikes of up to 64 steps of a block, turned so that the steps of a neuron in a trial are one word:
/// [word of neurons][trial][neuron in word].
private struct TurnedSpikes {
  let words: UnsafeMutablePointer<UInt64>
  let wordCount: Int
  let trials: Int

  /// The steps at which a neuron spiked, step t at bit t % 64.
  @inline(__always)
  func steps(_ neuron: Int, _ trial: Int) -> UInt64 {
    words[((neuron >> 6) &* trials &+ trial) << 6 &+ neuron & 63]
  }

  /// Takes over the spikes; returns their number, and the most that a neuron has in a trial.
  func turn(
    _ source: UnsafePointer<UInt64>, timeStride: Int, trialStride: Int, times: Range<Int>
  ) -> (total: Int, most: Int) {
    var (total, most) = (0, 0)
    for word in 0..<wordCount {
      for trial in 0..<trials {
        let block = words + (word * trials + trial) << 6
        if times.count < 64 { block.update(repeating: 0, count: 64) }
        let first = block + times.lowerBound & 63
        let row = source + times.lowerBound * timeStride + trial * trialStride + word
        for slot in 0..<times.count { first[slot] = row[slot &* timeStride] }
        transpose64(block)
        for neuron in 0..<64 {
          let count = block[neuron].nonzeroBitCount
          total &+= count
          most = max(most, count)
        }
      }
    }
    return (total, most)
  }
}
