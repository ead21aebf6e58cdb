import SynfireCore

/// The gradient of every pair of neurons, spike by spike.
///
/// Lanes are sixteen postsynaptic neurons (`TurnedAdjoints`). A spike adds a row of lanes for each delay,
/// to sums in registers; when all spikes of a presynaptic neuron in a chunk of steps are done, each
/// postsynaptic neuron takes its part from the sum of its delay.
final class SpikeEventGradient {
  private let map: SynapseMap
  private let latency: Int
  let adjoints: TurnedAdjoints
  /// [presynaptic, postsynaptic padded].
  let gradient: AlignedBuffer<Float>
  /// The spikes of the chunk as places in [trial, step], neuron by neuron, and where each neuron's start.
  private let events: AlignedBuffer<UInt16>
  private let starts: AlignedBuffer<Int32>
  /// Neurons that spike in the chunk.
  private let spiking: AlignedBuffer<Int32>

  /// - Parameters:
  ///   - latency: steps from a spike to the drive that it reaches without delay.
  ///   - adjoints: of the drives of these steps.
  init(_ map: SynapseMap, latency: Int, adjoints: TurnedAdjoints) {
    self.map = map
    self.latency = latency
    self.adjoints = adjoints
    gradient = AlignedBuffer(count: map.presynaptic * map.vectors * 16)
    events = AlignedBuffer(count: map.presynaptic * 16 * adjoints.chunk)
    starts = AlignedBuffer(count: map.presynaptic + 1)
    spiking = AlignedBuffer(count: map.presynaptic)
  }

  var byteCount: Int { events.byteCount + starts.byteCount + spiking.byteCount }

  /// Adds what the spikes say that reach the drives of a chunk first, when the adjoint of the first of these
  /// has come.
  ///
  /// - Parameters:
  ///   - bits: of step 0, trials as bits, `stride` elements between steps.
  ///   - time: of the drive.
  ///   - steps: of the sweep.
  func accumulate(_ bits: UnsafePointer<UInt16>, stride: Int, time: Int, steps: Int) {
    let end = min(time + adjoints.chunk, steps)
    guard time % adjoints.chunk == 0, latency < end else { return }
    let count = collect(
      bits, stride: stride, times: max(time, latency)..<end, chunkStart: time)
    for vector in 0..<map.vectors {
      if map.maskRow == 0 {
        addUndelayed(vector, neurons: count)
      } else {
        for delay in Swift.stride(from: 0, to: map.maskRow, by: SynapseMap.delaysTogether) {
          addDelayed(vector, neurons: count, delay: delay)
        }
      }
    }
  }

  /// Lists the spikes that reach drives at `times`; returns how many neurons have any.
  private func collect(
    _ bits: UnsafePointer<UInt16>, stride: Int, times: Range<Int>, chunkStart: Int
  ) -> Int {
    let (events, starts, spiking) = (events.pointer, starts.pointer, spiking.pointer)
    let first = bits + (times.lowerBound - latency) * stride
    let (firstRow, rows) = (times.lowerBound - chunkStart, adjoints.rows)
    var (count, end) = (0, 0)
    for neuron in 0..<map.presynaptic {
      starts[count] = Int32(truncatingIfNeeded: end)
      for step in 0..<times.count {
        var trials = first[step &* stride &+ neuron]
        while trials != 0 {
          events[end] = UInt16(
            truncatingIfNeeded: trials.trailingZeroBitCount &* rows &+ firstRow &+ step)
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

  private func addUndelayed(_ vector: Int, neurons: Int) {
    let slice = adjoints.slice(vector)
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
    let slice = adjoints.slice(vector) + delay
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
