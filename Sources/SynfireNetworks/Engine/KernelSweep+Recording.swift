import SynfireCore

extension KernelSweep {
  func firstNonFinite(
    _ layer: PackedLayer, _ inputs: BlockActivity, trials: Int
  ) -> (step: Int, trial: Int, neuron: Int)? {
    var found: (step: Int, trial: Int, neuron: Int)?
    replay(layer, inputs, trials: trials) { step, trial, neuron, potential, current in
      if found == nil, !potential.isFinite || !current.isFinite { found = (step, trial, neuron) }
      return found == nil
    }
    return found
  }

  func record(_ layer: PackedLayer, _ inputs: BlockActivity, trials: Int) -> LayerRecord {
    var record = LayerRecord(steps: size.steps, trials: trials, neurons: size.neurons)
    var index = 0
    replay(layer, inputs, trials: trials) { step, trial, neuron, potential, current in
      record.outputs.values[index] = output(step, trial, neuron)
      record.potentials.values[index] = potential
      record.currents.values[index] = current
      index += 1
      return true
    }
    return record
  }

  private func output(_ step: Int, _ trial: Int, _ neuron: Int) -> Float {
    switch activity {
    case .spikes(let words, let timeStride, let trialStride):
      let word = words[step * timeStride + trial * trialStride + neuron >> 6]
      return Float(word >> UInt64(neuron & 63) & 1)
    case .analog(let values, let timeStride, let trialStride):
      return values[step * timeStride + trial * trialStride + neuron]
    }
  }

  /// Runs forward and shows the state of every neuron after every step, until `body` says false.
  private func replay(
    _ layer: PackedLayer, _ inputs: BlockActivity, trials: Int,
    _ body: (_ step: Int, _ trial: Int, _ neuron: Int, _ potential: Float, _ current: Float) -> Bool
  ) {
    begin(trials: trials)
    for time in 0..<size.steps {
      collectDrive(layer, inputs, time: time, trials: trials)
      model.advance(kernel, memory, time: time, trials: trials)
      for trial in 0..<trials {
        for neuron in 0..<size.neurons {
          let state = memory.states[trial * size.vectors + neuron >> 4]
          let lane = neuron & 15
          guard
            body(
              time, trial, neuron, kernel.potential(of: state)[lane],
              kernel.current(of: state)[lane])
          else { return }
        }
      }
    }
  }
}
