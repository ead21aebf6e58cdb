import SynfireNetworks

/// The neuron model of a layer, as an experiment file says it.
public enum NeuronDescription: Sendable, Equatable {
  case leakyIntegrateAndFire(LIF)
  case adaptive(AdaptiveLIF)
  case rate(RateUnit)
  case deepReset(DeepResetLIF)

  /// The `kind` of the file.
  public enum Kind: String, Sendable, CaseIterable {
    case lif, adaptiveLif, rate, deepResetLif
  }

  public var kind: Kind {
    switch self {
    case .leakyIntegrateAndFire: .lif
    case .adaptive: .adaptiveLif
    case .rate: .rate
    case .deepReset: .deepResetLif
    }
  }

  /// True when neurons send spikes, false when they send numbers.
  public var isSpiking: Bool { kind != .rate }

  /// The model itself.
  public var model: any NeuronModel {
    switch self {
    case .leakyIntegrateAndFire(let model): model
    case .adaptive(let model): model
    case .rate(let model): model
    case .deepReset(let model): model
    }
  }
}

extension NeuronDescription {
  init(from mapping: ConfigurationMapping, timeStep: Double, neurons: Int) throws {
    let kind: Kind = try mapping.value("kind") { try $0.choice() }
    switch kind {
    case .lif: self = .leakyIntegrateAndFire(try LIF(from: mapping, timeStep: timeStep))
    case .adaptiveLif:
      self = .adaptive(
        try AdaptiveLIF(from: mapping, timeStep: timeStep, neurons: neurons))
    case .rate:
      self = .rate(
        RateUnit(
          timeStep: timeStep,
          membraneTimeConstant: try mapping.value("membraneTimeConstant") { scalar in
            try scalar.time(.nonNegative) == 0 ? 0 : scalar.timeConstant(timeStep: timeStep)
          },
          nonlinearity: try mapping.value("nonlinearity", default: "potential") {
            try $0.choice()
          }))
    case .deepResetLif:
      self = .deepReset(try DeepResetLIF(from: mapping, timeStep: timeStep))
    }
  }
}

extension DeepResetLIF {
  fileprivate init(from mapping: ConfigurationMapping, timeStep: Double) throws {
    self.init(
      timeStep: timeStep,
      membraneTimeConstant: try mapping.value("membraneTimeConstant") {
        try $0.timeConstant(timeStep: timeStep)
      },
      threshold: try mapping.value("threshold", default: "1e-16") { try $0.number(.any) },
      resetDepth: try mapping.value("resetDepth", default: "10") { try $0.number(.positive) },
      differentiatesReset: try mapping.value("differentiatesReset", default: "false") {
        try $0.boolean()
      },
      surrogate: try mapping.nested(
        "surrogate", default: "{kind: triangular, dampening: 0.3, width: 1}"
      ) { try Surrogate(from: $0) })
  }
}

extension LIF {
  fileprivate init(from mapping: ConfigurationMapping, timeStep: Double) throws {
    let membraneTimeConstant = try mapping.value("membraneTimeConstant") {
      try $0.timeConstant(timeStep: timeStep)
    }
    let synapticTimeConstant = try mapping.optional("synapticTimeConstant") {
      try $0.timeConstant(timeStep: timeStep)
    }
    let inputGain = try mapping.optional("inputGain") { try $0.number(.positive) }
    let threshold = try mapping.value("threshold", default: "1") { try $0.number(.positive) }
    let refractorySteps = try mapping.value("refractorySteps") {
      try $0.integer(in: 0...1_000_000)
    }
    let (reset, differentiated) = try mapping.nested("reset") { mapping in
      let kind: Reset = try mapping.value("kind") { try $0.choice() }
      return (kind, try mapping.value("differentiated") { try $0.boolean() })
    }
    self.init(
      timeStep: timeStep, membraneTimeConstant: membraneTimeConstant,
      synapticTimeConstant: synapticTimeConstant, inputGain: inputGain, threshold: threshold,
      refractorySteps: refractorySteps, reset: reset, differentiatesReset: differentiated,
      surrogate: try mapping.nested("surrogate") { try Surrogate(from: $0) })
  }
}

extension AdaptiveLIF {
  /// The `convention` of the file.
  enum ConventionName: String, CaseIterable {
    case lsnn, lsnnPaper, eprop

    var convention: Convention {
      switch self {
      case .lsnn: .lsnn
      case .lsnnPaper: .lsnnPaper
      case .eprop: .eprop
      }
    }
  }

  fileprivate init(
    from mapping: ConfigurationMapping, timeStep: Double, neurons: Int
  ) throws {
    // The last neurons adapt, as in the source; all of them unless it says otherwise.
    let adaptive = try mapping.value("adaptiveNeurons", default: "\(neurons)") {
      try $0.integer(in: 0...neurons)
    }
    func perNeuron(
      _ key: String, default fallback: String? = nil, over last: Int? = nil,
      _ read: (ConfigurationScalar) throws -> Double
    ) throws -> PerNeuron {
      try mapping.perNeuron(
        key, default: fallback, neurons: neurons, over: last ?? neurons, read)
    }
    let membraneTimeConstant = try perNeuron("membraneTimeConstant") {
      try $0.timeConstant(timeStep: timeStep)
    }
    let adaptationTimeConstant = try perNeuron("adaptationTimeConstant", over: adaptive) {
      try $0.timeConstant(timeStep: timeStep)
    }
    let threshold = try perNeuron("threshold", default: "0.01") { try $0.number(.positive) }
    let isList = mapping.form(of: "adaptationStrength") == .list
    guard !isList || adaptive == neurons else {
      throw mapping.rejected(
        "adaptiveNeurons", "a list of adaptation strengths says itself which neurons adapt",
        remedy: "leave adaptiveNeurons out, and write 0 for neurons that do not")
    }
    var strengths = try perNeuron("adaptationStrength", over: adaptive) {
      try $0.number(.nonNegative)
    }
    if adaptive < neurons {
      let values = try strengths.expanded(neurons, name: "adaptationStrength")
      strengths = .values(
        [Double](repeating: 0, count: neurons - adaptive) + values.suffix(adaptive))
    }
    let refractorySteps = try mapping.value("refractorySteps") {
      try $0.integer(in: 0...1_000_000)
    }
    let convention: ConventionName = try mapping.value("convention", default: "lsnn") {
      try $0.choice()
    }
    let surrogate = try mapping.nested("surrogate") { try Surrogate(from: $0) }
    let trained: [Quantity] = try mapping.values("trained", default: "[]") { try $0.choice() }
    self.init(
      timeStep: timeStep, membraneTimeConstant: membraneTimeConstant,
      adaptationTimeConstant: adaptationTimeConstant, threshold: threshold,
      adaptationStrength: strengths, refractorySteps: refractorySteps,
      convention: convention.convention, surrogate: surrogate,
      trained: Set(trained))
  }
}

extension Surrogate {
  /// The `kind` of the file.
  enum Kind: String, CaseIterable {
    case fastSigmoid, superspike, triangular, boxcar, gaussian, sigmoidDerivative
  }

  init(from mapping: ConfigurationMapping) throws {
    func positive(_ key: String, default fallback: String? = nil) throws -> Double {
      try mapping.value(key, default: fallback) { try $0.number(.positive) }
    }
    let kind: Kind = try mapping.value("kind") { try $0.choice() }
    switch kind {
    // Two names of one function: snnTorch's, and that of Zenke & Ganguli 2018.
    case .fastSigmoid, .superspike: self = .fastSigmoid(slope: try positive("slope"))
    case .triangular:
      self = .triangular(
        dampening: try positive("dampening"), width: try positive("width", default: "1"))
    case .boxcar: self = .boxcar(width: try positive("width"))
    case .gaussian: self = .gaussian(deviation: try positive("deviation"))
    case .sigmoidDerivative: self = .sigmoid(slope: try positive("slope"))
    }
  }
}

extension ConfigurationScalar {
  /// A time constant in seconds: greater than 0, and no shorter than the time step, below which the
  /// discrete dynamics are not those of the continuous ones.
  func timeConstant(timeStep: Double) throws -> Double {
    let seconds = try time(.positive)
    guard seconds >= timeStep else {
      throw rejected(
        "\(text) is shorter than the time step of \(timeStep.inMilliseconds)",
        remedy: "lengthen it, or make timeStep smaller")
    }
    return seconds
  }
}

extension Double {
  /// Seconds written in milliseconds, for messages.
  var inMilliseconds: String {
    let milliseconds = self * 1000
    return milliseconds == milliseconds.rounded() && abs(milliseconds) < 1e9
      ? "\(Int(milliseconds)) ms" : "\(milliseconds) ms"
  }
}
