import SynfireCore

/// The inputs of sixteen trials at every step, turned so that trials are lanes.
final class LaneInputs {
  private let steps: Int
  private let channels: Int
  /// [time, channel], as bits or as numbers.
  private let bits: AlignedBuffer<UInt16>
  private let numbers: AlignedBuffer<Vector>
  private let readsBits: Bool

  init(steps: Int, channels: Int, readsBits: Bool) {
    self.steps = steps
    self.channels = channels
    self.readsBits = readsBits
    // Rows are read 32 numbers at a time.
    bits = AlignedBuffer(count: readsBits ? steps * channels + 32 : 0)
    numbers = AlignedBuffer(count: readsBits ? 0 : steps * channels)
  }

  var byteCount: Int { bits.byteCount + numbers.byteCount }

  var sequence: LaneSequence {
    LaneSequence(
      first: readsBits ? .spikes(bits.pointer) : .analog(numbers.pointer), stepStride: channels)
  }

  /// Copies the inputs of a block; lanes without a trial are 0.
  func turn(_ block: BlockActivity, trials: Int) {
    switch block {
    case .analog(let values, let timeStride, let trialStride):
      precondition(!readsBits, "synapses are swept with spikes")
      if trials == 16, channels % 4 == 0 {
        turn(values, timeStride: timeStride, trialStride: trialStride)
        return
      }
      numbers.clear()
      forEachRow(trials) { time, trial, row in
        let source = values + time * timeStride + trial * trialStride
        for channel in 0..<channels { row[channel * 16 + trial] = source[channel] }
      }
    case .spikes(let words, let timeStride, let trialStride):
      if readsBits {
        turn(words, timeStride: timeStride, trialStride: trialStride, trials: trials)
        return
      }
      numbers.clear()
      forEachRow(trials) { time, trial, row in
        let source = words + time * timeStride + trial * trialStride
        for channel in 0..<channels {
          let bit = source[channel >> 6] >> UInt64(channel & 63) & 1
          row[channel * 16 + trial] = Float(bit)
        }
      }
    }
  }

  /// Turns four channels of all lanes at a time.
  private func turn(_ values: UnsafePointer<Float>, timeStride: Int, trialStride: Int) {
    for time in 0..<steps {
      for channel in Swift.stride(from: 0, to: channels, by: 4) {
        let source = values + (time &* timeStride &+ channel)
        func four(_ first: Int) -> Vector {
          func trial(_ lane: Int) -> SIMD4<Float> {
            UnsafeRawPointer(source + lane &* trialStride).loadUnaligned(as: SIMD4<Float>.self)
          }
          return Vector(
            lowHalf: SIMD8(lowHalf: trial(first), highHalf: trial(first + 1)),
            highHalf: SIMD8(lowHalf: trial(first + 2), highHalf: trial(first + 3)))
        }
        let (a, b, c, d) = (four(0), four(4), four(8), four(12))
        let target = numbers.pointer + (time &* channels &+ channel)
        let (even, odd) = (
          Vector(lowHalf: a.evenHalf, highHalf: b.evenHalf),
          Vector(lowHalf: c.evenHalf, highHalf: d.evenHalf)
        )
        let (evenOdd, oddOdd) = (
          Vector(lowHalf: a.oddHalf, highHalf: b.oddHalf),
          Vector(lowHalf: c.oddHalf, highHalf: d.oddHalf)
        )
        target[0] = Vector(lowHalf: even.evenHalf, highHalf: odd.evenHalf)
        target[1] = Vector(lowHalf: evenOdd.evenHalf, highHalf: oddOdd.evenHalf)
        target[2] = Vector(lowHalf: even.oddHalf, highHalf: odd.oddHalf)
        target[3] = Vector(lowHalf: evenOdd.oddHalf, highHalf: oddOdd.oddHalf)
      }
    }
  }

  private func forEachRow(
    _ trials: Int, _ body: (_ time: Int, _ trial: Int, _ row: UnsafeMutablePointer<Float>) -> Void
  ) {
    let target = UnsafeMutableRawPointer(numbers.pointer).assumingMemoryBound(to: Float.self)
    for time in 0..<steps {
      for trial in 0..<trials { body(time, trial, target + time * channels * 16) }
    }
  }

  /// Turns spike by spike, as most channels are silent.
  private func turn(
    _ words: UnsafePointer<UInt64>, timeStride: Int, trialStride: Int, trials: Int
  ) {
    bits.clear()
    let wordCount = (channels + 63) >> 6
    for time in 0..<steps {
      let row = bits.pointer + time * channels
      for trial in 0..<trials {
        let source = words + (time &* timeStride &+ trial &* trialStride)
        let lane: UInt16 = 1 << UInt16(truncatingIfNeeded: trial)
        for word in 0..<wordCount {
          var spikes = source[word]
          while spikes != 0 {
            row[(word << 6) &+ spikes.trailingZeroBitCount] |= lane
            spikes &= spikes &- 1
          }
        }
      }
    }
  }
}
