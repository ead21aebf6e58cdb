import SynfireCore

/// Adjoints of the postsynaptic drive for the last 64 steps, [trial, step % 64, postsynaptic padded]: the
/// steps of a trial lie together, so that sums over time stay in the first cache.
///
/// Connections of several latencies may share one ring: each counts the steps of its activity, the row of which is
/// that of the drive `shift` steps later.
public struct AdjointRing {
  let base: UnsafeMutablePointer<Float>
  /// From 0 to 63.
  let shift: Int
  /// Floats between steps and between trials.
  let stepStride: Int
  let trialStride: Int

  init(base: UnsafeMutablePointer<Float>, rowLength: Int, shift: Int = 0) {
    self.base = base
    self.shift = shift & 63
    stepStride = spreadStride(rowLength)
    trialStride = Self.trialStride(rowLength: rowLength)
  }

  /// One step only, with the trials `trialStride` apart.
  init(step: UnsafeMutablePointer<Float>, trialStride: Int) {
    base = step
    shift = 0
    stepStride = 0
    self.trialStride = trialStride
  }

  /// A row more than the 64 steps need, so that trials do not fall on the same lines of the cache.
  private static func trialStride(rowLength: Int) -> Int { 65 * spreadStride(rowLength) }

  /// Floats that a ring needs.
  static func count(rowLength: Int, trials: Int) -> Int {
    trials * trialStride(rowLength: rowLength) + 128
  }

  func row(_ step: Int, _ trial: Int) -> UnsafeMutablePointer<Float> {
    base + ((step &+ shift) & 63) * stepStride + trial * trialStride
  }

  /// Calls `body` for the parts of an aligned group of steps whose rows lie one after another, in order.
  @inline(__always)
  func forEachRun(of times: Range<Int>, _ body: (Range<Int>) -> Void) {
    let end = ((times.upperBound - 1) | 63) + 1 - shift
    let middle = min(max(end, times.lowerBound), times.upperBound)
    if middle > times.lowerBound { body(times.lowerBound..<middle) }
    if middle < times.upperBound { body(middle..<times.upperBound) }
  }

  /// Bits of steps, each moved to the place of its row.
  func places(ofSteps bits: UInt64) -> UInt64 {
    // A shift by 64 leaves nothing.
    bits << UInt64(shift) | bits >> UInt64(64 - shift)
  }

  func vectors(_ step: Int, _ trial: Int) -> UnsafeMutablePointer<SIMD16<Float>> {
    UnsafeMutableRawPointer(row(step, trial)).assumingMemoryBound(to: SIMD16<Float>.self)
  }

  /// Writes a step of all trials: rows of `vectors` vectors, `stride` vectors apart, passed back through a filter if
  /// there is one.
  func write(
    _ step: Int, _ rows: UnsafePointer<SIMD16<Float>>, stride: Int, trials: Int, vectors: Int,
    filter: ExponentialFilter<SIMD16<Float>>?,
    _ states: UnsafeMutablePointer<ExponentialFilter<SIMD16<Float>>.State>
  ) {
    for trial in 0..<trials {
      let target = self.vectors(step, trial)
      let source = rows + trial * stride
      if let filter {
        filter.adjointStep(states + trial * vectors, source, count: vectors, into: target)
      } else {
        target.update(from: source, count: vectors)
      }
    }
  }
}
