import SynfireCore

/// Runs a network in `Double`, one neuron at a time, by its equations as they are written.
///
/// It exists to be right: the fast engine is tested against it, and `synfire gradient --precision double`
/// is it. With `smoothed`, spikes are replaced by the primitive of the surrogate derivative; the
/// gradient is then the exact derivative of the loss.
public struct ReferenceEngine {
  public let network: Network
  let layers: [any ReferenceLayer]
  let readoutFilter: ExponentialFilter<Double>?
  let readoutLatency: Int

  public init(_ network: Network, smoothed: Bool = false) throws {
    self.network = network
    layers = try network.layers.enumerated().map { index, layer in
      try layer.makeReference(
        inputs: network.inputCount(ofLayer: index), timeStep: network.timeStep, smoothed: smoothed)
    }
    readoutFilter = try network.readout.connection.filter.coefficients(timeStep: network.timeStep)
    readoutLatency = try network.readout.latency()
  }

  /// A forward run of all trials.
  public struct Run: Sendable {
    /// By layer and trial.
    public var traces: [[ReferenceTrace]]
    /// The readout's input r_t, by trial: [time][neuron].
    public var filtered: [[[Double]]]
    /// [time, trial, output] or [trial, output].
    public var readout: Tensor<Double>
    /// What the trials end in, if they went on from a state.
    public var state: NetworkState<Double>?
    var inputs: [[[Double]]]
    fileprivate var maximumTimes: [[Int]]
    var start: NetworkState<Double>?
  }

  /// Runs inputs [time, trial, channel].
  ///
  /// - Parameters:
  ///   - lengths: steps of each trial, after which it is not run; nil where all have every step.
  ///   - start: what the trials go on from; nil for rest, without a state handed out.
  public func run(
    _ inputs: Tensor<Double>, _ parameters: NamedTensors<Double>, lengths: [Int]? = nil,
    from start: NetworkState<Double>? = nil
  ) throws -> Run {
    try network.validate(parameters)
    if let start { try network.validate(start, trials: inputs.shape[1]) }
    let (steps, trials, channels) = (inputs.shape[0], inputs.shape[1], inputs.shape[2])
    let weights = matrices(parameters)
    let neurons = try neuronParameters(parameters)
    for length in lengths ?? [steps] { try network.readout.validate(steps: length) }
    let (axes, shape) = network.readout.shape(steps: steps, trials: trials)
    var run = Run(
      traces: network.layers.map { _ in [] }, filtered: [],
      readout: Tensor(axes: axes, shape: shape), state: start, inputs: [], maximumTimes: [],
      start: start)
    for trial in 0..<trials {
      var activity = (0..<(lengths?[trial] ?? steps)).map { time in
        let start = (time * trials + trial) * channels
        return [Double](inputs.values[start..<start + channels])
      }
      run.inputs.append(activity)
      for (index, layer) in layers.enumerated() {
        let trace = layer.forward(
          activity, inputWeights: weights[index].input, recurrentWeights: weights[index].recurrent,
          neurons: neurons[index], from: layerStart(run, index, trial))
        activity = trace.outputs
        run.traces[index].append(trace)
      }
      let shifted = readoutActivity(activity, trial: trial, &run)
      run.filtered.append(shifted)
      addReadout(of: shifted, trial: trial, trials: trials, weights.last!.input, to: &run)
      finish(&run, trial: trial, weights.last!.input)
    }
    if let bias = parameters["readout.bias"] {
      for index in run.readout.values.indices {
        let (row, trial) = (index / bias.count).quotientAndRemainder(dividingBy: trials)
        if row < network.readout.rows(steps: lengths?[trial] ?? steps) {
          run.readout.values[index] += bias.values[index % bias.count]
        }
      }
    }
    return run
  }

  private func addReadout(
    of activity: [[Double]], trial: Int, trials: Int, _ weights: [[Double]], to run: inout Run
  ) {
    let outputs = network.readout.outputs
    switch network.readout.reduction {
    case .everyStep, .meanOverWindows:
      let window = network.readout.window
      let past = run.start.map {
        readoutPaths.pastDrive(
          readoutPast($0, trial), weights, readoutFilter, steps: activity.count)
      }
      for (time, row) in activity.enumerated() {
        var y = past?[time] ?? [Double](repeating: 0, count: outputs)
        y.add(weights, times: row)
        for (output, value) in y.enumerated() {
          run.readout.values[(time / window * trials + trial) * outputs + output] +=
            value / Double(window)
        }
      }
    case .maximumOverTime:
      var maximum = activity[0]
      var times = [Int](repeating: 0, count: maximum.count)
      for (time, row) in activity.enumerated() {
        for neuron in row.indices where row[neuron] > maximum[neuron] {
          maximum[neuron] = row[neuron]
          times[neuron] = time
        }
      }
      var y = [Double](repeating: 0, count: outputs)
      y.add(weights, times: maximum)
      for (output, value) in y.enumerated() {
        run.readout.values[trial * outputs + output] = value
      }
      run.maximumTimes.append(times)
    }
  }

  /// The gradient of every tensor from dL/d(readout), of the readout's shape.
  ///
  /// - Parameter constantAdjoints: for each layer, dL/d(output) [neuron] that is added for every step and
  ///   trial, as a firing-rate regularizer has; empty for none.
  public func gradient(
    _ run: Run, readoutAdjoint: Tensor<Double>, _ parameters: NamedTensors<Double>,
    constantAdjoints: [[Double]] = []
  ) throws -> NamedTensors<Double> {
    let weights = matrices(parameters)
    let neurons = try neuronParameters(parameters)
    var neuronSums = neurons.map { rows in rows.map { $0.map { _ in 0.0 } } }
    var sums = weights.map { pair in
      (
        input: [[Double]].zeros(pair.input.count, pair.input[0].count),
        recurrent: pair.recurrent.map { [[Double]].zeros($0.count, $0[0].count) }
      )
    }
    for trial in run.inputs.indices {
      let readout = readoutGradient(run, trial: trial, readoutAdjoint, weights.last!.input)
      sums[layers.count].input.add(readout.weights)
      var adjoint = readout.outputs
      for index in layers.indices.reversed() {
        if !constantAdjoints.isEmpty {
          for time in adjoint.indices {
            for neuron in adjoint[time].indices {
              adjoint[time][neuron] += constantAdjoints[index][neuron]
            }
          }
        }
        let result = layers[index].gradient(
          index == 0 ? run.inputs[trial] : run.traces[index - 1][trial].outputs,
          inputWeights: weights[index].input, recurrentWeights: weights[index].recurrent,
          neurons: neurons[index], outputAdjoints: adjoint, from: layerStart(run, index, trial))
        neuronSums[index].add(result.neurons)
        sums[index].input.add(result.inputWeights)
        for (kind, gradient) in result.recurrentWeights.enumerated() {
          sums[index].recurrent[kind].add(gradient)
        }
        adjoint = result.inputs
      }
    }
    var result = named(sums, parameters)
    if let bias = network.readout.biasSpecification {
      var sum = Tensor<Double>(axes: bias.axes, shape: bias.shape)
      for (index, value) in readoutAdjoint.values.enumerated() {
        sum.values[index % sum.count] += value
      }
      result[bias.name] = sum
    }
    for (layer, sum) in zip(network.layers, neuronSums) {
      let tensors = layer.gradient(
        ofKernelParameters: sum, parameters.under(layer.parameterPrefix))
      for (name, tensor) in tensors.prefixed(layer.parameterPrefix) { result[name] = tensor }
    }
    return result
  }

  /// The kernel parameters of each layer, [parameter][neuron].
  func neuronParameters(_ parameters: NamedTensors<Double>) throws -> [[[Double]]] {
    try network.layers.map { try $0.kernelParameters(parameters.under($0.parameterPrefix)) }
  }

  /// dL/dW_out of one trial and dL/d(output of the last layer) [time][neuron].
  func readoutGradient(
    _ run: Run, trial: Int, _ adjoint: Tensor<Double>, _ weights: [[Double]]
  ) -> (weights: [[Double]], outputs: [[Double]]) {
    let activity = run.filtered[trial]
    let (steps, neurons, outputs) = (activity.count, activity[0].count, network.readout.outputs)
    var gradient = [[Double]].zeros(outputs, neurons)
    var shifted = [[Double]].zeros(steps, neurons)
    var errors: [[Double]] = []
    switch network.readout.reduction {
    case .everyStep, .meanOverWindows:
      let trials = run.inputs.count
      let window = network.readout.window
      for time in 0..<steps {
        let start = (time / window * trials + trial) * outputs
        let error = adjoint.values[start..<start + outputs].map { $0 / Double(window) }
        gradient.addOuter(error, activity[time])
        shifted[time].add(transposeOf: weights, times: error)
        errors.append(error)
      }
      if let start = run.start {
        readoutPaths.addPastGradient(
          errors, readoutPast(start, trial), readoutFilter, to: &gradient)
      }
    case .maximumOverTime:
      let error = [Double](adjoint.values[trial * outputs..<(trial + 1) * outputs])
      let times = run.maximumTimes[trial]
      gradient.addOuter(error, times.indices.map { activity[times[$0]][$0] })
      var back = [Double](repeating: 0, count: neurons)
      back.add(transposeOf: weights, times: error)
      for neuron in 0..<neurons { shifted[times[neuron]][neuron] = back[neuron] }
    }
    let silence = [Double](repeating: 0, count: neurons)
    let filtered = (0..<steps).map {
      $0 + readoutLatency < steps ? shifted[$0 + readoutLatency] : silence
    }
    return (gradient, readoutFilter.adjointOfFiltered(filtered))
  }

  /// Matrices of a layer: of its inputs, and of each kind of its recurrent synapses.
  typealias LayerMatrices = (input: [[Double]], recurrent: [[[Double]]])

  /// The weight matrices of each layer, and last that of the readout as `input`.
  func matrices(_ parameters: NamedTensors<Double>) -> [LayerMatrices] {
    var all = network.connections.map { prefix, connection, presynaptic, postsynaptic in
      [[Double]](
        connection.connectivity.weights(
          parameters.under(prefix), presynaptic: presynaptic, postsynaptic: postsynaptic))
    }[...]
    let layers: [LayerMatrices] = network.layers.map { layer in
      (all.removeFirst(), layer.recurrent.map { _ in all.removeFirst() })
    }
    return layers + [(all.removeFirst(), [])]
  }

  private func named(
    _ sums: [LayerMatrices], _ parameters: NamedTensors<Double>
  ) -> NamedTensors<Double> {
    var result = NamedTensors<Double>()
    let matrices = sums.flatMap { [$0.input] + $0.recurrent }
    for (matrix, (prefix, connection, presynaptic, postsynaptic))
      in zip(matrices, network.connections)
    {
      let gradient = Tensor<Double>(
        axes: ["neuron", "presynaptic"], shape: [postsynaptic, presynaptic],
        values: matrix.flatMap { $0 })
      let tensors = connection.connectivity.gradient(
        ofWeights: gradient, parameters.under(prefix))
      for (name, tensor) in tensors.prefixed(prefix) { result[name] = tensor }
    }
    return result
  }
}

extension [[Double]] {
  /// self += other.
  fileprivate mutating func add(_ other: [[Double]]) {
    for i in indices { for j in self[i].indices { self[i][j] += other[i][j] } }
  }
}
