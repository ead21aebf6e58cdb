import SynfireCore

/// A `FeedbackNetwork` advanced one step at a time in `Double`, driven by events: what spikes cost is
/// spikes x fan-out, whatever the number of synapses. A stepper is used by one thread at a time.
///
/// Decoding is left to the caller, who may be learning the decoders meanwhile: it hands in the factors that
/// are fed back and reads the traces.
public final class FeedbackStepper {
  public let network: FeedbackNetwork
  /// The traces r by group, zeros behind them up to a multiple of eight; aligned to 64 bytes.
  public let traces: AlignedBuffer<Double>
  /// The neurons that spiked in the last step, in ascending order.
  public private(set) var events: [Int] = []
  /// The outputs of the last step, one number a neuron.
  public let outputs: AlignedBuffer<Double>
  /// The part of the last drive that the offset is the mean of: u y and the currents that enter it.
  public let meanDrive: AlignedBuffer<Double>
  /// What is subtracted from the drive, one number a neuron.
  public let offset: AlignedBuffer<Double>
  public let isSpiking: Bool
  /// The traces' factors of decay in a step, and what a spike adds.
  public let traceDecays: [Double]
  public let traceJumps: [Double]
  private let population: any Population
  private let synapses: [SpikePropagation]
  private let drive: AlignedBuffer<Double>
  /// u_in [channel, neuron padded] and u [factor, neuron padded].
  private let inputWeights: AlignedBuffer<Double>
  private let encoders: AlignedBuffer<Double>
  private let rowLength: Int

  /// A network at rest.
  ///
  /// - Throws: `NetworkError` listing the parameters that do not fit.
  public init(_ network: FeedbackNetwork, _ parameters: NamedTensors<Double>) throws {
    try network.validate(parameters)
    self.network = network
    let neurons = network.neurons
    rowLength = SymmetricMatrix.padded(neurons)
    isSpiking = network.model.isSpiking
    population = try network.model.population(
      neurons: neurons, parameters.under("hidden.neurons"))
    synapses = try network.synapses.map { kind in
      try SpikePropagation(
        kind.connectivity, parameters.under("hidden.recurrent.\(kind.name)"), filter: kind.filter,
        timeStep: network.timeStep, neurons: neurons, signs: network.recurrence?.signs)
    }
    inputWeights = SpikePropagation.columns(
      of: network.input.weights(
        parameters.under("hidden.input"), presynaptic: network.inputs, postsynaptic: neurons))
    encoders =
      parameters["hidden.encoders"].map(SpikePropagation.columns) ?? AlignedBuffer(count: 0)
    let filters = try network.traces.compactMap { try $0.coefficients(timeStep: network.timeStep) }
    traceDecays = filters.map(\.memory)
    traceJumps = filters.map(\.response)
    traces = AlignedBuffer(count: SymmetricMatrix.padded(network.regressors))
    outputs = AlignedBuffer(count: rowLength)
    drive = AlignedBuffer(count: rowLength)
    meanDrive = AlignedBuffer(count: rowLength)
    offset = AlignedBuffer(count: rowLength)
    for (neuron, value) in parameters["hidden.offset"]!.values.enumerated() {
      offset.pointer[neuron] = value
    }
  }

  /// Advances by one step.
  ///
  /// - Parameters:
  ///   - inputs: F_in of this step, one number a channel.
  ///   - factors: y of the step before, one number a factor.
  public func step(inputs: UnsafePointer<Double>, factors: UnsafePointer<Double>) {
    encode(factors, into: meanDrive)
    advance(inputs)
  }

  /// Advances by one step in which a current of each neuron stands in place of u y.
  ///
  /// - Parameter current: as `encode` makes it.
  public func step(inputs: UnsafePointer<Double>, current: AlignedBuffer<Double>) {
    meanDrive.pointer.update(from: current.pointer, count: rowLength)
    advance(inputs)
  }

  /// A current of each neuron, with zeros behind.
  public func makeCurrent() -> AlignedBuffer<Double> { AlignedBuffer(count: rowLength) }

  /// Writes u y, of each neuron.
  public func encode(_ factors: UnsafePointer<Double>, into current: AlignedBuffer<Double>) {
    current.clear()
    for factor in 0..<network.factors {
      DoubleRows.add(
        encoders.pointer + factor * rowLength, times: factors[factor], to: current.pointer,
        vectors: rowLength / 8)
    }
  }

  /// Goes on from the recurrent part of the drive.
  private func advance(_ inputs: UnsafePointer<Double>) {
    let vectors = rowLength / 8
    for (kind, propagation) in zip(network.synapses, synapses) where kind.entersMean {
      DoubleRows.add(propagation.currents, times: 1, to: meanDrive.pointer, vectors: vectors)
    }
    drive.pointer.update(from: meanDrive.pointer, count: rowLength)
    DoubleRows.add(offset.pointer, times: -1, to: drive.pointer, vectors: vectors)
    for (kind, propagation) in zip(network.synapses, synapses) where !kind.entersMean {
      DoubleRows.add(propagation.currents, times: 1, to: drive.pointer, vectors: vectors)
    }
    for channel in 0..<network.inputs where inputs[channel] != 0 {
      DoubleRows.add(
        inputWeights.pointer + channel * rowLength, times: inputs[channel], to: drive.pointer,
        vectors: vectors)
    }
    population.step(drive.pointer, into: outputs.pointer)
    events.removeAll(keepingCapacity: true)
    if isSpiking {
      for neuron in 0..<network.neurons where outputs.pointer[neuron] != 0 {
        events.append(neuron)
      }
    }
    for propagation in synapses {
      propagation.step(events: events, outputs: outputs.pointer, isSpiking: isSpiking)
    }
    follow()
  }

  /// Brings the traces up to date.
  private func follow() {
    let neurons = network.neurons
    guard !traceDecays.isEmpty else {
      traces.pointer.update(from: outputs.pointer, count: neurons)
      return
    }
    for (group, decay) in traceDecays.enumerated() {
      let trace = traces.pointer + group * neurons
      if isSpiking {
        for neuron in 0..<neurons { trace[neuron] *= decay }
        for event in events { trace[event] += traceJumps[group] }
      } else {
        for neuron in 0..<neurons {
          trace[neuron] = decay * trace[neuron] + traceJumps[group] * outputs.pointer[neuron]
        }
      }
    }
  }

  /// All that the past can still do to the future: `neurons` [part, neuron], `traces` [regressor] and the
  /// currents of each kind of synapses [part, neuron].
  public var state: NamedTensors<Double> {
    get {
      var result = NamedTensors<Double>()
      result["neurons"] = population.state
      result["traces"] = Tensor(
        axes: ["regressor"], shape: [network.regressors],
        values: Array(UnsafeBufferPointer(start: traces.pointer, count: network.regressors)))
      for (kind, propagation) in zip(network.synapses, synapses) {
        result["synapses.\(kind.name)"] = propagation.state(neurons: network.neurons)
      }
      return result
    }
    set {
      precondition(newValue.names == state.names, "the state is of another network")
      population.state = newValue["neurons"]!
      for (index, value) in newValue["traces"]!.values.enumerated() {
        traces.pointer[index] = value
      }
      for (kind, propagation) in zip(network.synapses, synapses) {
        propagation.restore(newValue["synapses.\(kind.name)"]!)
      }
    }
  }
}

extension NeuronModel {
  /// Whether outputs are spikes.
  public var isSpiking: Bool { Fast.isSpiking }
}
