import CIntrinsics
import SynfireCore

/// The sub-steps of one step of the environment, with all that they need at hand.
///
/// How many spikes reach a neuron is counted in exact integers, in one of two ways: where few neurons have
/// spiked, their rows of bits are added up, 64 neurons at once; where many have, every column of bits meets
/// the packed spikes in an AND and a population count a word.
struct BernoulliSweep {
  private let kernel: ControlNeuronKernel<SIMD16<Float>>
  private let scale: Float
  private let places: BernoulliPlaces
  private let columns: UnsafePointer<SIMD16<UInt32>>
  private let rows: ConnectionRows
  private let excited: CountedHalves
  private let inhibited: CountedHalves
  private let current: UnsafeMutablePointer<Vector>
  private let potential: UnsafeMutablePointer<Vector>
  private let input: UnsafeMutablePointer<Vector>
  private let history: UnsafeMutablePointer<UInt64>

  init(_ controller: BernoulliController) {
    func vectors(_ buffer: AlignedBuffer<Float>) -> UnsafeMutablePointer<Vector> {
      UnsafeMutableRawPointer(buffer.pointer).assumingMemoryBound(to: Vector.self)
    }
    kernel = controller.kernel
    scale = controller.scales.recurrent
    places = controller.places
    columns = UnsafeRawPointer(controller.connections.pointer + places.recurrentStart)
      .assumingMemoryBound(to: SIMD16<UInt32>.self)
    rows = controller.rows
    excited = controller.excited
    inhibited = controller.inhibited
    current = vectors(controller.current)
    potential = vectors(controller.potential)
    input = vectors(controller.input)
    history = controller.history.pointer
  }

  /// From the spikes in the first row of the history to those in the last.
  func run(_ subSteps: Int) {
    for subStep in 0..<subSteps {
      let before = UnsafePointer(history + subStep &* places.words)
      var count = 0
      for word in 0..<places.words { count &+= before[word].nonzeroBitCount }
      if count == 0 {
        advance(subStep, Silence())
      } else if count <= rows.mostSpikes {
        rows.count(before)
        advance(subStep, rows.counted)
      } else {
        excited.take(before)
        inhibited.take(before)
        if !synfire_has_wide_registers(), max(excited.count, inhibited.count) <= ByteHalves.most {
          advance(subStep, counts(ByteHalves.self))
        } else if excited.count == 4, inhibited.count == 4 {
          advance(subStep, counts(FourHalves.self))
        } else {
          advance(subStep, counts(AnyHalves.self))
        }
      }
    }
  }

  private func counts<Sum: HalfSum>(_: Sum.Type) -> ColumnCounts<Sum> {
    ColumnCounts(
      columns: columns, halves: places.halves, firstDown: inhibited.first,
      up: Sum(excited), down: Sum(inhibited))
  }

  /// One sub-step.
  @inline(__always)
  private func advance(_ subStep: Int, _ counted: some CountedSpikes) {
    let (words, blocks) = (places.words, places.blocks)
    let spikes = history + (subStep &+ 1) &* words
    for word in 0..<words {
      var fired: UInt64 = 0
      for part in 0..<min(4, blocks &- 4 &* word) {
        let block = 4 &* word &+ part
        var (i, v) = (current[block], potential[block])
        let fires = kernel.step(
          current: &i, potential: &v, drive: scale * counted[block], input: input[block])
        (current[block], potential[block]) = (i, v)
        fired |= UInt64(fires.bits) &<< UInt64(truncatingIfNeeded: 16 &* part)
      }
      spikes[word] = fired
    }
  }
}

/// The spikes that reach neurons: those that excite less those that inhibit.
private protocol CountedSpikes {
  /// sigma W_h of sixteen neurons.
  subscript(block: Int) -> Vector { get }
}

private struct Silence: CountedSpikes {
  @inline(__always)
  subscript(block: Int) -> Vector { .zero }
}

/// Sums of rows.
private struct RowCounts: CountedSpikes {
  let counts: UnsafePointer<SIMD16<Int8>>

  @inline(__always)
  subscript(block: Int) -> Vector { synfire_float_from_int8(counts[block]) }
}

extension ConnectionRows {
  /// What `count` found.
  fileprivate var counted: RowCounts {
    RowCounts(
      counts: UnsafeRawPointer(counts.pointer).assumingMemoryBound(to: SIMD16<Int8>.self))
  }
}

/// Population counts of columns.
private struct ColumnCounts<Sum: HalfSum>: CountedSpikes {
  let columns: UnsafePointer<SIMD16<UInt32>>
  /// Half words of a column.
  let halves: Int
  /// Where those of neurons that inhibit begin.
  let firstDown: Int
  let up: Sum
  let down: Sum

  @inline(__always)
  subscript(block: Int) -> Vector {
    let column = columns + block &* halves
    return Sum.difference(up.of(column), down.of(column + firstDown))
  }
}

/// The spikes of neurons of one sign, in half words.
private protocol HalfSum {
  associatedtype Count
  init(_ spikes: CountedHalves)
  /// How many of them reach each of sixteen neurons.
  func of(_ column: UnsafePointer<SIMD16<UInt32>>) -> Count
  static func difference(_ up: Count, _ down: Count) -> Vector
}

extension HalfSum where Count == SIMD16<UInt32> {
  @inline(__always)
  static func difference(_ up: Count, _ down: Count) -> Vector {
    synfire_float_from_int32(unsafeBitCast(up &- down, to: SIMD16<Int32>.self))
  }
}

private struct AnyHalves: HalfSum {
  fileprivate let active: UnsafePointer<UInt32>
  fileprivate let count: Int

  init(_ spikes: CountedHalves) {
    active = UnsafePointer(spikes.active.pointer)
    count = spikes.count
  }

  @inline(__always)
  func of(_ column: UnsafePointer<SIMD16<UInt32>>) -> SIMD16<UInt32> {
    var sum = SIMD16<UInt32>.zero
    for half in 0..<count { sum &+= (column[half] & active[half]).nonzeroBitCount }
    return sum
  }
}

/// As 256 neurons have them, half of which excite: in registers.
private struct FourHalves: HalfSum {
  private let a, b, c, d: SIMD16<UInt32>

  @inline(__always)
  init(_ spikes: CountedHalves) {
    func lanes(_ half: Int) -> SIMD16<UInt32> { SIMD16(repeating: spikes.active.pointer[half]) }
    (a, b, c, d) = (lanes(0), lanes(1), lanes(2), lanes(3))
  }

  @inline(__always)
  func of(_ column: UnsafePointer<SIMD16<UInt32>>) -> SIMD16<UInt32> {
    ((column[0] & a).nonzeroBitCount &+ (column[1] & b).nonzeroBitCount)
      &+ ((column[2] & c).nonzeroBitCount &+ (column[3] & d).nonzeroBitCount)
  }
}

/// In the four bytes of each neuron, where only bytes are counted fast.
private struct ByteHalves: HalfSum {
  /// More half words could be too many for a byte.
  static var most: Int { 15 }

  private let halves: AnyHalves

  init(_ spikes: CountedHalves) { halves = AnyHalves(spikes) }

  @inline(__always)
  func of(_ column: UnsafePointer<SIMD16<UInt32>>) -> SIMD64<UInt8> {
    var sum = SIMD64<UInt8>.zero
    for half in 0..<halves.count {
      sum &+= synfire_bits_in_bytes(column[half] & halves.active[half])
    }
    return sum
  }

  @inline(__always)
  static func difference(_ up: SIMD64<UInt8>, _ down: SIMD64<UInt8>) -> Vector {
    synfire_float_from_byte_sums(unsafeBitCast(up &- down, to: SIMD64<Int8>.self))
  }
}
