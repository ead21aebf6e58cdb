import SynfireCore

/// A neuron of a trial after a step.
struct ReplayedState {
  let step: Int
  let trial: Int
  let neuron: Int
  /// A spike as 1, or a rate.
  let output: Float
  let potential: Float
  let current: Float
}

/// A sweep that can run forward once more and show every state on the way.
protocol StateReplay {
  associatedtype Packed
  associatedtype Inputs
  var recordSize: SweepSize { get }

  /// Shows the state of every neuron after every step of its trial, in the order of step, trial and neuron,
  /// until `body` says false.
  func replay(
    _ layer: Packed, _ inputs: Inputs, trials: Int, lengths: TrialLengths,
    _ body: (ReplayedState) -> Bool)
}

extension StateReplay {
  func firstNonFinite(
    _ layer: Packed, _ inputs: Inputs, trials: Int
  ) -> (step: Int, trial: Int, neuron: Int)? {
    var found: (step: Int, trial: Int, neuron: Int)?
    replay(layer, inputs, trials: trials, lengths: TrialLengths(steps: recordSize.steps)) {
      state in
      if !state.potential.isFinite || !state.current.isFinite {
        found = (state.step, state.trial, state.neuron)
      }
      return found == nil
    }
    return found
  }

  func record(
    _ layer: Packed, _ inputs: Inputs, trials: Int, lengths: TrialLengths
  ) -> LayerRecord {
    var record = LayerRecord(
      steps: recordSize.steps, trials: trials, neurons: recordSize.neurons)
    replay(layer, inputs, trials: trials, lengths: lengths) { state in
      let index = (state.step * trials + state.trial) * recordSize.neurons + state.neuron
      record.outputs.values[index] = state.output
      record.potentials.values[index] = state.potential
      record.currents.values[index] = state.current
      return true
    }
    return record
  }
}

extension KernelSweep: StateReplay {
  var recordSize: SweepSize { size }

  func replay(
    _ layer: PackedLayer, _ inputs: BlockActivity, trials: Int, lengths: TrialLengths,
    _ body: (ReplayedState) -> Bool
  ) {
    begin(layer, trials: trials)
    self.lengths = lengths
    for segment in 0..<size.segments where !times(ofSegment: segment).isEmpty {
      for time in tape(segment) {
        let active = lengths.active(at: time, of: trials)
        collectDrive(layer, inputs, time: time, trials: active, inputWorkspace(layer))
        model.advance(kernel, memory, time: time, trials: active)
        silence(active..<trials, time: time)
        guard show(time: time, trials: active, body) else { return }
      }
    }
  }

  /// Shows every neuron after a step; false when no more are wanted.
  private func show(time: Int, trials: Int, _ body: (ReplayedState) -> Bool) -> Bool {
    for trial in 0..<trials {
      for neuron in 0..<size.neurons {
        let state = memory.states[trial * size.vectors + neuron >> 4]
        let lane = neuron & 15
        let isWanted = body(
          ReplayedState(
            step: time, trial: trial, neuron: neuron, output: output(time, trial, neuron),
            potential: kernel.potential(of: state)[lane],
            current: kernel.current(
              of: state, drive: memory.drive[trial * size.vectors + neuron >> 4])[lane]))
        guard isWanted else { return false }
      }
    }
    return true
  }

  /// A spike as 1, or a rate; steps before the first are negative.
  func output(_ step: Int, _ trial: Int, _ neuron: Int) -> Float {
    switch activity {
    case .spikes(let words, let timeStride, let trialStride):
      let word = words[step * timeStride + trial * trialStride + neuron >> 6]
      return Float(word >> UInt64(neuron & 63) & 1)
    case .analog(let values, let timeStride, let trialStride):
      return values[step * timeStride + trial * trialStride + neuron]
    }
  }
}
