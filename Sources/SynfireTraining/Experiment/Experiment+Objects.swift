import SynfireCore
import SynfireLearning
import SynfireNetworks
import SynfireTasks

extension Experiment {
  /// The task, its data found and checked.
  ///
  /// - Parameters:
  ///   - dataDirectory: where data sets are; generated tasks need none.
  ///   - workers: threads that may share the making of trials.
  /// - Throws: `TasksError` when data are missing or broken.
  public func makeTask(dataDirectory: String?, workers: WorkerPool? = nil) throws -> any TrialTask {
    switch task {
    case .images(let images):
      return try MNISTTask(
        directory: dataDirectory, dataSet: images.dataSet.rawValue, steps: images.steps,
        validationCount: images.validationImages, workers: workers)
    case .contextIntegration(let context):
      return try ContextIntegrationTask(
        steps: context.steps, stimulus: context.stimulus, response: context.response,
        offset: context.offset, noise: context.noiseDeviation)
    case .contextSwitch(let context, let switching):
      return try ContextSwitchTask(
        steps: context.steps, stimulus: context.stimulus, response: context.response,
        offset: context.offset, noise: context.noiseDeviation,
        switchProbability: switching.probability, switchedSteps: switching.steps)
    case .sequentialImages(let images):
      return try SequentialMNISTTask(
        directory: dataDirectory, stepsPerPixel: images.stepsPerPixel, encoding: images.encoding,
        validationCount: images.validationImages, workers: workers)
    case .storeRecall(let recall):
      return try StoreRecallTask(
        slots: recall.slots, stepsPerSlot: recall.stepsPerSlot,
        commandProbability: recall.commandProbability, flipProbability: recall.flipProbability,
        neuronsPerPopulation: recall.neuronsPerPopulation,
        spikeProbability: recall.spikeProbability, workers: workers)
    }
  }

  /// The network.
  ///
  /// - Throws: `NetworkError`; the values were checked when the file was read.
  public func makeNetwork() throws -> Network {
    var inputs = task.inputChannels
    var layers: [any NetworkLayer] = []
    for layer in network.layers {
      layers.append(layer.layer(inputs: inputs, seed: seed))
      inputs = layer.neurons
    }
    return try Network(
      timeStep: timeStep, inputs: task.inputChannels, layers: layers,
      readout: network.readout.readout(neurons: inputs, outputs: task.outputs))
  }

  /// The learning rule, at its first update.
  ///
  /// - Parameters:
  ///   - parameters: initial ones, unless given.
  ///   - threads: worker threads; results do not depend on their number.
  /// - Throws: `NetworkError` listing the parameters that do not fit.
  public func makeRule(parameters: NamedTensors<Float>? = nil, threads: Int) throws
    -> any LearningRule
  {
    let network = try makeNetwork()
    switch learning.rule {
    case .bptt:
      return try BackpropagationThroughTime(
        network: network, parameters: parameters ?? network.initialParameters(seed: seed),
        loss: learning.loss, regularizers: learning.regularizers, optimizer: learning.optimizer,
        clipNorm: learning.clipGlobalNorm, threads: threads)
    }
  }
}

extension ContextTaskDescription {
  var stimulus: Range<Int> { stimulusStart..<stimulusEnd }
  var response: Range<Int> { stimulusEnd..<steps }
}

extension LayerDescription {
  fileprivate func layer(inputs: Int, seed: UInt64) -> any NetworkLayer {
    let input = input.connection(
      inputs: inputs, neurons: neurons, seed: seed, name: "\(name).input")
    let recurrent = recurrent?.connection(
      inputs: neurons, neurons: neurons, seed: seed, name: "\(name).recurrent")
    switch model {
    case .leakyIntegrateAndFire(let model):
      return Layer(name: name, neurons: neurons, model: model, input: input, recurrent: recurrent)
    case .adaptive(let model):
      return Layer(name: name, neurons: neurons, model: model, input: input, recurrent: recurrent)
    case .rate(let model):
      return Layer(name: name, neurons: neurons, model: model, input: input, recurrent: recurrent)
    }
  }
}

extension ConnectionDescription {
  /// - Parameters seed, name: what the delays are drawn by.
  fileprivate func connection(inputs: Int, neurons: Int, seed: UInt64, name: String) -> Connection {
    let base = connectivity.connectivity(inputs: inputs, neurons: neurons)
    guard let delays, delays > 1 else { return Connection(base, filter: filter) }
    return Connection(Delays(base, count: delays, seed: seed, name: name), filter: filter)
  }
}

extension ConnectivityDescription {
  fileprivate func connectivity(inputs: Int, neurons: Int) -> any Connectivity {
    switch self {
    case .dense(let initial, let excludesAutapses):
      let sizes: [InitialScale.Size: Int] = [.inputs: inputs, .neurons: neurons]
      return Dense(initial.initialization(sizes), excludesAutapses: excludesAutapses)
    case .modes(let modes):
      let sizes = [.inputs: inputs, .neurons: neurons, InitialScale.Size.modes: modes.modes]
      return Modes(
        modes.modes, modeInitialization: modes.initialModes.initialization(sizes),
        scoreInitialization: modes.initialScores.initialization(sizes),
        trainsScores: modes.trainsScores)
    }
  }
}

extension ReadoutDescription {
  fileprivate func readout(neurons: Int, outputs: Int) -> Readout {
    let initial = initialWeights.initialization([.neurons: neurons, .outputs: outputs])
    return Readout(
      outputs: outputs, connection: Connection(Dense(initial), filter: filter),
      reduction: reduction, bias: hasBias ? .constant(0) : nil)
  }
}
