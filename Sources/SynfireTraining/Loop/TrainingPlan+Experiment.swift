import SynfireTasks

extension TrainingPlan {
  /// The plan that an experiment asks for.
  public init(_ description: TrainingDescription) {
    self.init(
      batches: description.batches, trialsPerBatch: description.trialsPerBatch,
      checkpointEvery: description.checkpointEvery)
    updatesPerBatch = description.updatesPerBatch
    carriesState = description.carriesState
    validationEvery = description.validation?.every
    validationTrials = description.validation?.trials.count
    earlyStopping = description.earlyStopping.map {
      EarlyStopping(
        metric: $0.metric, patience: $0.patience, minimumImprovement: $0.minimumImprovement)
    }
    goal = description.goal.map {
      Goal(metric: $0.metric, value: $0.value, validations: $0.validations)
    }
    keepBest = description.keepBest
    testTrials = description.testTrials.count
  }
}

extension TrainingDescription.Trials {
  /// The number of trials; nil for all.
  public var count: Int? {
    if case .count(let count) = self { count } else { nil }
  }
}
