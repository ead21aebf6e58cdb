import SynfireCore

extension NeuronModel {
  @inlinable
  public func advance(_ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int, trials: Int) {
    let vectors = memory.size.vectors
    let group = memory.size.words * 4
    let used = memory.size.neurons - (vectors - 1) * 16
    // Lanes past the last neuron are no neurons, whatever their model does without drive.
    let lastLanes: UInt16 = used == 16 ? .max : (1 << UInt16(used)) - 1
    let tape = memory.tape + time * memory.size.trials * vectors
    let outputs = memory.outputs + (Fast.isSpiking ? 0 : time * memory.size.trials * vectors)
    let spikes = memory.spikes + time * memory.size.trials * group
    let held = memory.held + time * memory.size.trials * group
    for trial in 0..<trials {
      for vector in 0..<vectors {
        let cell = trial * vectors + vector
        let emission = kernel.step(
          &memory.states[cell], drive: memory.drive[cell], parameters: memory.parameters[vector])
        tape[cell] = emission.tape
        if Fast.isSpiking {
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
  public func retreat(_ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int, trials: Int) {
    let vectors = memory.size.vectors
    let group = memory.size.words * 4
    let tape = memory.tape + time * memory.size.trials * vectors
    let held = memory.held + time * memory.size.trials * group
    // At the first step nothing came before; the pointers are then not read.
    let before = max(time - 1, 0) * memory.size.trials
    let previousSpikes = memory.spikes + before * group
    let previousOutputs = memory.outputs + (Fast.isSpiking ? 0 : before * vectors)
    for trial in 0..<trials {
      for vector in 0..<vectors {
        let cell = trial * vectors + vector
        let bits = trial * group + vector
        let spikes = FloatLaneMask(bits: Fast.isSpiking && time > 0 ? previousSpikes[bits] : 0)
        let context = StepContext<SIMD16<Float>>(
          previousOutput: Fast.isSpiking
            ? SIMD16<Float>(spikes) : (time > 0 ? previousOutputs[cell] : .zero),
          previousSpikes: spikes, held: FloatLaneMask(bits: Fast.isSpiking ? held[bits] : 0))
        memory.driveAdjoints[cell] = kernel.adjointStep(
          &memory.adjoints[cell], output: memory.outputAdjoints[cell], tape: tape[cell],
          context: context, parameters: memory.parameters[vector],
          gradient: &memory.parameterGradients[vector])
      }
    }
  }
}
