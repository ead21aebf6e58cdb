import CIntrinsics
import SynfireCore

extension NeuronModel {
  @inlinable
  public func advance(_ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int, trials: Int) {
    memory.advance(kernel, time: time, trials: trials)
  }

  @inlinable
  public func retreat(_ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int, trials: Int) {
    memory.retreat(kernel, time: time, trials: trials)
  }
}

/// The loops over neurons, for the kernel that the memory was made for, or for another that keeps the same.
extension SweepMemory {
  @inlinable
  public func advance<Stepper: NeuronKernel>(_ kernel: Stepper, time: Int, trials: Int)
  where
    Stepper.Number == SIMD16<Float>, Stepper.State == Kernel.State, Stepper.Tape == Kernel.Tape,
    Stepper.Parameters == Kernel.Parameters
  {
    let vectors = size.vectors
    let group = size.words * 4
    let used = size.neurons - (vectors - 1) * 16
    // Lanes past the last neuron are no neurons, whatever their model does without drive.
    let lastLanes: UInt16 = used == 16 ? .max : (1 << UInt16(used)) - 1
    let tape = tape + time * size.trials * vectors
    let outputs = outputs + (Stepper.isSpiking ? 0 : time * size.trials * vectors)
    let spikes = spikes + time * size.trials * group
    let held = held + time * size.trials * group
    for trial in 0..<trials {
      for vector in 0..<vectors {
        let cell = trial * vectors + vector
        let emission = kernel.step(
          &states[cell], drive: drive[cell], parameters: parameters(of: vector))
        tape[cell] = emission.tape
        prefetchToWrite(tape + cell + size.trials * vectors)
        if Stepper.isSpiking {
          let lanes = vector == vectors - 1 ? lastLanes : .max
          spikes[trial * group + vector] = emission.spikes.bits & lanes
          held[trial * group + vector] = emission.held.bits
        } else {
          outputs[cell] = emission.output
        }
      }
    }
  }

  @inlinable
  public func retreat<Stepper: NeuronKernel>(_ kernel: Stepper, time: Int, trials: Int)
  where
    Stepper.Number == SIMD16<Float>, Stepper.Adjoint == Kernel.Adjoint,
    Stepper.Tape == Kernel.Tape, Stepper.Parameters == Kernel.Parameters
  {
    let vectors = size.vectors
    let group = size.words * 4
    let tape = tape + time * size.trials * vectors
    let held = held + time * size.trials * group
    // At the first step nothing came before; the pointers are then not read.
    let before = max(time - 1, 0) * size.trials
    let previousSpikes = spikes + before * group
    let previousOutputs = outputs + (Stepper.isSpiking ? 0 : before * vectors)
    for trial in 0..<trials {
      for vector in 0..<vectors {
        let cell = trial * vectors + vector
        let bits = trial * group + vector
        prefetch(tape + cell - size.trials * vectors)
        let spikes = FloatLaneMask(bits: Stepper.isSpiking && time > 0 ? previousSpikes[bits] : 0)
        let context = StepContext<SIMD16<Float>>(
          previousOutput: Stepper.isSpiking
            ? SIMD16<Float>(spikes) : (time > 0 ? previousOutputs[cell] : .zero),
          previousSpikes: spikes, held: FloatLaneMask(bits: Stepper.isSpiking ? held[bits] : 0))
        driveAdjoints[trial &* driveAdjointStride &+ vector] = kernel.adjointStep(
          &adjoints[cell], output: outputAdjoints[cell], tape: tape[cell], context: context,
          parameters: parameters(of: vector), gradient: &parameterGradients[vector])
      }
    }
  }
}

/// Asks for the lines of a tape cell of the next step, which the hardware does not foresee.
@inlinable @inline(__always)
func prefetch<Tape>(_ cell: UnsafeMutablePointer<Tape>) {
  for line in stride(from: 0, to: MemoryLayout<Tape>.stride, by: 64) {
    synfire_prefetch(UnsafeRawPointer(cell) + line)
  }
}

@inlinable @inline(__always)
func prefetchToWrite<Tape>(_ cell: UnsafeMutablePointer<Tape>) {
  for line in stride(from: 0, to: MemoryLayout<Tape>.stride, by: 64) {
    synfire_prefetch_to_write(UnsafeMutableRawPointer(cell) + line)
  }
}
