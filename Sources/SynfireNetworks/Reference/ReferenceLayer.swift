import SynfireCore

/// One trial of one layer in the reference engine: [time][neuron], plain and in `Double`.
public struct ReferenceTrace: Sendable {
  public var outputs: [[Double]] = []
  public var potentials: [[Double]] = []
  public var currents: [[Double]] = []
  /// The state after the last step, of a trial that went on from one; its filters of drives.
  var end: (parts: [[Double]], inputFilter: [[Double]]?, recurrentFilter: [[Double]]?)?
}

/// What going back over one trial of a layer yields.
public struct ReferenceAdjoint: Sendable {
  /// dL/dW [postsynaptic][presynaptic].
  public var inputWeights: [[Double]]
  public var recurrentWeights: [[Double]]
  /// dL/d(kernel parameters) [parameter][neuron].
  public var neurons: [[Double]]
  /// dL/d(input) [time][presynaptic].
  public var inputs: [[Double]]
  /// dL/d(synaptic drive) [time][neuron].
  public var drives: [[Double]] = []
}

/// A layer of the reference engine.
public protocol ReferenceLayer {
  /// Runs one trial; `inputs` is [time][presynaptic], weights are [postsynaptic][presynaptic], the
  /// parameters of neurons [parameter][neuron]. It goes on from `start`, or from rest.
  func forward(
    _ inputs: [[Double]], inputWeights: [[Double]], recurrentWeights: [[Double]]?,
    neurons parameters: [[Double]], from start: ReferenceLayerState?
  ) -> ReferenceTrace

  /// Runs one trial forward and back; `outputAdjoints` is dL/d(output) [time][neuron].
  func gradient(
    _ inputs: [[Double]], inputWeights: [[Double]], recurrentWeights: [[Double]]?,
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
    /// Filtered inputs and filtered own outputs, [time][neuron].
    var filteredInputs: [[Double]]
    var filteredOutputs: [[Double]] = []
  }

  func forward(
    _ inputs: [[Double]], inputWeights: [[Double]], recurrentWeights: [[Double]]?,
    neurons parameters: [[Double]], from start: ReferenceLayerState?
  ) -> ReferenceTrace {
    run(inputs, inputWeights, recurrentWeights, lanes(parameters), start).trace
  }

  private func run(
    _ inputs: [[Double]], _ inputWeights: [[Double]], _ recurrentWeights: [[Double]]?,
    _ parameters: [Kernel.Parameters], _ start: ReferenceLayerState?
  ) -> Forward {
    var forward = Forward(filteredInputs: wiring.inputFilter.filtered(inputs))
    var states =
      start.map(restoredStates) ?? [Kernel.State](repeating: kernel.initialState, count: neurons)
    let brought = start.map {
      pastDrive($0, inputWeights, recurrentWeights, steps: inputs.count)
    }
    var filters = [ExponentialFilter<Double>.State](repeating: .init(), count: neurons)
    for time in inputs.indices {
      var drive = brought?[time] ?? [Double](repeating: 0, count: neurons)
      wiring.inputPaths.add(inputWeights, times: forward.filteredInputs, at: time, to: &drive)
      if let recurrentWeights {
        wiring.recurrentPaths.add(
          recurrentWeights, times: forward.filteredOutputs, at: time, to: &drive)
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
      forward.filteredOutputs.append(
        wiring.recurrentFilter.map { filter in
          outputs.indices.map { filter.step(&filters[$0], outputs[$0]) }
        } ?? outputs)
    }
    if let start {
      forward.trace.end = (
        states.withUnsafeBytes { bytes in
          let numbers = bytes.bindMemory(to: Double.self)
          let parts = numbers.count / neurons
          return (0..<parts).map { part in (0..<neurons).map { numbers[$0 * parts + part] } }
        },
        wiring.inputPaths.endOfFilter(start.input, inputs, inputWeights, wiring.inputFilter),
        recurrentWeights.flatMap {
          wiring.recurrentPaths.endOfFilter(
            start.recurrent, forward.trace.outputs, $0, wiring.recurrentFilter)
        }
      )
    }
    return forward
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
    _ start: ReferenceLayerState, _ inputWeights: [[Double]], _ recurrentWeights: [[Double]]?,
    steps: Int
  ) -> [[Double]] {
    var sum = wiring.inputPaths.pastDrive(
      start.input, inputWeights, wiring.inputFilter, steps: steps)
    if let recurrentWeights {
      let recurrent = wiring.recurrentPaths.pastDrive(
        start.recurrent, recurrentWeights, wiring.recurrentFilter, steps: steps)
      for time in sum.indices {
        for neuron in 0..<neurons { sum[time][neuron] += recurrent[time][neuron] }
      }
    }
    return sum
  }

  func gradient(
    _ inputs: [[Double]], inputWeights: [[Double]], recurrentWeights: [[Double]]?,
    neurons parameters: [[Double]], outputAdjoints: [[Double]], from start: ReferenceLayerState?
  ) -> ReferenceAdjoint {
    let parameters = lanes(parameters)
    let forward = run(inputs, inputWeights, recurrentWeights, parameters, start)
    let last = start?.recurrent.activity.last
    var parameterGradients = [Kernel.Parameters](repeating: .init(), count: neurons)
    let channels = inputs[0].count
    let silence = [Double](repeating: 0, count: neurons)
    var result = ReferenceAdjoint(
      inputWeights: .zeros(neurons, channels),
      recurrentWeights: recurrentWeights == nil ? [] : .zeros(neurons, neurons), neurons: [],
      inputs: .zeros(inputs.count, channels))
    var adjoints = [Kernel.Adjoint](repeating: kernel.initialAdjoint, count: neurons)
    var filters = [ExponentialFilter<Double>.State](repeating: .init(), count: neurons)
    var drives = [[Double]](repeating: silence, count: inputs.count)
    for time in inputs.indices.reversed() {
      var outputAdjoint = outputAdjoints[time]
      if let recurrentWeights {
        let filtered = wiring.recurrentPaths.adjoint(
          ofActivityAt: time, through: recurrentWeights, drives)
        for neuron in 0..<neurons {
          outputAdjoint[neuron] +=
            wiring.recurrentFilter?.adjointStep(&filters[neuron], filtered[neuron])
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
      wiring.inputPaths.addGradient(
        drives[time], forward.filteredInputs, at: time, to: &result.inputWeights)
      if recurrentWeights != nil {
        wiring.recurrentPaths.addGradient(
          drives[time], forward.filteredOutputs, at: time, to: &result.recurrentWeights)
      }
    }
    for time in inputs.indices {
      result.inputs[time] = wiring.inputPaths.adjoint(
        ofActivityAt: time, through: inputWeights, drives)
    }
    result.inputs = wiring.inputFilter.adjointOfFiltered(result.inputs)
    result.drives = drives
    if let start {
      for (neuron, state) in restoredStates(start).enumerated() {
        kernel.finish(
          adjoints[neuron], from: state, parameters: parameters[neuron],
          gradient: &parameterGradients[neuron])
      }
      wiring.inputPaths.addPastGradient(
        drives, start.input, wiring.inputFilter, to: &result.inputWeights)
      if recurrentWeights != nil {
        wiring.recurrentPaths.addPastGradient(
          drives, start.recurrent, wiring.recurrentFilter, to: &result.recurrentWeights)
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

/// When the activity of each presynaptic neuron reaches each postsynaptic one.
struct ReferencePaths {
  let latency: Int
  /// [postsynaptic, presynaptic].
  let delays: [Int]?

  /// Calls `body` for each synapse, with the steps from activity to drive.
  func forEach(
    _ weights: [[Double]], _ body: (_ post: Int, _ pre: Int, _ steps: Int) -> Void
  ) {
    for post in weights.indices {
      for pre in weights[post].indices {
        body(post, pre, latency + (delays?[post * weights[post].count + pre] ?? 0))
      }
    }
  }

  /// drive += weights times the activity [time][presynaptic] that arrives at a step.
  func add(
    _ weights: [[Double]], times activity: [[Double]], at time: Int, to drive: inout [Double]
  ) {
    forEach(weights) { post, pre, steps in
      guard time >= steps else { return }
      drive[post] += weights[post][pre] * activity[time - steps][pre]
    }
  }

  /// gradient += what the adjoint of the drive of a step says of the weights.
  func addGradient(
    _ adjoint: [Double], _ activity: [[Double]], at time: Int, to gradient: inout [[Double]]
  ) {
    forEach(gradient) { post, pre, steps in
      guard time >= steps else { return }
      gradient[post][pre] += adjoint[post] * activity[time - steps][pre]
    }
  }

  /// The adjoint of the activity of a step from those of the drives [time][postsynaptic].
  func adjoint(
    ofActivityAt time: Int, through weights: [[Double]], _ drives: [[Double]]
  ) -> [Double] {
    var result = [Double](repeating: 0, count: weights[0].count)
    forEach(weights) { post, pre, steps in
      guard time + steps < drives.count else { return }
      result[pre] += weights[post][pre] * drives[time + steps][post]
    }
    return result
  }
}

extension LayerWiring {
  fileprivate var inputPaths: ReferencePaths {
    ReferencePaths(latency: inputLatency, delays: inputDelays)
  }
  fileprivate var recurrentPaths: ReferencePaths {
    ReferencePaths(latency: recurrentLatency, delays: recurrentDelays)
  }
}

extension ExponentialFilter<Double>? {
  /// The filtered sequence of each column of [time][neuron].
  func filtered(_ sequence: [[Double]]) -> [[Double]] {
    guard let filter = self, let width = sequence.first?.count else { return sequence }
    var states = [ExponentialFilter<Double>.State](repeating: .init(), count: width)
    return sequence.map { row in row.indices.map { filter.step(&states[$0], row[$0]) } }
  }

  /// The adjoint of the sequence from that of the filtered one.
  func adjointOfFiltered(_ adjoints: [[Double]]) -> [[Double]] {
    guard let filter = self, let width = adjoints.first?.count else { return adjoints }
    var states = [ExponentialFilter<Double>.State](repeating: .init(), count: width)
    return adjoints.reversed().map { row in
      row.indices.map { filter.adjointStep(&states[$0], row[$0]) }
    }.reversed()
  }
}

extension [Double] {
  /// self += matrix vector.
  mutating func add(_ matrix: [[Double]], times vector: [Double]) {
    for row in indices {
      for column in vector.indices { self[row] += matrix[row][column] * vector[column] }
    }
  }

  /// self += matrix^T vector.
  mutating func add(transposeOf matrix: [[Double]], times vector: [Double]) {
    for row in vector.indices where vector[row] != 0 {
      for column in indices { self[column] += matrix[row][column] * vector[row] }
    }
  }
}

extension [[Double]] {
  static func zeros(_ rows: Int, _ columns: Int) -> [[Double]] {
    [[Double]](repeating: [Double](repeating: 0, count: columns), count: rows)
  }

  /// self += column row^T.
  mutating func addOuter(_ column: [Double], _ row: [Double]) {
    for i in column.indices where column[i] != 0 {
      for j in row.indices { self[i][j] += column[i] * row[j] }
    }
  }

  /// A matrix from a tensor of two axes.
  init(_ tensor: Tensor<Double>) {
    let columns = tensor.shape[1]
    self = (0..<tensor.shape[0]).map {
      Array<Double>(tensor.values[$0 * columns..<($0 + 1) * columns])
    }
  }
}
