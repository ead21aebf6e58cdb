import SynfireNetworks

/// Connections into a layer: which weights there are, and how a spike spreads in time before them.
public struct ConnectionDescription: Sendable, Equatable {
  public let connectivity: ConnectivityDescription
  public let filter: SpikeFilter
  /// The number of delays from which each synapse has one, of 0 steps to this number less one; nil for
  /// none.
  public let delays: Int?
  /// What tells it from other kinds of synapses between the same neurons; nil for the only kind.
  public private(set) var name: String?
  /// Whether rules may change it.
  public private(set) var isTrainable = true
}

/// The weights of a connection.
public enum ConnectivityDescription: Sendable, Equatable {
  /// One trained weight for each pair, except of a neuron with itself where that is said.
  case dense(
    InitialDistribution, excludesAutapses: Bool = false,
    adjointPrecision: AdjointPrecision = .single)
  case modes(ModesDescription)
  case sparse(SparseDescription)
  case factored(FactoredDescription)
  /// The same weight for all pairs.
  case common(InitialScale, isTrainable: Bool)
  case bernoulli(BernoulliDescription)

  /// The `kind` of the file.
  public enum Kind: String, Sendable, CaseIterable {
    case dense, modes, sparse, factored, common, bernoulli
  }
}

/// Weights that are a product of encoders and decoders, W = u w.
public struct FactoredDescription: Sendable, Equatable {
  public let factors: Int
  /// u [neuron, factor].
  public let encoders: InitialDistribution
  /// w [factor, presynaptic].
  public let decoders: InitialDistribution
  public let trainsEncoders: Bool
}

/// Weights that are a product of modes: W = inputModes diag(scores) outputModes' (Lin & Huang 2024).
public struct ModesDescription: Sendable, Equatable {
  public let modes: Int
  /// Of the input modes and of the output modes.
  public let initialModes: InitialDistribution
  public let initialScores: InitialDistribution
  /// False leaves the scores as they were drawn.
  public let trainsScores: Bool
}

extension ConnectionDescription {
  init(
    from mapping: ConfigurationMapping, sizes: ConnectionSizes, steps: Int, timeStep: Double
  ) throws {
    connectivity = try mapping.nested("connectivity") {
      try ConnectivityDescription(from: $0, sizes: sizes)
    }
    let filter = try mapping.filter("filter", timeStep: timeStep)
    self.filter = filter
    let latency = filter.latency + (sizes.isRecurrent ? 1 : 0)
    delays = try mapping.optional("delays") { try $0.delays(latency: latency, steps: steps) }
    if let delays, delays > 1 {
      // The weights of each delay are a matrix of their own.
      try sizes.budget.claim(
        Double(sizes.inputs) * Double(sizes.neurons) * Double(delays),
        for: "\(sizes.neurons) x \(sizes.inputs) weights with \(delays) delays", of: mapping,
        "delays")
      if case .dense(_, _, let precision) = connectivity, precision != .single {
        try mapping.nested("connectivity") {
          try $0.value("adjointPrecision") { scalar in
            throw scalar.rejected(
              "adjoints go back through synapses with delays in single precision",
              remedy: "write single, or leave out the delays")
          }
        }
      }
    }
  }
}

extension ConnectionDescription {
  /// The only connection between its neurons. Whether it is trained need not be said.
  init(
    only mapping: ConfigurationMapping, sizes: ConnectionSizes, steps: Int, timeStep: Double
  ) throws {
    try self.init(from: mapping, sizes: sizes, steps: steps, timeStep: timeStep)
    if mapping.form(of: "trainable") != .absent {
      isTrainable = try mapping.value("trainable") { try $0.boolean() }
    }
  }

  /// One of several kinds of synapses between the same neurons.
  init(
    kind mapping: ConfigurationMapping, sizes: ConnectionSizes, steps: Int, timeStep: Double
  ) throws {
    let name = try mapping.synapsesName()
    try self.init(from: mapping, sizes: sizes, steps: steps, timeStep: timeStep)
    self.name = name
    isTrainable = try mapping.value("trainable", default: "true") { try $0.boolean() }
  }
}

extension ConfigurationMapping {
  /// The name of one of several kinds of synapses.
  func synapsesName() throws -> String {
    try value("name") { scalar in
      guard scalar.text.wholeMatch(of: /[A-Za-z][A-Za-z0-9_-]*/) != nil else {
        throw scalar.rejected(
          "\"\(scalar.text)\" cannot name synapses",
          remedy: "start with a letter; letters, digits, - and _ may follow")
      }
      return scalar.text
    }
  }
}

extension ConfigurationScalar {
  /// A number of delays, none of which is longer than a trial or than the engine's memory.
  fileprivate func delays(latency: Int, steps: Int) throws -> Int {
    let delays = try integer(1...)
    let most = min(64 - latency, steps)
    guard delays <= most else {
      throw rejected(
        "delays of 0 to \(delays - 1) steps reach beyond "
          + (most == steps ? "the \(steps) steps of a trial" : "the longest, of \(most - 1) steps"),
        remedy: "write a whole number from 1 to \(most), or none")
    }
    return delays
  }
}

extension ConnectivityDescription {
  init(from mapping: ConfigurationMapping, sizes: ConnectionSizes) throws {
    let kind: Kind = try mapping.value("kind") { try $0.choice() }
    switch kind {
    case .dense:
      try sizes.budget.claim(
        Double(sizes.inputs) * Double(sizes.neurons),
        for: "\(sizes.neurons) x \(sizes.inputs) weights", of: mapping, "kind")
      let initial = try mapping.initialDistribution(of: sizes.names)
      self = .dense(
        initial,
        excludesAutapses: sizes.isRecurrent
          ? try mapping.value("excludesAutapses", default: "false") { try $0.boolean() } : false,
        adjointPrecision: sizes.isRecurrent
          ? try mapping.value("adjointPrecision", default: "single") { try $0.choice() } : .single)
    case .modes: self = .modes(try ModesDescription(from: mapping, sizes: sizes))
    case .sparse: self = .sparse(try SparseDescription(from: mapping, sizes: sizes))
    case .factored: self = .factored(try FactoredDescription(from: mapping, sizes: sizes))
    case .common:
      self = .common(
        try mapping.value("weight") { try $0.scale(of: sizes.names, .any) },
        isTrainable: try mapping.value("trainable", default: "false") { try $0.boolean() })
    case .bernoulli: self = .bernoulli(try BernoulliDescription(from: mapping, sizes: sizes))
    }
  }
}

extension FactoredDescription {
  fileprivate init(from mapping: ConfigurationMapping, sizes: ConnectionSizes) throws {
    factors = try mapping.value("factors") { try $0.integer(1...) }
    try sizes.budget.claim(
      (Double(sizes.inputs) + Double(sizes.neurons)) * Double(factors),
      for: "\(factors) factors of \(sizes.inputs) x \(sizes.neurons) neurons", of: mapping,
      "factors")
    let known = sizes.names + [.factors]
    encoders = try mapping.nested("encoders") { try $0.initialDistribution(of: known) }
    decoders = try mapping.nested("decoders") { try $0.initialDistribution(of: known) }
    trainsEncoders = try mapping.value("trainsEncoders", default: "false") { try $0.boolean() }
  }
}

extension ModesDescription {
  fileprivate init(from mapping: ConfigurationMapping, sizes: ConnectionSizes) throws {
    modes = try mapping.value("modes") { try $0.integer(1...) }
    try sizes.budget.claim(
      (Double(sizes.inputs) + Double(sizes.neurons) + 1) * Double(modes),
      for: "\(modes) modes of \(sizes.inputs) x \(sizes.neurons) neurons", of: mapping, "modes")
    let known = sizes.names + [.modes]
    initialModes = try mapping.initialDistribution(of: known)
    (initialScores, trainsScores) = try mapping.nested("scores") { scores in
      (
        try scores.initialDistribution(of: known),
        try scores.value("trainable", default: "true") { try $0.boolean() }
      )
    }
  }
}

/// How many presynaptic and postsynaptic neurons a connection has, and the memory that is left.
struct ConnectionSizes {
  let inputs: Int
  let neurons: Int
  let budget: MemoryBudget
  /// Whether a layer's neurons connect to themselves and to each other.
  var isRecurrent = false
  /// Whether these are the outputs, whose presynaptic neurons the file calls so.
  var isReadout = false

  /// What the file calls presynaptic and postsynaptic sizes.
  var names: [InitialScale.Size] { isReadout ? [.neurons, .outputs] : [.inputs, .neurons] }
}

extension ConfigurationMapping {
  /// A filter under a key; left out or `none`, spikes act as they are.
  func filter(_ key: String, timeStep: Double) throws -> SpikeFilter {
    try optionalNested(key) { try SpikeFilter(from: $0, timeStep: timeStep) } ?? .none
  }
}

extension SpikeFilter {
  /// The `kind` of the file.
  enum Kind: String, CaseIterable {
    case leaky, exponential, doubleExponential
  }

  init(from mapping: ConfigurationMapping, timeStep: Double) throws {
    let kind: Kind = try mapping.value("kind") { try $0.choice() }
    func timeConstant(_ key: String) throws -> Double {
      try mapping.value(key) { try $0.timeConstant(timeStep: timeStep) }
    }
    switch kind {
    case .leaky:
      self = .leaky(
        timeConstant: try timeConstant("timeConstant"),
        isNormalized: try mapping.value("normalized", default: "true") { try $0.boolean() })
    case .exponential: self = .single(decay: try timeConstant("decay"))
    case .doubleExponential:
      self = .double(
        decay: try timeConstant("decay"), rise: try timeConstant("rise"),
        normalization: try mapping.value("normalization") { try $0.choice() })
    }
  }
}
