import CIntrinsics
import SynfireCore

extension NeuronKernel {
  public var retracedParts: Range<Int>? { nil }

  @inlinable @inline(__always)
  public func kept(
    _ emission: Emission<Number, Tape>, parameters: Parameters
  ) -> (number: Number, lanes: Number.Mask) { (.zero, Number.Mask(bits: 0)) }

  @inlinable @inline(__always)
  public func retrace(
    _ state: inout State, kept: (_ other: Number) -> Number, spikes: Number.Mask,
    previousSpikes: Number.Mask, isFirst: Bool, parameters: Parameters
  ) -> (tape: Tape, held: Number.Mask) {
    preconditionFailure("a model without retracedParts has no tape to find again")
  }
}

/// What is kept of a step of a block of trials, in place of its tape.
public struct KeptStep {
  /// The lanes that there is a number of: [trial][vector], in rows as those of spikes.
  @usableFromInline let lanes: UnsafeMutablePointer<UInt16>
  /// One after another.
  @usableFromInline let numbers: UnsafeMutablePointer<Float>
}

extension NeuronModel {
  @inlinable
  public func advance(
    _ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int, trials: Int, keeping step: KeptStep
  ) -> UnsafeMutablePointer<Float> {
    memory.advance(kernel, time: time, trials: trials, keeping: step)
  }

  @inlinable
  public func retrace(
    _ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int, trials: Int, from step: KeptStep
  ) -> UnsafeMutablePointer<Float> {
    memory.retrace(kernel, time: time, trials: trials, from: step)
  }
}

extension SweepMemory {
  @inlinable
  public func advance<Stepper: NeuronKernel>(
    _ kernel: Stepper, time: Int, trials: Int, keeping step: KeptStep
  ) -> UnsafeMutablePointer<Float>
  where
    Stepper.Number == SIMD16<Float>, Stepper.State == Kernel.State, Stepper.Tape == Kernel.Tape,
    Stepper.Parameters == Kernel.Parameters
  {
    var end = step.numbers
    forEachEmission(kernel, time: time, trials: trials) { _, place, lanes, parameters, emission in
      let (number, needed) = kernel.kept(emission, parameters: parameters)
      let bits = needed.bits & lanes
      step.lanes[place] = bits
      synfire_store_lanes(number, bits, end)
      end += bits.nonzeroBitCount
    }
    return end
  }

  @inlinable
  public func retrace<Stepper: NeuronKernel>(
    _ kernel: Stepper, time: Int, trials: Int, from step: KeptStep
  ) -> UnsafeMutablePointer<Float>
  where
    Stepper.Number == SIMD16<Float>, Stepper.State == Kernel.State, Stepper.Tape == Kernel.Tape,
    Stepper.Parameters == Kernel.Parameters
  {
    let vectors = size.vectors
    let group = size.words * 4
    let row = time * size.trials
    let (tape, held, spikes) = (tape + row * vectors, held + row * group, spikes + row * group)
    // Not read at the first step.
    let previous = spikes - size.trials * group
    var end = step.numbers
    for trial in 0..<trials {
      for vector in 0..<vectors {
        let (cell, place) = (trial &* vectors &+ vector, trial &* group &+ vector)
        let (bits, source) = (step.lanes[place], end)
        let (found, isHeld) = kernel.retrace(
          &states[cell], kept: { synfire_load_lanes($0, bits, source) },
          spikes: FloatLaneMask(bits: spikes[place]),
          previousSpikes: FloatLaneMask(bits: time > 0 ? previous[place] : 0), isFirst: time == 0,
          parameters: parameters(of: vector))
        tape[cell] = found
        held[place] = isHeld.bits
        end += bits.nonzeroBitCount
      }
    }
    return end
  }
}
