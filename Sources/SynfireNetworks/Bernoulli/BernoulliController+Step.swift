import CIntrinsics
import SynfireCore

extension BernoulliController {
  public func step(_ observation: UnsafePointer<Float>, into action: UnsafeMutablePointer<Float>) {
    receive(observation)
    let (words, subSteps) = (places.words, network.neuron.subSteps)
    history.pointer.update(from: history.pointer + subSteps * words, count: words)
    BernoulliSweep(self).run(subSteps)
    updateRates()
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
      let target = UnsafeMutableRawPointer(input.pointer).assumingMemoryBound(to: Vector.self)
        .advanced(by: 4 &* word)
      (target[0], target[1]) = (scales.input * (a - e), scales.input * (b - f))
      (target[2], target[3]) = (scales.input * (c - g), scales.input * (d - h))
    }
  }

  /// r after all sub-steps, from the spikes of each.
  private func updateRates() {
    let (words, subSteps) = (places.words, network.neuron.subSteps)
    let rates = UnsafeMutableRawPointer(rate.pointer).assumingMemoryBound(to: Vector.self)
    let increments = UnsafeRawPointer(increment.pointer).assumingMemoryBound(to: Vector.self)
    for word in 0..<words {
      let (target, size) = (rates + 4 &* word, increments + 4 &* word)
      // Four vectors of neurons at once, so that additions need not wait for each other.
      var (a, b, c, d) = (target[0], target[1], target[2], target[3])
      for subStep in 1...subSteps {
        let bits = UnsafeRawPointer(history.pointer + (subStep &* words &+ word))
        a = kernel.rate(a, spikes: Self.mask(bits, 0), increment: size[0])
        b = kernel.rate(b, spikes: Self.mask(bits, 1), increment: size[1])
        c = kernel.rate(c, spikes: Self.mask(bits, 2), increment: size[2])
        d = kernel.rate(d, spikes: Self.mask(bits, 3), increment: size[3])
      }
      (target[0], target[1], target[2], target[3]) = (a, b, c, d)
    }
  }

  /// action = clip(R_out (r W_out)).
  private func act(_ action: UnsafeMutablePointer<Float>) {
    for index in 0..<network.actions {
      let bits = UnsafeRawPointer(
        connections.pointer + places.outputStart + index &* places.words)
      var sum = Vector.zero
      for block in 0..<places.blocks {
        sum += RowKernels.load(rate.pointer + 16 &* block)
          .kept(where: Self.mask(bits, block))
      }
      let value = scales.output * sum.sum()
      action[index] =
        network.actionRange.map { min($0.upperBound, max($0.lowerBound, value)) } ?? value
    }
  }

  /// Sixteen bits of a row of words, as a mask.
  @inline(__always)
  private static func mask(_ bits: UnsafeRawPointer, _ block: Int) -> FloatLaneMask {
    FloatLaneMask(bits: bits.load(fromByteOffset: 2 &* block, as: UInt16.self))
  }
}
