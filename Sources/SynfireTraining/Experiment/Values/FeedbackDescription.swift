import SynfireLearning
import SynfireNetworks

/// A population whose factors are decoded and fed back to it, as an experiment file says it.
public struct FeedbackDescription: Sendable, Equatable {
  /// Fixed synapses of one kind.
  public struct Synapses: Sendable, Equatable {
    public let name: String
    public let connection: ConnectionDescription
    public let entersMean: Bool
  }

  public let neurons: Int
  public let model: NeuronDescription
  /// Of the normal numbers that potentials start with.
  public let initialDeviation: Double
  public let synapses: [Synapses]
  public let traces: [SpikeFilter]
  /// g: encoders are g times orthonormal columns, input weights g times numbers uniform in (-1, 1).
  public let gain: Double
  public let source: FeedbackNetwork.Source
}

extension FeedbackDescription {
  init(
    from mapping: ConfigurationMapping, task: TaskDescription, timeStep: Double,
    budget: MemoryBudget
  ) throws {
    guard task.factors > 0 else {
      throw mapping.rejected(
        "kind", "the task has no factors to feed back", remedy: "choose a task that has, or layers")
    }
    let neurons = try mapping.value("neurons") { try $0.integer(1...) }
    self.neurons = neurons
    guard neurons >= task.factors else {
      throw mapping.rejected(
        "neurons", "\(task.factors) factors cannot be spread over \(neurons) neurons",
        remedy: "use as many neurons as factors, or more")
    }
    model = try mapping.nested("model") {
      try NeuronDescription(from: $0, timeStep: timeStep, neurons: neurons)
    }
    initialDeviation = try mapping.value("initialDeviation", default: "0") {
      try $0.number(.nonNegative)
    }
    let sizes = ConnectionSizes(
      inputs: neurons, neurons: neurons, budget: budget, isRecurrent: true)
    var names: Set<String> = []
    synapses = try mapping.list("synapses", default: "[]") { element in
      let kind = try Synapses(from: element, sizes: sizes, steps: task.steps, timeStep: timeStep)
      guard names.insert(kind.name).inserted else {
        throw element.rejected("name", "two kinds of synapses are named \"\(kind.name)\"")
      }
      return kind
    }
    traces = try mapping.list("traces", default: "[]") { element in
      let filter = try SpikeFilter(from: element, timeStep: timeStep)
      guard case .leaky = filter else {
        throw element.rejected("kind", "only leaky traces are decoded", remedy: "write leaky")
      }
      return filter
    }
    // The inverse correlation and its copy in checkpoints, in double precision.
    let regressors = Double(neurons) * Double(max(1, traces.count))
    try budget.claim(
      regressors * regressors / 2, for: "the inverse correlation of \(neurons) neurons' traces",
      of: mapping, "neurons")
    gain = try mapping.value("gain") { try $0.number(.positive) }
    source = try mapping.value("source", default: "factors") { try $0.choice() }
  }

  /// The network for a task.
  ///
  /// - Parameter seed: what the mixing is drawn by.
  func network(
    of task: TaskDescription, timeStep: Double, seed: UInt64
  ) throws -> FeedbackNetwork {
    let mixing = try FactorMixing(
      factors: task.factors, inputs: task.inputChannels, neurons: neurons, gain: gain, seed: seed)
    let population = Population(name: "hidden", neurons: neurons)
    return try FeedbackNetwork(
      timeStep: timeStep, inputs: task.inputChannels, neurons: neurons, model: model.model,
      input: Dense(.values(mixing.inputs.values), isTrainable: false),
      synapses: synapses.map { kind in
        FeedbackNetwork.Synapses(
          name: kind.name,
          connectivity: try kind.connection.connectivity.connectivity(
            from: population, sizes: [.inputs: neurons, .neurons: neurons], seed: seed,
            name: "hidden.recurrent.\(kind.name)"),
          filter: kind.connection.filter, entersMean: kind.entersMean)
      }, traces: traces, factors: task.factors, encoders: .values(mixing.encoders.values),
      outputs: task.outputs - task.factors, source: source)
  }
}

extension FeedbackDescription.Synapses {
  fileprivate init(
    from mapping: ConfigurationMapping, sizes: ConnectionSizes, steps: Int, timeStep: Double
  ) throws {
    name = try mapping.value("name") { scalar in
      guard scalar.text.wholeMatch(of: /[A-Za-z][A-Za-z0-9_-]*/) != nil else {
        throw scalar.rejected(
          "\"\(scalar.text)\" cannot name synapses",
          remedy: "start with a letter; letters, digits, - and _ may follow")
      }
      return scalar.text
    }
    connection = try ConnectionDescription(
      from: mapping, sizes: sizes, steps: steps, timeStep: timeStep)
    guard connection.delays ?? 1 == 1 else {
      throw mapping.rejected(
        "delays", "a network with feedback has no delays", remedy: "leave them out")
    }
    guard connection.filter.latency == 0 else {
      throw mapping.rejected(
        "filter", "this filter delays spikes, which a network with feedback does not",
        remedy: "use a leaky filter, or none")
    }
    entersMean = try mapping.value("entersMean", default: "true") { try $0.boolean() }
  }
}
