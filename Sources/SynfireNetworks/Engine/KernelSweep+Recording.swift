import SynfireCore

extension KernelSweep {
  @usableFromInline
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

  @usableFromInline
  func record(_ layer: PackedLayer, _ inputs: BlockActivity, trials: Int) -> StateRecord {
    let count = size.steps * trials * size.neurons
    var record = StateRecord(potentials: [], currents: [])
    record.potentials.reserveCapacity(count)
    record.currents.reserveCapacity(count)
    replay(layer, inputs, trials: trials) { _, _, _, potential, current in
      record.potentials.append(potential)
      record.currents.append(current)
      return true
    }
    return record
  }

  /// Runs forward and shows the state of every neuron after every step, until `body` says false.
  private func replay(
    _ layer: PackedLayer, _ inputs: BlockActivity, trials: Int,
    _ body: (_ step: Int, _ trial: Int, _ neuron: Int, _ potential: Float, _ current: Float) -> Bool
  ) {
    begin(trials: trials)
    for time in 0..<size.steps {
      collectDrive(layer, inputs, time: time, trials: trials)
      advance(time: time, trials: trials)
      for trial in 0..<trials {
        for neuron in 0..<size.neurons {
          let state = states.pointer[trial * vectors + neuron >> 4]
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
