import SynfireCore

/// Where the synapses of a connection act, in the rings of `SynapseLanePath`: what depends on sizes and
/// delays only, not on weights.
final class SynapseMap: Sendable {
  let presynaptic: Int
  let postsynaptic: Int
  let largestDelay: Int
  /// Rows of rings are two to this number vectors apart.
  let rowShift: Int
  /// [postsynaptic, presynaptic]; nil where all are 0.
  private let delays: [Int]?
  /// Which of sixteen postsynaptic neurons have a delay [postsynaptic vector, presynaptic, delay]; none
  /// without delays.
  let masks: AlignedBuffer<UInt16>

  /// Delays whose sums are held in registers together.
  static let delaysTogether = 10

  init(presynaptic: Int, postsynaptic: Int, delays: [Int]?) {
    self.presynaptic = presynaptic
    self.postsynaptic = postsynaptic
    self.delays = delays
    largestDelay = delays?.max() ?? 0
    rowShift = Self.exponent(postsynaptic)
    let row = delays == nil ? 0 : Self.paddedDelays(largestDelay)
    masks = AlignedBuffer(count: paddedToLanes(postsynaptic) / 16 * presynaptic * row)
    guard let delays else { return }
    for post in 0..<postsynaptic {
      for pre in 0..<presynaptic {
        let place = (post >> 4 * presynaptic + pre) * row + delays[post * presynaptic + pre]
        masks.pointer[place] |= 1 << UInt16(post & 15)
      }
    }
  }

  /// Vectors of sixteen postsynaptic neurons.
  var vectors: Int { paddedToLanes(postsynaptic) / 16 }

  /// Delays of a row of `masks`, a multiple of those that are summed together; 0 without delays.
  var maskRow: Int { delays == nil ? 0 : Self.paddedDelays(largestDelay) }

  private static func paddedDelays(_ largest: Int) -> Int {
    (largest + delaysTogether) / delaysTogether * delaysTogether
  }

  /// Where a synapse acts, from the row of the step that its presynaptic spike reaches without delay.
  func offset(_ post: Int, _ pre: Int) -> Int {
    (delays?[post * presynaptic + pre] ?? 0) << rowShift + post
  }

  /// The rows of a ring, a power of two, that hold so many steps and the delays.
  func ringRows(steps: Int) -> Int { 1 << Self.exponent(steps + largestDelay) }

  /// The least e of which 2^e is at least `count`.
  private static func exponent(_ count: Int) -> Int {
    count <= 1 ? 0 : Int.bitWidth - (count - 1).leadingZeroBitCount
  }
}
