import SynfireCore

/// One trial of one layer in the reference engine: [time][neuron], plain and in `Double`.
public struct ReferenceTrace: Sendable {
  public var outputs: [[Double]] = []
  public var potentials: [[Double]] = []
  public var currents: [[Double]] = []
  /// The state after the last step, of a trial that went on from one; its filters of drives.
  var end: (parts: [[Double]], filters: [(name: String, state: [[Double]])])?
}

/// What going back over one trial of a layer yields.
public struct ReferenceAdjoint: Sendable {
  /// dL/dW [postsynaptic][presynaptic].
  public var inputWeights: [[Double]]
  /// The same of each kind of recurrent synapses.
  public var recurrentWeights: [[[Double]]]
  /// dL/d(kernel parameters) [parameter][neuron].
  public var neurons: [[Double]]
  /// dL/d(input) [time][presynaptic].
  public var inputs: [[Double]]
  /// dL/d(synaptic drive) [time][neuron].
  public var drives: [[Double]] = []
}

/// A layer of the reference engine.
public protocol ReferenceLayer {
  /// Runs one trial; `inputs` is [time][presynaptic], weights are [postsynaptic][presynaptic], those of each
  /// kind of recurrent synapses, the parameters of neurons [parameter][neuron]. It goes on from `start`, or
  /// from rest.
  func forward(
    _ inputs: [[Double]], inputWeights: [[Double]], recurrentWeights: [[[Double]]],
    neurons parameters: [[Double]], from start: ReferenceLayerState?
  ) -> ReferenceTrace

  /// Runs one trial forward and back; `outputAdjoints` is dL/d(output) [time][neuron].
  func gradient(
    _ inputs: [[Double]], inputWeights: [[Double]], recurrentWeights: [[[Double]]],
    neurons parameters: [[Double]], outputAdjoints: [[Double]], from start: ReferenceLayerState?
  ) -> ReferenceAdjoint
}

/// The equations of a layer written out: filters act on each presynaptic neuron, weights are matrices,
/// nothing is skipped.
struct ReferenceKernelLayer<Kernel: NeuronKernel>: ReferenceLayer where Kernel.Number == Double {
  let kernel: Kernel
  let neurons: Int
  let wiring: LayerWiring

  private struct Step {
    var tape: [Kernel.Tape] = []
    var held: [Bool] = []
    var spikes: [Bool] = []
  }

  private struct Forward {
    var trace = ReferenceTrace()
    var steps: [Step] = []
    /// Filtered inputs [time][neuron], and own outputs as each kind of synapses filters them.
    var filteredInputs: [[Double]]
    var filteredOutputs: [[[Double]]]
  }

  func forward(
    _ inputs: [[Double]], inputWeights: [[Double]], recurrentWeights: [[[Double]]],
    neurons parameters: [[Double]], from start: ReferenceLayerState?
  ) -> ReferenceTrace {
    run(inputs, inputWeights, recurrentWeights, lanes(parameters), start).trace
  }

  private func run(
    _ inputs: [[Double]], _ inputWeights: [[Double]], _ recurrentWeights: [[[Double]]],
    _ parameters: [Kernel.Parameters], _ start: ReferenceLayerState?
  ) -> Forward {
    var forward = Forward(
      filteredInputs: wiring.input.filter.filtered(inputs),
      filteredOutputs: wiring.recurrent.map { _ in [] })
    var states =
      start.map(restoredStates) ?? [Kernel.State](repeating: kernel.initialState, count: neurons)
    let brought = start.map {
      pastDrive($0, inputWeights, recurrentWeights, steps: inputs.count)
    }
    var filters = restingFilters
    for time in inputs.indices {
      var drive = brought?[time] ?? [Double](repeating: 0, count: neurons)
      wiring.input.paths.add(inputWeights, times: forward.filteredInputs, at: time, to: &drive)
      for (kind, synapses) in wiring.recurrent.enumerated() {
        synapses.paths.add(
          recurrentWeights[kind], times: forward.filteredOutputs[kind], at: time, to: &drive)
      }
      var step = Step()
      var outputs: [Double] = []
      for neuron in 0..<neurons {
        let emission = kernel.step(
          &states[neuron], drive: drive[neuron], parameters: parameters[neuron])
        outputs.append(emission.output)
        step.tape.append(emission.tape)
        step.held.append(emission.held)
        step.spikes.append(emission.spikes)
      }
      forward.steps.append(step)
      forward.trace.outputs.append(outputs)
      forward.trace.potentials.append(states.map { kernel.potential(of: $0) })
      forward.trace.currents.append(
        zip(states, drive).map { kernel.current(of: $0, drive: $1) })
      for (kind, synapses) in wiring.recurrent.enumerated() {
        forward.filteredOutputs[kind].append(
          synapses.filter.map { filter in
            outputs.indices.map { filter.step(&filters[kind][$0], outputs[$0]) }
          } ?? outputs)
      }
    }
    if let start {
      forward.trace.end = (
        states.withUnsafeBytes { bytes in
          let numbers = bytes.bindMemory(to: Double.self)
          let parts = numbers.count / neurons
          return (0..<parts).map { part in (0..<neurons).map { numbers[$0 * parts + part] } }
        },
        ends(of: start, inputs, inputWeights, forward.trace.outputs, recurrentWeights)
      )
    }
    return forward
  }

  /// The filters of all recurrent synapses at rest [kind][neuron].
  private var restingFilters: [[ExponentialFilter<Double>.State]] {
    wiring.recurrent.map { _ in
      [ExponentialFilter<Double>.State](repeating: .init(), count: neurons)
    }
  }

  /// The states of the filters of drives after the last step.
  private func ends(
    of start: ReferenceLayerState, _ inputs: [[Double]], _ inputWeights: [[Double]],
    _ outputs: [[Double]], _ recurrentWeights: [[[Double]]]
  ) -> [(name: String, state: [[Double]])] {
    let all =
      [(wiring.input, start.input, inputs, inputWeights)]
      + wiring.recurrent.indices.map {
        (wiring.recurrent[$0], start.recurrent[$0], outputs, recurrentWeights[$0])
      }
    return all.compactMap { synapses, past, activity, weights in
      synapses.paths.endOfFilter(past, activity, weights, synapses.filter)
        .map { (synapses.filterName, $0) }
    }
  }

  /// The states of all neurons from their numbers.
  private func restoredStates(_ start: ReferenceLayerState) -> [Kernel.State] {
    (0..<neurons).map { neuron in
      var state = kernel.initialState
      withUnsafeMutableBytes(of: &state) { bytes in
        let numbers = bytes.bindMemory(to: Double.self)
        for part in start.parts.indices { numbers[part] = start.parts[part][neuron] }
      }
      return state
    }
  }

  /// What came before the first step brings to each [time][neuron].
  private func pastDrive(
    _ start: ReferenceLayerState, _ inputWeights: [[Double]], _ recurrentWeights: [[[Double]]],
    steps: Int
  ) -> [[Double]] {
    var sum = wiring.input.paths.pastDrive(
      start.input, inputWeights, wiring.input.filter, steps: steps)
    for (kind, synapses) in wiring.recurrent.enumerated() {
      let recurrent = synapses.paths.pastDrive(
        start.recurrent[kind], recurrentWeights[kind], synapses.filter, steps: steps)
      for time in sum.indices {
        for neuron in 0..<neurons { sum[time][neuron] += recurrent[time][neuron] }
      }
    }
    return sum
  }

  func gradient(
    _ inputs: [[Double]], inputWeights: [[Double]], recurrentWeights: [[[Double]]],
    neurons parameters: [[Double]], outputAdjoints: [[Double]], from start: ReferenceLayerState?
  ) -> ReferenceAdjoint {
    let parameters = lanes(parameters)
    let forward = run(inputs, inputWeights, recurrentWeights, parameters, start)
    let last = start?.activity.last
    var parameterGradients = [Kernel.Parameters](repeating: .init(), count: neurons)
    let channels = inputs[0].count
    let silence = [Double](repeating: 0, count: neurons)
    var result = ReferenceAdjoint(
      inputWeights: .zeros(neurons, channels),
      recurrentWeights: recurrentWeights.map { _ in .zeros(neurons, neurons) }, neurons: [],
      inputs: .zeros(inputs.count, channels))
    var adjoints = [Kernel.Adjoint](repeating: kernel.initialAdjoint, count: neurons)
    var filters = restingFilters
    var drives = [[Double]](repeating: silence, count: inputs.count)
    for time in inputs.indices.reversed() {
      var outputAdjoint = outputAdjoints[time]
      for (kind, synapses) in wiring.recurrent.enumerated() {
        let filtered = synapses.paths.adjoint(
          ofActivityAt: time, through: recurrentWeights[kind], drives)
        for neuron in 0..<neurons {
          outputAdjoint[neuron] +=
            synapses.filter?.adjointStep(&filters[kind][neuron], filtered[neuron])
            ?? filtered[neuron]
        }
      }
      for neuron in 0..<neurons {
        let context = StepContext<Double>(
          previousOutput: time > 0 ? forward.trace.outputs[time - 1][neuron] : last?[neuron] ?? 0,
          previousSpikes: time > 0
            ? forward.steps[time - 1].spikes[neuron]
            : Kernel.isSpiking && (last?[neuron] ?? 0) != 0,
          held: forward.steps[time].held[neuron])
        drives[time][neuron] = kernel.adjointStep(
          &adjoints[neuron], output: outputAdjoint[neuron],
          tape: forward.steps[time].tape[neuron], context: context,
          parameters: parameters[neuron], gradient: &parameterGradients[neuron])
      }
      wiring.input.paths.addGradient(
        drives[time], forward.filteredInputs, at: time, to: &result.inputWeights)
      for (kind, synapses) in wiring.recurrent.enumerated() {
        synapses.paths.addGradient(
          drives[time], forward.filteredOutputs[kind], at: time,
          to: &result.recurrentWeights[kind])
      }
    }
    for time in inputs.indices {
      result.inputs[time] = wiring.input.paths.adjoint(
        ofActivityAt: time, through: inputWeights, drives)
    }
    result.inputs = wiring.input.filter.adjointOfFiltered(result.inputs)
    result.drives = drives
    if let start {
      for (neuron, state) in restoredStates(start).enumerated() {
        kernel.finish(
          adjoints[neuron], from: state, parameters: parameters[neuron],
          gradient: &parameterGradients[neuron])
      }
      wiring.input.paths.addPastGradient(
        drives, start.input, wiring.input.filter, to: &result.inputWeights)
      for (kind, synapses) in wiring.recurrent.enumerated() {
        synapses.paths.addPastGradient(
          drives, start.recurrent[kind], synapses.filter, to: &result.recurrentWeights[kind])
      }
    }
    result.neurons = (0..<Kernel.Parameters.count).map { index in
      parameterGradients.map { numbers($0)[index] }
    }
    return result
  }

  /// The parameters [parameter][neuron] by neuron.
  private func lanes(_ values: [[Double]]) -> [Kernel.Parameters] {
    (0..<neurons).map { neuron in
      var parameters = Kernel.Parameters()
      withUnsafeMutableBytes(of: &parameters) { bytes in
        let numbers = bytes.bindMemory(to: Double.self)
        for index in values.indices { numbers[index] = values[index][neuron] }
      }
      return parameters
    }
  }

  private func numbers(_ parameters: Kernel.Parameters) -> [Double] {
    withUnsafeBytes(of: parameters) { [Double]($0.bindMemory(to: Double.self)) }
  }
}
