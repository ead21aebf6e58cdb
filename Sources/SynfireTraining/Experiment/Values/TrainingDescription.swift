/// How long an experiment trains, and what it does on the way.
public struct TrainingDescription: Sendable, Equatable {
  /// How many trials a validation or test presents.
  public enum Trials: Sendable, Equatable {
    /// Every trial of a data set.
    case all
    case count(Int)
  }

  public struct Validation: Sendable, Equatable {
    /// Training batches between validations.
    public let every: Int
    public let trials: Trials
  }

  public struct EarlyStopping: Sendable, Equatable {
    /// The validation metric that must improve.
    public let metric: String
    /// Validations without improvement after which training stops.
    public let patience: Int
    /// The least change that counts as an improvement, in the metric's unit.
    public let minimumImprovement: Double
  }

  /// Training is over once a metric is good enough, however many batches are left.
  public struct Goal: Sendable, Equatable {
    /// The validation metric, of which the last validations are averaged.
    public let metric: String
    /// The value that the mean must pass: fall below, or rise above for fractions of right answers.
    public let value: Double
    /// Validations that are averaged.
    public let validations: Int
  }

  /// Training batches.
  public let batches: Int
  public let trialsPerBatch: Int
  /// Updates of the parameters on each batch.
  public let updatesPerBatch: Int
  /// Whether the trials of a batch go on from the state that those of the batch before ended in, for
  /// training and validation apart; the test goes on from the last validation.
  public let carriesState: Bool
  public let validation: Validation?
  public let earlyStopping: EarlyStopping?
  public let goal: Goal?
  /// Training batches between checkpoints.
  public let checkpointEvery: Int
  /// The validation metric whose best parameters are kept beside the last ones.
  public let keepBest: String?
  public let testTrials: Trials
  /// Most memory that a training step may take, in bytes; nil leaves it to the program.
  public let memory: Int?
}

extension TrainingDescription {
  /// - Parameter rule: what learns; not every rule can go on from a state.
  init(
    from mapping: ConfigurationMapping, task: TaskDescription, rule: LearningDescription.Rule,
    budget: MemoryBudget
  ) throws {
    batches = try mapping.value("batches") { try $0.integer(in: 1...1_000_000_000) }
    let trials = try mapping.value("trialsPerBatch") { try $0.integer(in: 1...1_000_000) }
    trialsPerBatch = trials
    try budget.claim(
      bytes: Double(task.batchBytes(trials: trials)), for: "batches of \(trials) trials",
      of: mapping, "trialsPerBatch", remedy: "take fewer trials")
    updatesPerBatch = try mapping.value("updatesPerBatch", default: "1") {
      try $0.integer(in: 1...1_000_000)
    }
    carriesState = try mapping.value("carriesState", default: "false") { scalar in
      let carries = try scalar.boolean()
      if carries, case .eligibility = rule {
        throw scalar.rejected(
          "e-prop starts each trial at rest", remedy: "write false, or learn by bptt")
      }
      if carries, case .evolution = rule {
        throw scalar.rejected(
          "evolution starts each trial anew", remedy: "write false, or learn by bptt")
      }
      return carries
    }
    let validation = try mapping.optionalNested("validation") { validation in
      Validation(
        every: try validation.value("every") { try $0.integer(1...) },
        trials: try validation.value("trials") { try $0.trials(of: task) })
    }
    self.validation = validation
    if validation != nil, task.validationImages == 0 {
      throw mapping.rejected(
        "validation", "no images are set aside for validation",
        remedy: "set task.validationImages, or validation: none")
    }
    earlyStopping = try mapping.optionalNested("earlyStopping") { stopping in
      EarlyStopping(
        metric: try stopping.value("metric") {
          try $0.validationMetric(of: task, isValidated: validation != nil)
        },
        patience: try stopping.value("patience") { try $0.integer(1...) },
        minimumImprovement: try stopping.value("minimumImprovement", default: "0") {
          try $0.number(.nonNegative)
        })
    }
    goal = try mapping.optionalNested("goal") { goal in
      Goal(
        metric: try goal.value("metric") {
          try $0.validationMetric(of: task, isValidated: validation != nil)
        },
        value: try goal.value("value") { try $0.metricValue() },
        validations: try goal.value("validations", default: "1") { try $0.integer(1...) })
    }
    checkpointEvery = try mapping.value("checkpointEvery") { try $0.integer(1...) }
    keepBest = try mapping.optional("keepBest") {
      try $0.validationMetric(of: task, isValidated: validation != nil)
    }
    testTrials = try mapping.nested("test") { test in
      try test.value("trials") { try $0.trials(of: task) }
    }
    memory = try mapping.optional("memory") { try $0.size() }
  }
}

extension ConfigurationScalar {
  fileprivate func trials(of task: TaskDescription) throws -> TrainingDescription.Trials {
    guard text == "all" else { return .count(try integer(1...)) }
    guard task.isFinite else {
      throw rejected(
        "the trials of this task are generated without end",
        remedy: "write a number of trials")
    }
    return .all
  }

  fileprivate func validationMetric(of task: TaskDescription, isValidated: Bool) throws -> String {
    let known = ["loss"] + task.metrics
    guard known.contains(text) else { throw unknownWord(among: known) }
    guard isValidated else {
      throw rejected("there is no validation to take \(text) from", remedy: "set validation")
    }
    return text
  }
}
