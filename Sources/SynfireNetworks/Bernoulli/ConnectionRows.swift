import CIntrinsics
import SynfireCore

/// The recurrent connections by presynaptic neuron, a bit for each postsynaptic one, and the counts of the spikes
/// that they carry.
struct ConnectionRows {
  /// Neurons that excite, the first ones.
  private let excitatory: Int
  /// Words of a row: whole groups of four.
  private let rowLength: Int
  /// [presynaptic neuron, word].
  private let rows: AlignedBuffer<UInt64>
  /// [postsynaptic neuron].
  let counts: AlignedBuffer<Int8>
  /// More spikes are counted faster by columns; a byte holds up to 127 of either sign.
  let mostSpikes: Int

  init(neurons: Int, excitatory: Int) {
    self.excitatory = excitatory
    rowLength = (neurons + 255) / 256 * 4
    // Neurons come in words.
    rows = AlignedBuffer(count: (neurons + 63) / 64 * 64 * rowLength)
    counts = AlignedBuffer(count: 64 * rowLength)
    mostSpikes = min(127, neurons / (synfire_has_wide_registers() ? 8 : 5))
  }

  /// Takes connections in the order of `BernoulliPlaces`.
  func load(_ columns: UnsafePointer<SIMD16<UInt32>>, _ places: BernoulliPlaces) {
    let targets = UnsafeMutableRawPointer(rows.pointer).assumingMemoryBound(to: UInt16.self)
    for block in 0..<places.blocks {
      for half in 0..<places.halves {
        var bits = columns[block &* places.halves &+ half]
        for presynaptic in stride(from: 32 &* half &+ 31, through: 32 &* half, by: -1) {
          // The sign bit is that of the presynaptic neuron.
          targets[presynaptic &* 4 &* rowLength &+ block] = synfire_mask_bits(
            unsafeBitCast(bits, to: SIMD16<Int32>.self))
          bits = bits &<< 1
        }
      }
    }
  }

  /// Adds the rows of the neurons that have spiked, at most `mostSpikes`.
  func count(_ spikes: UnsafePointer<UInt64>) {
    for tile in stride(from: 0, to: rowLength, by: 4) {
      var (a, b, c, d) = (
        SIMD64<Int8>.zero, SIMD64<Int8>.zero, SIMD64<Int8>.zero, SIMD64<Int8>.zero
      )
      for word in 0..<rows.count / (64 &* rowLength) {
        let first = rows.pointer + (word &* 64 &* rowLength &+ tile)
        var rest = spikes[word]
        while rest != 0 {
          let neuron = rest.trailingZeroBitCount
          rest &= rest &- 1
          let row = first + neuron &* rowLength
          let sign: Int8 = word &* 64 &+ neuron < excitatory ? 1 : -1
          a = synfire_add_where(a, row[0], sign)
          b = synfire_add_where(b, row[1], sign)
          c = synfire_add_where(c, row[2], sign)
          d = synfire_add_where(d, row[3], sign)
        }
      }
      let target = UnsafeMutableRawPointer(counts.pointer + 64 &* tile)
        .assumingMemoryBound(to: SIMD64<Int8>.self)
      (target[0], target[1], target[2], target[3]) = (a, b, c, d)
    }
  }
}
