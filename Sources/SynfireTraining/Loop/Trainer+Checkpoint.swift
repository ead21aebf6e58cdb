import SynfireCore

extension Trainer {
  /// Whether enough batches or seconds have passed since the last checkpoint.
  var isCheckpointDue: Bool {
    guard checkpoint.batch > lastCheckpoint.batch else { return false }
    return checkpoint.batch % plan.checkpointEvery == 0
      || (clock.now - lastCheckpoint.instant) / .seconds(1) >= plan.checkpointSeconds
  }

  /// Writes the checkpoint of this moment; the one before it becomes the previous one.
  ///
  /// - Throws: `TrainingError` if a parameter is not finite or the file cannot be written; the
  ///   checkpoint in the folder is then the last good one.
  func save() throws {
    checkpoint.parameters = rule.parameters
    checkpoint.state = rule.state
    checkpoint.preciseState = try rule.preciseState
    checkpoint.updates = rule.updates
    checkpoint.seconds = secondsBefore + (clock.now - start) / .seconds(1)
    for (name, tensor) in checkpoint.parameters.pairs {
      if let position = tensor.firstNonFinite {
        throw TrainingError(
          "a parameter is not finite: \(name)\(position)", place: "checkpoint",
          remedy: "lower the learning rate or clip the gradient", isUserMistake: false)
      }
    }
    checkpoint.logLengths = try journal().synchronize()
    try folder.write(checkpoint)
    lastCheckpoint = (checkpoint.batch, clock.now)
    observer(.checkpoint(batch: checkpoint.batch))
  }
}
