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
    }
  }

  /// The network.
  ///
  /// - Throws: `NetworkError`; the values were checked when the file was read.
  public func makeNetwork() throws -> Network {
    var inputs = task.inputChannels
    var layers: [any NetworkLayer] = []
    for layer in network.layers {
      layers.append(layer.layer(inputs: inputs))
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
    -> BackpropagationThroughTime
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
  fileprivate func layer(inputs: Int) -> any NetworkLayer {
    let input = input.connection(inputs: inputs, neurons: neurons)
    let recurrent = recurrent?.connection(inputs: neurons, neurons: neurons)
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
  fileprivate func connection(inputs: Int, neurons: Int) -> Connection {
    switch connectivity {
    case .dense(let initial):
      let sizes: [InitialScale.Size: Int] = [.inputs: inputs, .neurons: neurons]
      return Connection(Dense(initial.initialization(sizes)), filter: filter)
    case .modes(let modes):
      let sizes = [.inputs: inputs, .neurons: neurons, InitialScale.Size.modes: modes.modes]
      return Connection(
        Modes(
          modes.modes, modeInitialization: modes.initialModes.initialization(sizes),
          scoreInitialization: modes.initialScores.initialization(sizes),
          trainsScores: modes.trainsScores), filter: filter)
    }
  }
}

extension ReadoutDescription {
  fileprivate func readout(neurons: Int, outputs: Int) -> Readout {
    let initial = initialWeights.initialization([.neurons: neurons, .outputs: outputs])
    return Readout(
      outputs: outputs, connection: Connection(Dense(initial), filter: filter),
      reduction: reduction)
  }
}
