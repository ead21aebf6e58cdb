/// A whole experiment, resolved: every default filled in, every override applied, every value
/// checked. Times are in seconds, rates in hertz, sizes in bytes.
///
/// An experiment comes from an `ExperimentFile`. Its five places recombine: neurons and connectivity
/// in `network`, rule and loss in `learning`, and `task`.
public struct Experiment: Sendable, Equatable {
  /// `system/task`.
  public let name: String
  /// One line.
  public let purpose: String
  public let seed: UInt64
  /// The time step of network and task, in seconds.
  public let timeStep: Double
  public let task: TaskDescription
  /// What makes the factors of a task that has none, or not all; nil where there is no need.
  public let teacher: TeacherDescription?
  public let network: NetworkDescription
  public let learning: LearningDescription
  public let training: TrainingDescription
  /// Published numbers, those included that do not apply to this choice of sizes.
  public let expected: [PublishedNumber]
  /// The figures that the report shows.
  public let analyses: [AnalysisKind]
  public let shortcuts: [Shortcut]
  /// YAML text that reads as an equal experiment: all values, in a fixed order, without comments.
  public let canonicalYAML: String

  /// A short key that stands for one long key, or for several that change together.
  public struct Shortcut: Sendable, Equatable {
    public let key: String
    public let paths: [String]
    /// The value that the experiment has there, as YAML.
    public let value: String
  }

  /// Published numbers that hold for this experiment as it is.
  public var applicableNumbers: [PublishedNumber] { expected.filter(\.applies) }
}

/// A figure that a report can show.
public enum AnalysisKind: String, Sendable, CaseIterable {
  case lossCurve, accuracyCurve, raster, voltageTraces, meanOutput, modeProjection
  case orthogonalizedProjection, switchTrajectory, modeImportance, modePruning
  case principalComponents
  case adaptiveRaster, firingRates, connectionProbability, gradientByLag
  case spikeStatistics, freeRun, temporalComponents, factorBasedRate
  case returnCurve, episode, episodeRaster, probabilityHistogram

  /// Whether it is drawn of such networks that do such a task.
  func isDrawn(of form: NetworkDescription.Form, doing task: TaskDescription) -> Bool {
    let isEpisodic = if case .control = task { true } else { false }
    return switch self {
    case .lossCurve: true
    case .accuracyCurve: form == .layers || form == .control && !isEpisodic
    case .raster, .firingRates, .spikeStatistics: form != .control
    case .freeRun, .temporalComponents, .factorBasedRate: form == .feedback
    case .returnCurve, .episode, .episodeRaster: isEpisodic
    case .probabilityHistogram: form == .control
    default: form == .layers
    }
  }

  /// The name in the file.
  public var name: String { rawValue.hyphenated }
}

extension Experiment {
  /// Reads the root mapping of a file.
  ///
  /// - Parameter memory: bytes that parameters and trials may take in training.
  /// - Returns: the experiment, and its values with defaults, to which overrides can be applied.
  static func read(_ root: ConfigurationNode, memory: Int) throws
    -> (experiment: Experiment, resolved: ConfigurationNode)
  {
    let file = try ConfigurationMapping(root, path: "")
    let name = try file.value("name") { try $0.experimentName() }
    let purpose = try file.value("purpose") { try $0.string() }
    let seed = try file.value("seed", default: "0") { UInt64(try $0.integer(0...)) }
    let shortcuts = try file.table("shortcuts")
    let timeStep = try file.value("timeStep") { try $0.time(.positive) }
    let task = try file.nested("task") {
      try TaskDescription(from: $0, timeStep: timeStep)
    }
    let budget = MemoryBudget(bytes: memory)
    let teacher = try file.optionalNested("teacher") {
      try TeacherDescription(from: $0, task: task, timeStep: timeStep, budget: budget)
    }.flatMap { $0.onlyWithoutFactors && task.factors > 0 ? nil : $0 }
    let network = try file.nested("network") {
      try NetworkDescription(
        from: $0, task: task, teacher: teacher, timeStep: timeStep, budget: budget)
    }
    let learning = try file.nested("learning") { mapping in
      let learning = try LearningDescription(
        from: mapping, task: task, form: network.form, timeStep: timeStep)
      try learning.check(mapping, control: network.control) {
        try network.network(of: task, timeStep: timeStep, seed: seed)
      }
      try learning.check(mapping, recurrence: network.feedback?.recurrence)
      return learning
    }
    let training = try file.nested("training") {
      try TrainingDescription(from: $0, task: task, rule: learning.rule, budget: budget)
    }

    let values = try task.recorded(in: file.resolved)
    let known = try shortcuts.map { try Shortcut($0, within: values) }
    func current(_ key: String) -> String? {
      known.first { $0.key == key }?.value ?? values.value(at: key)?.inlineYAML
    }
    let expected = try file.list("expected", default: "[]") {
      try PublishedNumber(from: $0, current: current)
    }
    let analyses: [AnalysisKind] = try file.values("analysis", default: "[]") { scalar in
      let kind: AnalysisKind = try scalar.choice()
      guard kind.isDrawn(of: network.form, doing: task) else {
        let others = AnalysisKind.allCases.filter { $0.isDrawn(of: network.form, doing: task) }
        throw scalar.rejected(
          "\(scalar.text) is not drawn of a network \(network.form.text)",
          remedy: "use " + others.map(\.name).joined(separator: ", "))
      }
      return kind
    }
    let resolved = try file.finish()
    let experiment = Experiment(
      name: name, purpose: purpose, seed: seed, timeStep: timeStep, task: task, teacher: teacher,
      network: network, learning: learning, training: training, expected: expected,
      analyses: analyses,
      shortcuts: known, canonicalYAML: try task.recorded(in: resolved).canonicalYAML)
    return (experiment, resolved)
  }
}

extension Experiment.Shortcut {
  /// `key: path`, or `key: [path, path]`; every path must exist.
  fileprivate init(_ entry: ConfigurationNode.Entry, within values: ConfigurationNode) throws {
    key = entry.key
    let path = "shortcuts.\(entry.key)"
    guard values[entry.key] == nil, !entry.key.contains(".") else {
      throw ExperimentError(
        "\"\(entry.key)\" cannot be a short key", at: entry.place, key: path,
        remedy: "choose a word without dots that is no key at the top of the file")
    }
    var elements = [entry.value]
    if case .list(let list) = entry.value.content { elements = list }
    let scalars = try elements.map { try ConfigurationScalar($0, key: path) }
    for scalar in scalars where values.value(at: scalar.text) == nil {
      let nearest = NearestSpelling.ofPath(scalar.text, among: values.paths)
      throw scalar.rejected(
        "the key \(scalar.text) does not exist", remedy: nearest.map { "did you mean \($0)?" } ?? ""
      )
    }
    guard let first = scalars.first, let value = values.value(at: first.text) else {
      throw ExperimentError(
        "a short key must stand for something", at: entry.place, key: path,
        remedy: "give a dotted path, or a list of them")
    }
    paths = scalars.map(\.text)
    self.value = value.inlineYAML
  }
}

extension ConfigurationScalar {
  fileprivate func experimentName() throws -> String {
    guard text.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9][A-Za-z0-9_.-]*)*/) != nil
    else {
      throw rejected(
        "\"\(text)\" cannot name an experiment",
        remedy: "write SYSTEM/TASK in letters, digits, -, _ and dots")
    }
    return text
  }
}
