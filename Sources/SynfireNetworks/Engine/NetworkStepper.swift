import SynfireCore

/// A network advanced one step at a time, for closed loops: the next input may depend on the last output.
///
/// The kernels are those of a run over a whole sequence with neurons as lanes (`LaneLayout`), and so are
/// the results, bit for bit. A stepper is used by one thread at a time.
public final class NetworkStepper {
  public let network: Network
  /// Copies of the network that run side by side.
  public let trials: Int
  /// Steps made since the last `reset`.
  public private(set) var time = 0
  private let packed: PackedNetwork
  private let sweeps: [any LayerSweep]
  private let readout: any ReadoutSweep
  private let spikes: AlignedBuffer<UInt64>
  private let numbers: AlignedBuffer<Float>

  /// - Throws: `NetworkError` listing the parameters that do not fit.
  public init(_ network: Network, _ parameters: NamedTensors<Float>, trials: Int = 1) throws {
    try network.validate(parameters)
    guard trials > 0 else { throw NetworkError("\(trials) trials are fewer than 1") }
    if let (name, _, _, _) = network.connections.first(where: {
      $0.connection.connectivity.largestDelay > 0
    }) {
      throw NetworkError(
        "synapses with delays are not advanced step by step", place: name,
        remedy: "Run the whole sequence.")
    }
    self.network = network
    self.trials = trials
    packed = PackedNetwork(network, parameters)
    sweeps = try network.layers.enumerated().map { index, layer in
      try layer.makeSweep(
        inputs: network.inputCount(ofLayer: index), steps: 64, segmentSteps: nil, trials: trials,
        timeStep: network.timeStep)
    }
    let last = network.layers.last!
    readout = try network.readout.makeSweep(
      neurons: last.neurons, spiking: last.isSpiking, steps: 64, trials: trials,
      timeStep: network.timeStep)
    spikes = AlignedBuffer(count: 64 * trials * ((network.inputs + 63) >> 6))
    numbers = AlignedBuffer(count: 64 * trials * network.inputs)
    reset()
  }

  /// Returns to the state before the first step.
  public func reset() {
    time = 0
    for (index, sweep) in sweeps.enumerated() {
      sweep.begin(packed.layers[index], trials: trials)
    }
    readout.begin()
  }

  /// Advances by one step.
  ///
  /// - Parameter inputs: one step of every trial.
  /// - Returns: the readout [trial, output]; for a maximum over time, that of the steps so far.
  /// - Throws: `NetworkError` when the inputs have another shape.
  public func step(_ inputs: TrialInputs) throws -> Tensor<Float> {
    guard inputs.steps == 1, inputs.trials == trials, inputs.channels == network.inputs else {
      throw NetworkError(
        "the inputs are \(inputs.steps) steps of \(inputs.trials) trials and \(inputs.channels) "
          + "channels instead of 1 step of \(trials) trials and \(network.inputs) channels")
    }
    var activity = keep(inputs)
    for (index, sweep) in sweeps.enumerated() {
      sweep.step(packed.layers[index], activity, time: time, trials: trials)
      activity = sweep.activity
    }
    readout.step(packed.readout, activity, time: time, trials: trials)
    readout.block.add(bias: packed.readoutBias, trials: trials)
    time += 1
    let block = readout.block
    return Tensor(
      axes: ["trial", "output"], shape: [trials, block.count],
      values: (0..<trials).flatMap { trial in
        (0..<block.count).map { block.outputs[trial * block.trialStride + $0] }
      })
  }

  /// The spikes of a layer in the last step [1, trial, neuron]; nil for a rate layer or before a step.
  public func spikes(ofLayer index: Int) -> SpikeTensor? {
    guard time > 0,
      case .spikes(let words, let timeStride, let trialStride) = sweeps[index].activity
    else { return nil }
    var result = SpikeTensor(steps: 1, trials: trials, neurons: network.layers[index].neurons)
    for trial in 0..<trials {
      for word in 0..<result.wordsPerRow {
        result.words[trial * result.wordsPerRow + word] =
          words[((time - 1) & 63) * timeStride + trial * trialStride + word]
      }
    }
    return result
  }

  /// Copies the inputs to their place among those of the last 64 steps.
  private func keep(_ inputs: TrialInputs) -> BlockActivity {
    let slot = time & 63
    switch inputs {
    case .spikes(let tensor):
      let stride = trials * tensor.wordsPerRow
      for (index, word) in tensor.words.enumerated() {
        spikes.pointer[slot * stride + index] = word
      }
      return .spikes(spikes.pointer, timeStride: stride, trialStride: tensor.wordsPerRow)
    case .analog(let tensor):
      let stride = trials * network.inputs
      for (index, value) in tensor.values.enumerated() {
        numbers.pointer[slot * stride + index] = value
      }
      return .analog(numbers.pointer, timeStride: stride, trialStride: network.inputs)
    }
  }
}
