import SynfireLearning
import SynfireNetworks

/// A rate network that makes the factors of a task which has none of its own, as an experiment file says it.
public struct TeacherDescription: Sendable, Equatable {
  /// How it comes to do the task.
  public enum Source: Sendable, Equatable {
    /// Random units that the wanted outputs drive.
    case driven(DrivenUnits)
    /// Units that were trained to do it; the published ones, or those of a file.
    case trained(file: String?)

    /// The `kind` of the file.
    enum Kind: String, CaseIterable { case driven, trained }
  }

  /// Random units.
  public struct DrivenUnits: Sendable, Equatable {
    public let units: Int
    /// Times 1 / sqrt(units), the deviation of the recurrent weights.
    public let gain: Double
    public let model: RateUnit
    public let records: TargetGenerator.Quantity
    /// Steps of the trial before that lead to a trial.
    public let leadIn: Int
  }

  public let source: Source
  /// How many principal components of the activity are the factors, from the leading one on.
  public enum Components: Sendable, Equatable {
    case count(Int)
    /// The fewest that hold more than this fraction of the second moments (DePasquale et al. 2023, code);
    /// how many these are is known when the teacher has run, see `Experiment.settled`.
    case holding(Double)

    /// The least that there can be.
    public var least: Int {
      switch self {
      case .count(let count): count
      case .holding: 1
      }
    }
  }

  public let components: Components
  /// Trials whose activity the components are of.
  public let trials: Int
  /// Whether the mean activity is taken away before components are found.
  public let removesMean: Bool
  /// Whether it has nothing to do where the task has factors of its own, as a file of the user's may.
  public let onlyWithoutFactors: Bool

  /// Units of the published network of contextual integration.
  static let publishedUnits = 100
}

extension TeacherDescription {
  init(
    from mapping: ConfigurationMapping, task: TaskDescription, timeStep: Double,
    budget: MemoryBudget
  ) throws {
    let kind: Source.Kind = try mapping.value("kind") { try $0.choice() }
    onlyWithoutFactors = try mapping.value("onlyWithoutFactors", default: "false") {
      try $0.boolean()
    }
    let isIdle = onlyWithoutFactors && task.factors > 0
    var most: Int?
    switch kind {
    case .driven:
      guard task.taught.outputs > 0 || isIdle else {
        throw mapping.rejected(
          "kind", "the outputs of this task drive no network",
          remedy: "choose a task whose targets are values at every step")
      }
      let units = try mapping.value("units") { try $0.integer(in: 1...100_000) }
      most = units
      try budget.claim(
        3 * Double(units) * Double(units), for: "\(units) units of the teacher", of: mapping,
        "units")
      source = .driven(
        DrivenUnits(
          units: units,
          gain: try mapping.value("gain", default: "1.5") { try $0.number(.nonNegative) },
          model: RateUnit(
            timeStep: timeStep,
            membraneTimeConstant: try mapping.value("membraneTimeConstant", default: "10 ms") {
              try $0.timeConstant(timeStep: timeStep)
            },
            nonlinearity: try mapping.value("nonlinearity", default: "potential") {
              try $0.choice()
            }),
          records: try mapping.value("records", default: "currents") { try $0.choice() },
          leadIn: try mapping.value("leadIn", default: "\(task.steps)") {
            try $0.integer(in: 0...1_000_000)
          }))
    case .trained:
      guard case .noiseIntegration(let integration) = task, !integration.hasConstantInputs else {
        throw mapping.rejected(
          "kind", "trained networks are there for noise-integration only",
          remedy: "use a driven one")
      }
      let file = try mapping.optional("file") { try $0.string() }
      most = file == nil ? Self.publishedUnits : nil
      source = .trained(file: file)
    }
    components = try mapping.value("components") { scalar in
      if scalar.text.hasSuffix("%") {
        let fraction = try scalar.fraction()
        guard fraction > 0, fraction < 1 else {
          throw scalar.rejected(
            "\(scalar.text) of the activity", remedy: "ask for more than none of it, or write all")
        }
        return .holding(fraction)
      }
      let count = scalar.text == "all" && most != nil ? most! : try scalar.integer(1...)
      guard count <= most ?? .max else {
        throw scalar.rejected(
          "\(count) components of \(most!) units", remedy: "ask for \(most!) or fewer")
      }
      return .count(count)
    }
    trials = try mapping.value("trials", default: "20") { try $0.integer(in: 1...100_000) }
    removesMean = try mapping.value("removesMean", default: "false") { try $0.boolean() }
  }
}
