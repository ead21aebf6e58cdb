import SynfireCore

/// What is kept of all steps of a block of trials so that their tapes are found again when it is run back.
///
/// There is room for a number of every neuron at every step, of which large networks use only what is needed: the rest
/// is memory that is never touched.
final class KeptNumbers {
  /// [time][trial][vector], in rows as those of spikes.
  private let lanes: AlignedBuffer<UInt16>
  private let numbers: AlignedBuffer<Float>
  /// Groups of lanes of a step.
  private let row: Int
  /// Where the numbers of each segment start.
  private var starts: [Int] = []
  private var used = 0

  init(_ size: SweepSize) {
    row = size.trials * size.words * 4
    lanes = AlignedBuffer(count: size.steps * row)
    numbers = AlignedBuffer(count: Self.numbers(size))
  }

  static func byteCount(_ size: SweepSize) -> Int {
    2 * size.steps * size.trials * size.words * 4 + 4 * numbers(size)
  }

  var byteCount: Int { lanes.byteCount + numbers.byteCount }

  /// Sixteen may be written past the last.
  private static func numbers(_ size: SweepSize) -> Int {
    size.steps * size.trials * size.rowLength + 16
  }

  /// Forgets what was kept.
  func begin() {
    starts.removeAll(keepingCapacity: true)
    used = 0
  }

  /// Notes that the next step is the first of the next segment.
  func beginSegment() { starts.append(used) }

  /// Gives back the memory of the numbers, which are no longer needed.
  func returnPages() { _ = numbers.returnPages() }

  /// Goes back to the first step of a segment.
  func go(to segment: Int) { used = starts[segment] }

  /// Calls `body` with what is kept of a step, or will be; steps come one after another.
  func withStep(_ time: Int, _ body: (KeptStep) -> UnsafeMutablePointer<Float>) {
    let end = body(KeptStep(lanes: lanes.pointer + time * row, numbers: numbers.pointer + used))
    used = end - numbers.pointer
  }
}
