import SynfireCore

/// The state of a layer between two steps, as tensors of local names (`NetworkState`).
extension KernelSweep {
  /// Numbers of a neuron's state.
  private static var parts: Int { MemoryLayout<Model.Fast.State>.stride / 64 }

  /// Sets the states of trials to those that they go on from.
  func go(onFrom state: NamedTensors<Float>, trials: Int) {
    past = SweepSize.history
    start = state
    let states = UnsafeMutableRawPointer(buffers.states.pointer).assumingMemoryBound(to: Float.self)
    let values = state["state"]!.values
    for part in 0..<Self.parts {
      for trial in 0..<trials {
        for neuron in 0..<size.neurons {
          states[place(part, trial, neuron)] =
            values[(part * trials + trial) * size.neurons + neuron]
        }
      }
    }
    if let filter = state["input.filter"] {
      FilterState.load(filter, into: buffers.inputFilters.pointer)
    }
    for path in recurrent {
      if let filter = state[path.filterName] {
        FilterState.load(filter, into: path.filterStates.pointer)
      }
    }
    let activity = state["activity"]!
    let reach = activity.shape[0]
    for step in 0..<reach {
      for trial in 0..<trials {
        let start = (step * trials + trial) * size.neurons
        setOutputs(activity.values[start..<start + size.neurons], step - reach, trial)
      }
    }
  }

  /// Adds to the gradients of the neurons' parameters what the states say that a backward sweep began with,
  /// which then take the place of those that it ended in.
  func finishBackward(trials: Int) {
    guard let start, !model.specifications(neurons: size.neurons).isEmpty else { return }
    go(onFrom: start, trials: trials)
    for cell in 0..<trials * size.vectors {
      let vector = cell % size.vectors
      kernel.finish(
        memory.adjoints[cell], from: memory.states[cell], parameters: memory.parameters(of: vector),
        gradient: &memory.parameterGradients[vector])
    }
  }

  /// A number of a neuron's state: its part, its vector's, its lane's.
  private func place(_ part: Int, _ trial: Int, _ neuron: Int) -> Int {
    ((trial * size.vectors + neuron >> 4) * Self.parts + part) << 4 + neuron & 15
  }

  private func setOutputs(_ values: ArraySlice<Float>, _ step: Int, _ trial: Int) {
    let cell = step * size.trials + trial
    if Model.Fast.isSpiking {
      let words = memory.spikes + cell * size.words * 4
      for group in 0..<size.words * 4 { words[group] = 0 }
      for (neuron, value) in values.enumerated() where value != 0 {
        words[neuron >> 4] |= 1 << UInt16(neuron & 15)
      }
    } else {
      let row = memory.outputs + cell * size.vectors
      for (neuron, value) in values.enumerated() { row[neuron >> 4][neuron & 15] = value }
    }
  }

  func state(trials: Int, reach: Int) -> NamedTensors<Float> {
    let states = UnsafeMutableRawPointer(buffers.states.pointer).assumingMemoryBound(to: Float.self)
    let neurons = size.neurons
    var result = NamedTensors<Float>()
    var numbers = Tensor<Float>(
      axes: ["part", "trial", "neuron"], shape: [Self.parts, trials, neurons])
    for part in 0..<Self.parts {
      for trial in 0..<trials {
        for neuron in 0..<neurons {
          numbers.values[(part * trials + trial) * neurons + neuron] =
            states[place(part, trial, neuron)]
        }
      }
    }
    result["state"] = numbers
    var activity = Tensor<Float>(
      axes: ["time", "trial", "neuron"], shape: [reach, trials, neurons])
    // A sweep of fewer steps than are reached shows those before it, or silence.
    for step in 0..<reach {
      for trial in 0..<trials where lengths[trial] - reach + step + past >= 0 {
        for neuron in 0..<neurons {
          activity.values[(step * trials + trial) * neurons + neuron] =
            output(lengths[trial] - reach + step, trial, neuron)
        }
      }
    }
    result["activity"] = activity
    let filters = [buffers.inputFilters] + recurrent.map(\.filterStates)
    for (wiring, states) in zip([wiring.input] + wiring.recurrent, filters)
    where wiring.filter != nil {
      result[wiring.filterName] = FilterState.tensor(
        states.pointer, trials: trials, width: neurons, axis: "neuron")
    }
    return result
  }
}
