import CIntrinsics
import SynfireCore

/// The gradient of every pair of neurons, spike by spike.
///
/// Adjoints of a chunk of steps are turned so that lanes are sixteen postsynaptic neurons. A spike then
/// adds a row of lanes for each delay, to sums in registers; when all spikes of a presynaptic neuron in
/// the chunk are done, each postsynaptic neuron takes its part from the sum of its delay.
final class SpikeEventGradient {
  /// Presynaptic steps that are worked on together: the turned adjoints of sixteen neurons in sixteen
  /// trials stay in the first cache.
  private static let chunk = 24

  private let map: SynapseMap
  /// [presynaptic, postsynaptic padded].
  let gradient: AlignedBuffer<Float>
  /// [postsynaptic vector, trial, step]: the adjoint that a spike at a step of the chunk, or as many steps
  /// later as there are delays, meets without delay.
  private let turned: AlignedBuffer<Vector>
  private let rows: Int
  private let chunk: Int
  /// The spikes of the chunk as places in [trial, step], neuron by neuron, and where each neuron's start.
  private let events: AlignedBuffer<UInt16>
  private let starts: AlignedBuffer<Int32>
  /// Neurons that spike in the chunk.
  private let spiking: AlignedBuffer<Int32>

  init(_ map: SynapseMap) {
    self.map = map
    chunk = max(Self.chunk, map.largestDelay)
    rows = chunk + map.maskRow
    gradient = AlignedBuffer(count: map.presynaptic * map.vectors * 16)
    turned = AlignedBuffer(count: map.vectors * 16 * rows)
    events = AlignedBuffer(count: map.presynaptic * 16 * chunk)
    starts = AlignedBuffer(count: map.presynaptic + 1)
    spiking = AlignedBuffer(count: map.presynaptic)
  }

  var byteCount: Int {
    turned.byteCount + events.byteCount + starts.byteCount + spiking.byteCount
  }

  /// Forgets all adjoints: those after the last step are 0.
  func begin() { turned.clear() }

  /// Takes the adjoint of the drive that a spike at `step` meets without delay; there is room for sixteen
  /// vectors behind it.
  func receive(_ adjoint: UnsafePointer<Vector>, step: Int) {
    let row = step % chunk
    for vector in 0..<map.vectors {
      synfire_transpose16(
        UnsafeRawPointer(adjoint + vector * 16).assumingMemoryBound(to: Float.self),
        UnsafeMutableRawPointer(turned.pointer + vector * 16 * rows + row)
          .assumingMemoryBound(to: Float.self), rows * 16)
    }
  }

  /// Adds what the spikes of a chunk say, when the adjoint of its first step has come.
  ///
  /// - Parameters:
  ///   - bits: of step 0, trials as bits, `stride` elements between steps.
  ///   - steps: of the sweep.
  func accumulate(_ bits: UnsafePointer<UInt16>, stride: Int, step: Int, steps: Int) {
    guard step % chunk == 0 else { return }
    let count = collect(
      bits + step * stride, stride: stride, steps: min(chunk, steps - step))
    for vector in 0..<map.vectors {
      if map.maskRow == 0 {
        addUndelayed(vector, neurons: count)
      } else {
        for delay in Swift.stride(from: 0, to: map.maskRow, by: SynapseMap.delaysTogether) {
          addDelayed(vector, neurons: count, delay: delay)
        }
      }
    }
    keepFirstRows()
  }

  /// Lists the spikes of the chunk; returns how many neurons have any.
  private func collect(_ bits: UnsafePointer<UInt16>, stride: Int, steps: Int) -> Int {
    let (events, starts, spiking) = (events.pointer, starts.pointer, spiking.pointer)
    var (count, end) = (0, 0)
    for neuron in 0..<map.presynaptic {
      starts[count] = Int32(truncatingIfNeeded: end)
      for step in 0..<steps {
        var trials = bits[step &* stride &+ neuron]
        while trials != 0 {
          events[end] = UInt16(truncatingIfNeeded: trials.trailingZeroBitCount &* rows &+ step)
          end &+= 1
          trials &= trials &- 1
        }
      }
      spiking[count] = Int32(truncatingIfNeeded: neuron)
      count &+= end > Int(starts[count]) ? 1 : 0
    }
    starts[count] = Int32(truncatingIfNeeded: end)
    return count
  }

  /// Of the last steps of the chunk before, the first of this one are the delayed ones.
  private func keepFirstRows() {
    for trial in 0..<map.vectors * 16 {
      let first = turned.pointer + trial * rows
      (first + chunk).update(from: first, count: map.largestDelay)
    }
  }

  private func addUndelayed(_ vector: Int, neurons: Int) {
    let slice = turned.pointer + vector * 16 * rows
    let sums = UnsafeMutableRawPointer(gradient.pointer).assumingMemoryBound(to: Vector.self)
    let (events, starts, spiking) = (events.pointer, starts.pointer, spiking.pointer)
    for index in 0..<neurons {
      let place = Int(spiking[index]) &* map.vectors &+ vector
      var (a, b) = (sums[place], Vector.zero)
      var event = Int(starts[index])
      let end = Int(starts[index &+ 1])
      while event &+ 1 < end {
        a += slice[Int(events[event])]
        b += slice[Int(events[event &+ 1])]
        event &+= 2
      }
      if event < end { a += slice[Int(events[event])] }
      sums[place] = a + b
    }
  }

  private func addDelayed(_ vector: Int, neurons: Int, delay: Int) {
    let slice = turned.pointer + vector * 16 * rows + delay
    let sums = UnsafeMutableRawPointer(gradient.pointer).assumingMemoryBound(to: Vector.self)
    let masks = map.masks.pointer + vector * map.presynaptic * map.maskRow + delay
    let (events, starts, spiking) = (events.pointer, starts.pointer, spiking.pointer)
    let (vectors, maskRow) = (map.vectors, map.maskRow)
    for index in 0..<neurons {
      let neuron = Int(spiking[index])
      var (d0, d1, d2, d3, d4) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero, Vector.zero)
      var (d5, d6, d7, d8, d9) = (d0, d0, d0, d0, d0)
      for event in Int(starts[index])..<Int(starts[index &+ 1]) {
        let row = slice + Int(events[event])
        d0 += row[0]
        d1 += row[1]
        d2 += row[2]
        d3 += row[3]
        d4 += row[4]
        d5 += row[5]
        d6 += row[6]
        d7 += row[7]
        d8 += row[8]
        d9 += row[9]
      }
      let mask = masks + neuron &* maskRow
      @inline(__always) func chosen(_ sum: Vector, _ other: Vector, _ place: Int) -> Vector {
        other.replacing(with: sum, where: FloatLaneMask(bits: mask[place]))
      }
      let low = chosen(d4, chosen(d3, chosen(d2, chosen(d1, chosen(d0, .zero, 0), 1), 2), 3), 4)
      sums[neuron &* vectors &+ vector] +=
        chosen(d9, chosen(d8, chosen(d7, chosen(d6, chosen(d5, low, 5), 6), 7), 8), 9)
    }
  }
}
