import CIntrinsics
import SynfireCore
import SynfireNetworks

/// Draws the connections of a population: each is there with its probability, independently, and is a pure
/// function of (seed, generation, member, place).
///
/// A connection of probability p is there when a random number of 32 bits is below floor(p 2^32). The numbers of
/// 1024 connections are drawn together, digit by digit, the most significant first, until every comparison is
/// decided: after 11 digits on average instead of 32. Digit k of the number of bit b of word w is bit b of
/// word w % 16 of the group 32 (w / 16) + k of the stream (seed, "connections", generation, member).
final class ConnectionSampler: Sendable {
  /// The binary digits of the thresholds [group, digit, word].
  private let digits: AlignedBuffer<UInt64>
  /// What has to be drawn, and what is there without.
  private let open: AlignedBuffer<UInt64>
  private let sure: AlignedBuffer<UInt64>
  /// The connections of the deterministic network: those of a probability above 0.5.
  let likely: AlignedBuffer<UInt64>

  /// Words by sixteen.
  let groups: Int

  init(_ probabilities: NamedTensors<Double>, _ layout: BitLayout) {
    groups = layout.words / 16
    digits = AlignedBuffer(count: groups * 32 * 16)
    open = AlignedBuffer(count: layout.words)
    sure = AlignedBuffer(count: layout.words)
    likely = AlignedBuffer(count: layout.words)
    for (tensor, places) in zip(layout.tensors, layout.places) {
      for (place, probability) in zip(places, probabilities[tensor.name]!.values) {
        let (word, bit) = (Int(place >> 6), UInt64(1) << UInt64(place & 63))
        if probability > 0.5 { likely.pointer[word] |= bit }
        if probability >= 1 { sure.pointer[word] |= bit }
        guard probability > 0, probability < 1 else { continue }
        open.pointer[word] |= bit
        let target = digits.pointer + (word >> 4) * 512 + word & 15
        var rest = UInt32(probability * 0x1p32)
        while rest != 0 {
          let digit = rest.leadingZeroBitCount
          target[16 * digit] |= bit
          rest &= ~(0x8000_0000 >> UInt32(digit))
        }
      }
    }
  }

  /// The connections of a group of sixteen words.
  @inline(__always)
  func draw(_ stream: RandomStream, group: Int) -> SIMD16<UInt64> {
    var undecided = Self.words(open, group)
    var result = Self.words(sure, group)
    for digit in 0..<32 {
      let threshold = Self.words(digits, group &* 32 &+ digit)
      let random = stream.words(group: UInt64(truncatingIfNeeded: group &* 32 &+ digit))
      result |= undecided & threshold & ~random
      undecided &= ~(random ^ threshold)
      // Before that, hardly ever are all decided.
      if digit > 6, undecided == .zero { break }
    }
    return result
  }

  /// All connections of a member.
  func draw(_ stream: RandomStream, into words: UnsafeMutablePointer<UInt64>) {
    for group in 0..<groups {
      UnsafeMutableRawPointer(words + group &* 16).storeBytes(
        of: draw(stream, group: group), as: SIMD16<UInt64>.self)
    }
  }

  /// For every place, the sum over members of `weights` where the connection is there.
  ///
  /// Drawn anew, a part of the places at a time, so that nothing need be kept; exact, and so the same for
  /// any number of threads.
  ///
  /// - Parameters:
  ///   - weights: of magnitude below 2^25.
  ///   - streams: of the members.
  func sums(
    weights: [Int], streams: @escaping @Sendable (Int) -> RandomStream, on pool: WorkerPool
  ) throws -> AlignedBuffer<Int64> {
    let total = AlignedBuffer<Int64>(count: groups * 1024)
    let groups = groups
    try pool.run(shards: (groups + 3) / 4) { shard in
      let range = 4 * shard..<min(groups, 4 * shard + 4)
      let counts = AlignedBuffer<Int32>(count: range.count * 1024)
      var room = Int(Int32.max)
      for (member, weight) in weights.enumerated() where weight != 0 {
        if room < abs(weight) {
          Self.flush(counts, into: total.pointer + range.lowerBound * 1024)
          room = Int(Int32.max)
        }
        room -= abs(weight)
        let stream = streams(member)
        let weight = SIMD16<Int32>(repeating: Int32(weight))
        for group in range {
          Self.add(
            weight, where: draw(stream, group: group),
            to: counts.pointer + (group - range.lowerBound) * 1024)
        }
      }
      Self.flush(counts, into: total.pointer + range.lowerBound * 1024)
    }
    return total
  }

  @inline(__always)
  private static func add(
    _ weight: SIMD16<Int32>, where bits: SIMD16<UInt64>, to counts: UnsafeMutablePointer<Int32>
  ) {
    let target = UnsafeMutableRawPointer(counts).assumingMemoryBound(to: SIMD16<Int32>.self)
    withUnsafeBytes(of: bits) { bits in
      for part in 0..<64 {
        let mask = synfire_lanes_of_bits(bits.load(fromByteOffset: 2 &* part, as: UInt16.self))
        target[part] &+= weight & mask
      }
    }
  }

  private static func flush(_ counts: AlignedBuffer<Int32>, into sums: UnsafeMutablePointer<Int64>)
  {
    for index in 0..<counts.count { sums[index] += Int64(counts.pointer[index]) }
    counts.clear()
  }

  @inline(__always)
  private static func words(_ buffer: AlignedBuffer<UInt64>, _ group: Int) -> SIMD16<UInt64> {
    UnsafeRawPointer(buffer.pointer).assumingMemoryBound(to: SIMD16<UInt64>.self)[group]
  }
}
