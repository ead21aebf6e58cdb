import SynfireNetworks

/// The network of an experiment.
public struct NetworkDescription: Sendable, Equatable {
  /// The `kind` of the file.
  enum Kind: String, CaseIterable {
    case layers, feedback, bernoulli, weighted, tanh, gru
  }

  /// What the network is, for those who can do with some only.
  enum Form {
    case layers, feedback, control

    /// What stands behind "a network".
    var text: String {
      switch self {
      case .layers: "of layers"
      case .feedback: "with feedback"
      case .control: "that acts"
      }
    }
  }

  /// From the inputs to the readout; each layer's outputs are the next one's inputs. Empty for a network
  /// with feedback.
  public let layers: [LayerDescription]
  public let readout: ReadoutDescription
  /// In place of layers, a population whose factors are fed back.
  public let feedback: FeedbackDescription?
  /// In place of layers, a network that acts, step by step.
  public let control: ControlDescription?

  var form: Form { feedback != nil ? .feedback : control != nil ? .control : .layers }
}

/// One layer of neurons with what goes into it.
public struct LayerDescription: Sendable, Equatable {
  public let name: String
  public let neurons: Int
  public let model: NeuronDescription
  public let input: ConnectionDescription
  /// The kinds of recurrent synapses: none, one without a name, or any number with names.
  public let recurrent: [ConnectionDescription]
}

/// The linear readout of the last layer.
public struct ReadoutDescription: Sendable, Equatable {
  /// The `reduction` of the file.
  enum Kind: String, CaseIterable {
    case everyStep, maximumOverTime, meanOverWindows
  }

  public let filter: SpikeFilter
  public let reduction: Readout.Reduction
  public let connectivity: ConnectivityDescription
  /// Whether the outputs have a bias, which starts at 0.
  public let hasBias: Bool
}

extension NetworkDescription {
  init(
    from mapping: ConfigurationMapping, task: TaskDescription, teacher: TeacherDescription?,
    timeStep: Double, budget: MemoryBudget
  ) throws {
    let kind: Kind = try mapping.value("kind", default: "layers") { try $0.choice() }
    if kind == .feedback {
      layers = []
      feedback = try FeedbackDescription(
        from: mapping, task: task, teacher: teacher, timeStep: timeStep, budget: budget)
      control = nil
      readout = .ofNothing
      return
    }
    guard teacher == nil else {
      throw mapping.rejected(
        "kind", "a teacher makes factors, which layers do not feed back",
        remedy: "write network: {kind: feedback, ...}, or leave teacher out")
    }
    feedback = nil
    if let kind = ControlDescription.Kind(rawValue: kind.rawValue) {
      layers = []
      control = try ControlDescription(
        kind, from: mapping, task: task, timeStep: timeStep, budget: budget)
      readout = .ofNothing
      return
    }
    if case .control = task {
      throw mapping.rejected(
        "kind", "layers do not act in an environment",
        remedy: "write network: {kind: bernoulli, neurons: 256}, or weighted, tanh or gru")
    }
    control = nil
    var inputs = task.inputChannels
    var names: Set<String> = []
    layers = try mapping.list("layers") { element in
      let layer = try LayerDescription(
        from: element, inputs: inputs, steps: task.steps, timeStep: timeStep, budget: budget)
      guard names.insert(layer.name).inserted else {
        throw element.rejected("name", "two layers are named \"\(layer.name)\"")
      }
      inputs = layer.neurons
      return layer
    }
    guard !layers.isEmpty else {
      throw mapping.rejected("layers", "there is no layer", remedy: "a network has at least one")
    }
    readout = try mapping.nested("readout") { readout in
      let sizes = ConnectionSizes(
        inputs: inputs, neurons: task.outputs, budget: budget, isReadout: true)
      return try ReadoutDescription(from: readout, task: task, sizes: sizes, timeStep: timeStep)
    }
  }
}

extension ReadoutDescription {
  /// That of a network that is no stack of layers.
  static let ofNothing = ReadoutDescription(
    filter: .none, reduction: .everyStep, connectivity: .dense(.constant(InitialScale(0))),
    hasBias: true)
}

extension LayerDescription {
  fileprivate init(
    from mapping: ConfigurationMapping, inputs: Int, steps: Int, timeStep: Double,
    budget: MemoryBudget
  ) throws {
    name = try mapping.value("name") { scalar in
      let isWord = scalar.text.wholeMatch(of: /[A-Za-z][A-Za-z0-9_-]*/) != nil
      guard isWord, scalar.text != "readout" else {
        throw scalar.rejected(
          "\"\(scalar.text)\" cannot name a layer",
          remedy: "start with a letter; letters, digits, - and _ may follow; readout is taken")
      }
      return scalar.text
    }
    let neurons = try mapping.value("neurons") { try $0.integer(1...) }
    self.neurons = neurons
    // States of the trials that are computed side by side: at least four numbers for each of sixteen.
    try budget.claim(16 * Double(neurons), for: "\(neurons) neurons", of: mapping, "neurons")
    model = try mapping.nested("model") {
      try NeuronDescription(from: $0, timeStep: timeStep, neurons: neurons)
    }
    let feedForward = ConnectionSizes(inputs: inputs, neurons: neurons, budget: budget)
    input = try mapping.nested("input") {
      try ConnectionDescription(only: $0, sizes: feedForward, steps: steps, timeStep: timeStep)
    }
    let recurrence = ConnectionSizes(
      inputs: neurons, neurons: neurons, budget: budget, isRecurrent: true)
    guard mapping.form(of: "recurrent") == .list else {
      let only = try mapping.optionalNested("recurrent") {
        try ConnectionDescription(only: $0, sizes: recurrence, steps: steps, timeStep: timeStep)
      }
      recurrent = [only].compactMap { $0 }
      return
    }
    var names: Set<String> = []
    recurrent = try mapping.list("recurrent") { element in
      let kind = try ConnectionDescription(
        kind: element, sizes: recurrence, steps: steps, timeStep: timeStep)
      guard names.insert(kind.name ?? "").inserted else {
        throw element.rejected(
          "name", "two kinds of synapses are named \"\(kind.name ?? "")\"",
          remedy: "give each kind a name of its own")
      }
      return kind
    }
    guard !recurrent.isEmpty else {
      throw mapping.rejected(
        "recurrent", "there is no kind of synapses in the list",
        remedy: "list one at least, or write recurrent: none")
    }
  }
}

extension ReadoutDescription {
  fileprivate init(
    from mapping: ConfigurationMapping, task: TaskDescription, sizes: ConnectionSizes,
    timeStep: Double
  ) throws {
    filter = try mapping.filter("filter", timeStep: timeStep)
    let kind: Kind = try mapping.value("reduction") { try $0.choice() }
    let wanted: Kind
    if let window = task.windowSteps {
      (wanted, reduction) = (.meanOverWindows, .meanOverWindows(steps: window))
    } else if task.isClassification {
      (wanted, reduction) = (.maximumOverTime, .maximumOverTime)
    } else {
      (wanted, reduction) = (.everyStep, .everyStep)
    }
    guard kind == wanted else {
      throw mapping.rejected(
        "reduction", "\(kind.rawValue.hyphenated) does not suit the task",
        remedy: "this task wants \(wanted.rawValue.hyphenated)")
    }
    let own = try mapping.optionalNested("connectivity") {
      try ConnectivityDescription(from: $0, sizes: sizes)
    }
    if let own {
      connectivity = own
    } else {
      // Without a word on connectivity it is dense.
      try sizes.budget.claim(
        Double(sizes.inputs) * Double(sizes.neurons),
        for: "\(sizes.neurons) x \(sizes.inputs) readout weights", of: mapping, "reduction")
      connectivity = .dense(try mapping.initialDistribution(of: sizes.names))
    }
    hasBias = try mapping.value("bias", default: "false") { try $0.boolean() }
  }
}
