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
    let tape = tape + time * size.trials * size.vectors
    forEachEmission(kernel, time: time, trials: trials) { cell, _, _, _, emission in
      tape[cell] = emission.tape
      prefetchToWrite(tape + cell + size.trials * size.vectors)
    }
  }

  /// Advances every neuron by one step, writes what it puts out, and shows the rest to `body`: the cell, its place
  /// in rows of spikes, the lanes that are neurons, their parameters and what they emit.
  @inlinable @inline(__always)
  func forEachEmission<Stepper: NeuronKernel>(
    _ kernel: Stepper, time: Int, trials: Int,
    _ body: (Int, Int, UInt16, Kernel.Parameters, Emission<SIMD16<Float>, Kernel.Tape>) -> Void
  )
  where
    Stepper.Number == SIMD16<Float>, Stepper.State == Kernel.State, Stepper.Tape == Kernel.Tape,
    Stepper.Parameters == Kernel.Parameters
  {
    let vectors = size.vectors
    let group = size.words * 4
    let used = size.neurons - (vectors - 1) * 16
    // Lanes past the last neuron are no neurons, whatever their model does without drive.
    let lastLanes: UInt16 = used == 16 ? .max : (1 << UInt16(used)) - 1
    let outputs = outputs + (Stepper.isSpiking ? 0 : time * size.trials * vectors)
    let spikes = spikes + time * size.trials * group
    let held = held + time * size.trials * group
    for trial in 0..<trials {
      for vector in 0..<vectors {
        let cell = trial * vectors + vector
        let parameters = parameters(of: vector)
        let emission = kernel.step(&states[cell], drive: drive[cell], parameters: parameters)
        let lanes = vector == vectors - 1 ? lastLanes : .max
        if Stepper.isSpiking {
          spikes[trial * group + vector] = emission.spikes.bits & lanes
          held[trial * group + vector] = emission.held.bits
        } else {
          outputs[cell] = emission.output
        }
        body(cell, trial * group + vector, lanes, parameters, emission)
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
