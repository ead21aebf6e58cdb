import CIntrinsics
import SynfireCore

extension BernoulliController {
  public func step(_ observation: UnsafePointer<Float>, into action: UnsafeMutablePointer<Float>) {
    receive(observation)
    let (words, subSteps) = (places.words, network.neuron.subSteps)
    history.pointer.update(from: history.pointer + subSteps * words, count: words)
    for subStep in 0..<subSteps {
      advance(
        from: history.pointer + subStep &* words, to: history.pointer + (subStep &+ 1) &* words)
    }
    act(action)
  }

  /// i_in = R_in [x, -x] W_in: what reaches a neuron by the inputs, less what reaches it by their mirrors.
  private func receive(_ observation: UnsafePointer<Float>) {
    let count = network.observations
    let plain = UnsafePointer(connections.pointer + places.inputStart)
    for word in 0..<places.words {
      let (first, second) = (plain + word &* 2 &* count, plain + (word &* 2 &+ 1) &* count)
      // Four vectors of neurons at once, so that additions need not wait for each other.
      var (a, b, c, d) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
      var (e, f, g, h) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
      for index in 0..<count {
        let value = Vector(repeating: observation[index])
        let (bits, mirrors) = (UnsafeRawPointer(first + index), UnsafeRawPointer(second + index))
        a += value.kept(where: Self.mask(bits, 0))
        b += value.kept(where: Self.mask(bits, 1))
        c += value.kept(where: Self.mask(bits, 2))
        d += value.kept(where: Self.mask(bits, 3))
        e += value.kept(where: Self.mask(mirrors, 0))
        f += value.kept(where: Self.mask(mirrors, 1))
        g += value.kept(where: Self.mask(mirrors, 2))
        h += value.kept(where: Self.mask(mirrors, 3))
      }
      let target = Self.vector(input, 4 &* word)
      (target[0], target[1]) = (scales.input * (a - e), scales.input * (b - f))
      (target[2], target[3]) = (scales.input * (c - g), scales.input * (d - h))
    }
  }

  /// One sub-step from the spikes of the one before.
  @inline(__always)
  private func advance(
    from previous: UnsafePointer<UInt64>, to spikes: UnsafeMutablePointer<UInt64>
  ) {
    let (up, down) = (counted.up.count, counted.down.count)
    let active = active.pointer
    var any: UInt64 = 0
    for index in 0..<up {
      active[index] = previous[counted.up[index].word] & counted.up[index].mask
      any |= active[index]
    }
    for index in 0..<down {
      active[up &+ index] = previous[counted.down[index].word] & counted.down[index].mask
      any |= active[up &+ index]
    }
    let firstDown = counted.down.first?.word ?? 0
    // Nothing is counted where no neuron has spiked.
    let (upCount, downCount) = any == 0 ? (0, 0) : (up, down)
    for word in 0..<places.words {
      var fired: UInt64 = 0
      for part in 0..<min(4, places.blocks - 4 * word) {
        let block = 4 &* word &+ part
        let columns = UnsafeRawPointer(
          connections.pointer + places.recurrentStart + (block &* places.words) << 4
        ).assumingMemoryBound(to: SIMD16<UInt64>.self)
        var count = SIMD16<UInt64>.zero
        for index in 0..<upCount {
          count &+= (columns[index] & active[index]).nonzeroBitCount
        }
        for index in 0..<downCount {
          count &-= (columns[firstDown &+ index] & active[up &+ index]).nonzeroBitCount
        }
        let signed = unsafeBitCast(synfire_low_halves(count), to: SIMD16<Int32>.self)
        let fires = kernel.step(
          current: &Self.vector(current, block).pointee,
          potential: &Self.vector(potential, block).pointee,
          rate: &Self.vector(rate, block).pointee,
          drive: scales.recurrent * synfire_float_from_int32(signed),
          input: Self.vector(input, block).pointee,
          increment: Self.vector(increment, block).pointee)
        fired |= UInt64(fires.bits) &<< UInt64(16 &* part)
      }
      spikes[word] = fired
    }
  }

  /// action = clip(R_out (r W_out)).
  private func act(_ action: UnsafeMutablePointer<Float>) {
    for index in 0..<network.actions {
      let bits = UnsafeRawPointer(
        connections.pointer + places.outputStart + index &* places.words)
      var sum = SIMD16<Float>.zero
      for block in 0..<places.blocks {
        sum += Self.vector(rate, block).pointee.kept(where: Self.mask(bits, block))
      }
      let value = scales.output * sum.sum()
      action[index] =
        network.actionRange.map { min($0.upperBound, max($0.lowerBound, value)) } ?? value
    }
  }

  @inline(__always)
  private static func vector(
    _ buffer: AlignedBuffer<Float>, _ block: Int
  ) -> UnsafeMutablePointer<SIMD16<Float>> {
    UnsafeMutableRawPointer(buffer.pointer).assumingMemoryBound(to: SIMD16<Float>.self) + block
  }

  /// Sixteen bits of a row of words, as a mask.
  @inline(__always)
  private static func mask(_ bits: UnsafeRawPointer, _ block: Int) -> FloatLaneMask {
    FloatLaneMask(bits: bits.load(fromByteOffset: 2 &* block, as: UInt16.self))
  }
}
