import SynfireFormats
import SynfireTasks

extension Trainer {
  /// Whether the batches trained so far ask for a validation that was not yet made.
  var isValidationDue: Bool {
    guard let every = plan.validationEvery, checkpoint.batch > 0 else { return false }
    guard checkpoint.batch % every == 0 else { return false }
    return checkpoint.validation["batch"]?.last != Double(checkpoint.batch)
  }

  /// Whether the goal of training is reached.
  var isGoalReached: Bool { plan.goal?.isReached(checkpoint.validation) ?? false }

  /// Whether the metric of early stopping has not improved for long enough.
  var isStoppedEarly: Bool {
    guard let stopping = plan.earlyStopping, let record else { return false }
    return record.validationsSince >= stopping.patience
  }

  /// Validates; false if the stop flag was raised meanwhile, and nothing is recorded then.
  func validate() throws -> Bool {
    guard let metrics = try evaluate(.validation, trials: plan.validationTrials) else {
      return false
    }
    try HealthWatch.requireFinite(metrics, place: "validation")
    checkpoint.validation.append(metrics.merging(["batch": Double(checkpoint.batch)]) { $1 })
    try journal().record("validation", batch: checkpoint.batch, values: metrics)
    for (name, tensor) in rule.parameters.pairs {
      try journal().histogram("parameters/\(name)", batch: checkpoint.batch, values: tensor.values)
    }
    var isBest = false
    if let metric = best?.metric, let value = metrics[metric] {
      isBest = best!.add(value, batch: checkpoint.batch)
      if isBest { try folder.writeBest(rule.parameters, of: checkpoint) }
    }
    if let metric = record?.metric, let value = metrics[metric] {
      _ = record!.add(value, batch: checkpoint.batch)
    }
    observer(.validated(batch: checkpoint.batch, metrics: metrics, isBest: isBest))
    if let goal = plan.goal, isGoalReached {
      observer(.goalReached(batch: checkpoint.batch, metric: goal.metric))
    } else if isStoppedEarly, let record {
      observer(.stoppedEarly(batch: checkpoint.batch, bestBatch: record.batch))
    }
    return true
  }

  /// Tests the last parameters; false if the stop flag was raised meanwhile.
  func test() throws -> Bool {
    if plan.testTrials == 0 { return true }
    guard let metrics = try evaluate(.test, trials: plan.testTrials) else { return false }
    checkpoint.test = ColumnTable()
    checkpoint.test.append(metrics.merging(["batch": Double(checkpoint.batch)]) { $1 })
    try journal().record("test", batch: checkpoint.batch, values: metrics)
    observer(.tested(metrics: metrics))
    return true
  }

  private func evaluate(_ split: Split, trials: Int?) throws -> [String: Double]? {
    let evaluation = try TaskEvaluation(
      task: task, split: split, trials: trials, trialsPerBatch: plan.trialsPerBatch,
      seed: checkpoint.seed)
    var stream = TrialStream(
      rule, carriesState: plan.carriesState, from: checkpoint.validationState)
    let metrics = try evaluation.metrics(evaluate: { try stream.evaluate($0) }) { done in
      observer(.evaluating(split, trials: done, of: evaluation.trials))
      return stop.signal == nil
    }
    if metrics != nil, split == .validation { checkpoint.validationState = stream.state }
    return metrics
  }
}
