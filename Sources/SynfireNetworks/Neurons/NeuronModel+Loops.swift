import SynfireCore

extension NeuronModel {
  @inlinable
  public func advance(_ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int, trials: Int) {
    let vectors = memory.size.vectors
    let group = memory.size.words * 4
    let used = memory.size.neurons - (vectors - 1) * 16
    let lastLanes: UInt16 = used == 16 ? .max : (1 << UInt16(used)) - 1
    let separate = memory.separatesDrives
    for trial in 0..<trials {
      let row = time * memory.size.trials + trial
      for vector in 0..<vectors {
        let cell = trial * vectors + vector
        var drive = memory.drive[cell]
        if separate {
          if let filter = memory.inputFilter {
            drive = filter.step(&memory.inputFilters[cell], drive)
          }
          var recurrent = memory.recurrentDrive[cell]
          if let filter = memory.recurrentFilter {
            recurrent = filter.step(&memory.recurrentFilters[cell], recurrent)
          }
          drive += recurrent
        }
        let emission = kernel.step(&memory.states[cell], drive: drive)
        memory.tape[row * vectors + vector] = emission.tape
        if Fast.isSpiking {
          // Lanes past the last neuron are no neurons, whatever their model does without drive.
          let lanes = vector == vectors - 1 ? lastLanes : .max
          memory.spikes[row * group + vector] = emission.spikes.bits & lanes
          memory.held[row * group + vector] = emission.held.bits
        } else {
          memory.outputs[row * vectors + vector] = emission.output
        }
      }
    }
  }

  @inlinable
  public func retreat(_ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int, trials: Int) {
    let vectors = memory.size.vectors
    let group = memory.size.words * 4
    let inputRow = memory.inputRow(time)
    let recurrentRow = memory.recurrentRow(time)
    for trial in 0..<trials {
      let row = time * memory.size.trials + trial
      let previous = row - memory.size.trials
      for vector in 0..<vectors {
        let cell = trial * vectors + vector
        let context: StepContext<SIMD16<Float>>
        if Fast.isSpiking {
          let spikes = FloatLaneMask(
            bits: time > 0 ? memory.spikes[previous * group + vector] : 0)
          context = StepContext(
            previousOutput: SIMD16<Float>(spikes), previousSpikes: spikes,
            held: FloatLaneMask(bits: memory.held[row * group + vector]))
        } else {
          let none = FloatLaneMask(bits: 0)
          context = StepContext(
            previousOutput: time > 0 ? memory.outputs[previous * vectors + vector] : .zero,
            previousSpikes: none, held: none)
        }
        let drive = kernel.adjointStep(
          &memory.adjoints[cell], output: memory.outputAdjoints[cell],
          tape: memory.tape[row * vectors + vector], context: context)
        if let inputRow {
          inputRow[cell] =
            memory.inputFilter?.adjointStep(&memory.inputFilters[cell], drive) ?? drive
        }
        if let recurrentRow {
          recurrentRow[cell] =
            memory.recurrentFilter?.adjointStep(&memory.recurrentFilters[cell], drive) ?? drive
        }
      }
    }
  }
}
