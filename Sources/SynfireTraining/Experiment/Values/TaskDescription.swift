import SynfireTasks

/// What a network is trained to do, as an experiment file says it.
public enum TaskDescription: Sendable, Equatable {
  case images(ImageTaskDescription)
  case contextIntegration(ContextTaskDescription)
  case contextSwitch(ContextTaskDescription, SwitchDescription)
  case sequentialImages(SequentialImageTaskDescription)
  case storeRecall(StoreRecallTaskDescription)
  case cycling
  case custom(CustomTaskDescription)
  case oscillation(OscillationTaskDescription)
  case reaching
  case noiseIntegration(NoiseIntegrationTaskDescription)
  case reachingOrCycling
  case readySetGo
  case control(ControlTaskDescription)

  /// The `kind` of the file.
  public enum Kind: String, Sendable, CaseIterable {
    case mnist
    case fashionMNIST = "fashion-mnist"
    case contextIntegration = "context-integration"
    case contextSwitch = "context-switch"
    case sequentialMNIST = "sequential-mnist"
    case storeRecall = "store-recall"
    case cycling, custom, oscillation, reaching
    case noiseIntegration = "noise-integration"
    case reachingOrCycling = "reaching-or-cycling"
    case readySetGo = "ready-set-go"
    case control
  }

  /// Input channels.
  public var inputChannels: Int {
    switch self {
    case .images(let task): task.pixels
    case .contextIntegration, .contextSwitch: 4
    case .sequentialImages(let task): task.channels
    case .storeRecall(let task): StoreRecallTask.populations * task.neuronsPerPopulation
    case .cycling, .oscillation: 1
    case .reaching: ReachingTask.channels
    case .noiseIntegration(let task): task.channels
    case .reachingOrCycling: ReachingOrCyclingTask.channels
    case .readySetGo: ReadySetGoTask.channels
    case .custom(let task): task.inputChannels
    case .control(let task): task.space.observations
    }
  }

  /// Outputs of the readout.
  public var outputs: Int {
    switch self {
    case .images, .sequentialImages: 10
    case .contextIntegration, .contextSwitch, .oscillation, .noiseIntegration: 1
    case .storeRecall: 2
    case .cycling: CyclingTask.factors + CyclingTask.muscles
    case .reaching: ReachingTask.outputs
    case .reachingOrCycling: ReachingOrCyclingTask.outputs
    case .readySetGo: ReadySetGoTask.outputs
    case .custom(let task): task.sizes.factors + task.sizes.outputs
    case .control(let task): task.space.actions.outputs
    }
  }

  /// Time steps of a trial; of an average one where they differ.
  public var steps: Int {
    switch self {
    case .images(let task): task.steps
    case .contextIntegration(let task), .contextSwitch(let task, _): task.steps
    case .sequentialImages(let task): task.windows * task.windowSteps
    case .storeRecall(let task): task.slots * task.stepsPerSlot
    case .cycling: CyclingTask.steps
    case .oscillation(let task): task.steps
    case .reaching: ReachingTask.meanSteps
    case .noiseIntegration(let task): task.steps
    case .reachingOrCycling: ReachingOrCyclingTask.meanSteps
    case .readySetGo: ReadySetGoTask.meanSteps
    case .custom(let task): task.steps
    case .control(let task): task.stepLimit
    }
  }

  /// True when a trial asks for classes, false when for values at every step.
  public var isClassification: Bool {
    switch self {
    case .images, .sequentialImages, .storeRecall: true
    default: false
    }
  }

  /// The steps of a window, when classes are asked for window by window and not trial by trial.
  public var windowSteps: Int? {
    switch self {
    case .sequentialImages(let task): task.windowSteps
    case .storeRecall(let task): task.stepsPerSlot
    default: nil
    }
  }

  /// True when inputs are spikes, false when they are numbers.
  public var hasSpikes: Bool {
    switch self {
    case .storeRecall: true
    case .images(let task): task.encoding != .analog
    case .sequentialImages(let task): task.encoding != .analog
    default: false
    }
  }

  /// How many images are set aside for validation; nil when trials are generated without end.
  public var validationImages: Int? {
    switch self {
    case .images(let task): task.validationImages
    case .sequentialImages(let task): task.validationImages
    default: nil
    }
  }

  /// True when trials come from a data set that ends, false when they are generated without end.
  public var isFinite: Bool { validationImages != nil }

  /// The metrics that the task reports, the most telling first.
  public var metrics: [String] {
    switch self {
    case .cycling, .custom:
      if factors == 0 { return ["outputError"] }
      return outputs > factors ? ["factorError", "outputError"] : ["factorError"]
    case .oscillation, .reaching, .readySetGo: return ["outputError"]
    case .noiseIntegration: return ["decisionAccuracy", "meanSquaredError", "outputError"]
    case .reachingOrCycling: return ["outputError", "reachingError", "cyclingError"]
    case .control: return ["meanReturn", "episodeLength", "distance"]
    default: break
    }
    return isClassification ? ["accuracy", "error"] : ["meanSquaredError", "decisionAccuracy"]
  }
}

/// Images of 28 x 28 pixels or fewer, shown as Bernoulli spikes drawn afresh at every presentation, or as they are.
public struct ImageTaskDescription: Sendable, Equatable {
  public enum DataSet: String, Sendable { case mnist, fashionMNIST = "fashion-mnist" }
  public let dataSet: DataSet
  public let steps: Int
  public let encoding: MNISTTask.Encoding
  /// The side of the squares of pixels of which means are shown.
  public let pooling: Int
  /// How many training images are set aside for validation.
  public let validationImages: Int

  fileprivate static let side = 28

  /// Pixels of an image as it is shown.
  public var pixels: Int { (Self.side / pooling) * (Self.side / pooling) }
}

/// Context-dependent integration of two noisy streams (Mante et al. 2013; `smnn.md` 4.2).
public struct ContextTaskDescription: Sendable, Equatable {
  public let steps: Int
  /// First step of the stimulus.
  public let stimulusStart: Int
  /// First step after the stimulus, where the answer begins.
  public let stimulusEnd: Int
  /// Magnitude of the mean of each stream.
  public let offset: Double
  /// Standard deviation of the noise of each stream, independent at every step.
  public let noiseDeviation: Double
}

/// The exchange of the two contexts at the end of some trials (`smnn.md` 4.3).
public struct SwitchDescription: Sendable, Equatable {
  /// Last steps of a trial, during which the contexts are exchanged.
  public let steps: Int
  /// Fraction of the trials that are exchanged.
  public let probability: Double
}

extension TaskDescription {
  init(from mapping: ConfigurationMapping, timeStep: Double) throws {
    let kind: Kind = try mapping.value("kind") { try $0.choice() }
    switch kind {
    case .mnist: self = .images(try ImageTaskDescription(.mnist, from: mapping))
    case .fashionMNIST: self = .images(try ImageTaskDescription(.fashionMNIST, from: mapping))
    case .contextIntegration:
      self = .contextIntegration(try ContextTaskDescription(from: mapping))
    case .contextSwitch:
      let task = try ContextTaskDescription(from: mapping)
      let switching = try SwitchDescription(from: mapping, within: task)
      self = .contextSwitch(task, switching)
    case .sequentialMNIST:
      self = .sequentialImages(try SequentialImageTaskDescription(from: mapping))
    case .storeRecall:
      self = .storeRecall(try StoreRecallTaskDescription(from: mapping, timeStep: timeStep))
    case .cycling, .reaching, .reachingOrCycling, .readySetGo:
      try Self.requireMilliseconds(mapping, timeStep: timeStep)
      switch kind {
      case .reaching: self = .reaching
      case .reachingOrCycling: self = .reachingOrCycling
      case .readySetGo: self = .readySetGo
      default: self = .cycling
      }
    case .control: self = .control(try ControlTaskDescription(from: mapping))
    case .custom:
      self = .custom(try CustomTaskDescription(from: mapping, timeStep: timeStep))
    case .oscillation:
      self = .oscillation(try OscillationTaskDescription(from: mapping, timeStep: timeStep))
    case .noiseIntegration:
      self = .noiseIntegration(
        try NoiseIntegrationTaskDescription(from: mapping, timeStep: timeStep))
    }
  }
}

extension ImageTaskDescription {
  fileprivate init(_ dataSet: DataSet, from mapping: ConfigurationMapping) throws {
    self.dataSet = dataSet
    steps = try mapping.value("steps") { try $0.integer(in: 1...1_000_000) }
    encoding = try mapping.value("encoding", default: "bernoulli") { try $0.choice() }
    pooling = try mapping.value("pooling", default: "1") { scalar in
      let side = try scalar.integer(in: 1...Self.side)
      guard Self.side % side == 0 else {
        throw scalar.rejected(
          "squares of \(side) pixels do not fill a side of \(Self.side)",
          remedy: "use 1, 2, 4, 7, 14 or 28")
      }
      return side
    }
    validationImages = try mapping.value("validationImages", default: "0") {
      try $0.integer(in: 0...50_000)
    }
  }
}

extension ContextTaskDescription {
  fileprivate init(from mapping: ConfigurationMapping) throws {
    let steps = try mapping.value("steps") { try $0.integer(in: 3...1_000_000) }
    let start = try mapping.value("stimulusStart") { try $0.integer(in: 0...(steps - 2)) }
    stimulusEnd = try mapping.value("stimulusEnd") { try $0.integer(in: (start + 1)...(steps - 1)) }
    stimulusStart = start
    self.steps = steps
    offset = try mapping.value("offset", default: "0.5") { try $0.number(.positive) }
    noiseDeviation = try mapping.value("noiseDeviation", default: "1") {
      try $0.number(.nonNegative)
    }
  }
}

extension SwitchDescription {
  fileprivate init(from mapping: ConfigurationMapping, within task: ContextTaskDescription) throws {
    // The first answer needs a step before the exchange, and the second one after it.
    let longest = task.steps - task.stimulusEnd - 1
    guard longest >= 1 else {
      throw mapping.rejected(
        "stimulusEnd", "one step is left for two answers", remedy: "end the stimulus earlier")
    }
    steps = try mapping.value("switchSteps") { try $0.integer(in: 1...longest) }
    probability = try mapping.value("switchProbability") { try $0.fraction() }
  }
}
