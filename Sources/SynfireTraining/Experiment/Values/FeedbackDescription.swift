import SynfireCore
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
  /// How factors and inputs reach the neurons.
  public enum Mixing: Sendable, Equatable {
    /// Each neuron gets a random combination of all, times a gain: see `FactorMixing`.
    case random(Gain)
    /// The units of the teacher: a factor acts on them as it does there (full-FORCE).
    case units
  }

  public enum Gain: Sendable, Equatable {
    /// g itself; that of the inputs, the same unless they have one of their own.
    case factor(Double, inputs: Double)
    /// As large as makes the root of the mean square of u y, over neurons and time, this number.
    case drive(Double)
  }

  /// What is fed back.
  public enum Fed: String, Sendable, CaseIterable {
    /// Factors of the task, or of its teacher.
    case factors
    /// The wanted outputs themselves, and nothing else is read out (FORCE, Sussillo & Abbott 2009).
    case outputs
  }

  public let feeds: Fed
  /// Numbers that are fed back.
  public let factors: Int
  public let mixing: Mixing
  public let source: FeedbackNetwork.Source
  /// Trained synapses in place of decoders and encoders; nil for those.
  public let recurrence: RecurrenceDescription?
}

extension FeedbackDescription {
  init(
    from mapping: ConfigurationMapping, task: TaskDescription, teacher: TeacherDescription?,
    timeStep: Double, budget: MemoryBudget
  ) throws {
    feeds = try mapping.value("feeds", default: "factors") { try $0.choice() }
    let factors: Int
    switch feeds {
    case .factors:
      factors = (teacher?.components.least ?? 0) + task.factors
      guard factors > 0 else {
        throw mapping.rejected(
          "kind", "the task has no factors to feed back",
          remedy: "say what makes them in teacher, or write feeds: outputs")
      }
    case .outputs:
      guard teacher == nil, task.factors == 0, task.taught.outputs > 0 else {
        throw mapping.rejected(
          "feeds", "outputs are fed back where there are factors, or classes",
          remedy: "feed factors back, or leave out the teacher")
      }
      factors = task.outputs
    }
    self.factors = factors
    let neurons = try mapping.value("neurons") { try $0.integer(1...) }
    self.neurons = neurons
    guard neurons >= factors else {
      throw mapping.rejected(
        "neurons", "\(factors) factors cannot be spread over \(neurons) neurons",
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
    let groups = max(1, traces.count)
    recurrence = try mapping.optionalNested("recurrence") {
      try RecurrenceDescription(from: $0, neurons: neurons, traces: groups, budget: budget)
    }
    if recurrence == nil {
      // The inverse correlation and its copy in checkpoints, in double precision.
      let regressors = Double(neurons * groups)
      try budget.claim(
        regressors * regressors / 2, for: "the inverse correlation of \(neurons) neurons' traces",
        of: mapping, "neurons")
    }
    mixing = try Mixing(from: mapping, neurons: neurons, teacher: teacher, task: task)
    source = try mapping.value("source", default: "factors") { try $0.choice() }
  }

  /// The network for a task.
  ///
  /// - Parameters:
  ///   - seed: what is drawn is drawn by it.
  ///   - mixing: how factors of a teacher are spread; without it encoders and input weights are 0 there.
  func network(
    of task: TaskDescription, timeStep: Double, seed: UInt64,
    mixing: ((FeedbackDescription) throws -> FactorMixing)?
  ) throws -> FeedbackNetwork {
    let mixed: FactorMixing? =
      if feeds == .outputs || factors == task.factors,
        case .random(.factor(let gain, let inputGain)) = self.mixing
      {
        try FactorMixing(
          factors: factors, inputs: task.inputChannels, neurons: neurons, gain: gain,
          inputGain: inputGain, seed: seed)
      } else {
        try mixing?(self)
      }
    let population = Population(name: "hidden", neurons: neurons)
    return try FeedbackNetwork(
      timeStep: timeStep, inputs: task.inputChannels, neurons: neurons, model: model.model,
      input: Dense(mixed.map { .values($0.inputs.values) } ?? .constant(0), isTrainable: false),
      synapses: synapses.map { kind in
        FeedbackNetwork.Synapses(
          name: kind.name,
          connectivity: try kind.connection.connectivity.connectivity(
            from: population, sizes: [.inputs: neurons, .neurons: neurons], seed: seed,
            name: "hidden.recurrent.\(kind.name)"),
          filter: kind.connection.filter, entersMean: kind.entersMean)
      }, traces: traces, factors: factors,
      encoders: mixed.map { .values($0.encoders.values) } ?? .constant(0),
      outputs: feeds == .outputs ? 0 : task.outputs - task.factors, source: source,
      recurrence: try recurrence?.recurrence(neurons: neurons, seed: seed))
  }
}

extension FeedbackDescription.Mixing {
  /// The `mixing` of the file.
  private enum Kind: String, CaseIterable { case random, units }

  fileprivate init(
    from mapping: ConfigurationMapping, neurons: Int, teacher: TeacherDescription?,
    task: TaskDescription
  ) throws {
    let kind: Kind = try mapping.value("mixing", default: "random") { try $0.choice() }
    guard kind == .random else {
      guard case .driven(let units) = teacher?.source, units.records == .currents,
        task.factors == 0
      else {
        throw mapping.rejected(
          "mixing", "there are no currents of a teacher's units",
          remedy: "give the task a driven teacher that records currents")
      }
      guard units.units == neurons else {
        throw mapping.rejected(
          "neurons", "\(neurons) neurons are not the \(units.units) units of the teacher",
          remedy: "use as many, or random mixing")
      }
      self = .units
      return
    }
    guard let drive = try mapping.optional("drive", { try $0.number(.positive) }) else {
      let gain = try mapping.value("gain") { try $0.number(.positive) }
      let own = try mapping.optional("inputGain") { try $0.number(.nonNegative) }
      guard own == nil || teacher == nil else {
        throw mapping.rejected(
          "inputGain", "inputs come to the neurons as they do to the teacher",
          remedy: "leave inputGain out")
      }
      self = .random(.factor(gain, inputs: own ?? gain))
      return
    }
    guard teacher != nil, task.factors == 0 else {
      throw mapping.rejected(
        "drive", "the size of these factors is not known", remedy: "give the gain")
    }
    self = .random(.drive(drive))
  }
}

extension FeedbackDescription {
  /// How the factors of a teacher, and those of the task itself, are spread over the neurons.
  func mixing(of taught: TaughtTask, seed: UInt64) throws -> FactorMixing {
    let generator = taught.generator
    guard case .random(let gain) = mixing else {
      return FactorMixing(components: taught.components, inputs: generator.taskInputs)
    }
    let currents =
      generator.recordsCurrents
      ? taught.components : try LinearAlgebra.product(generator.recurrent, taught.components)
    let factor: Double =
      switch gain {
      case .factor(let factor, _): factor
      case .drive: 1
      }
    let mixing = try FactorMixing(
      currents: currents, inputs: generator.taskInputs,
      given: (taught.base.factors, taught.inputChannels - generator.channels), neurons: neurons,
      gain: factor, seed: seed)
    guard case .drive(let wanted) = gain else { return mixing }
    // Factors are uncorrelated: mean squares add up.
    let (columns, encoders) = (taught.power.count, mixing.encoders)
    let sum = (0..<neurons).reduce(0.0) { sum, neuron in
      (0..<columns).reduce(sum) {
        $0 + taught.power[$1] * encoders[neuron, $1] * encoders[neuron, $1]
      }
    }
    return mixing.scaled(by: wanted / (sum / Double(neurons)).squareRoot())
  }
}

extension FeedbackDescription.Synapses {
  fileprivate init(
    from mapping: ConfigurationMapping, sizes: ConnectionSizes, steps: Int, timeStep: Double
  ) throws {
    name = try mapping.synapsesName()
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
