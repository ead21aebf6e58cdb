import Logging
import SynfireCore
import SynfireLearning
import SynfireTasks

/// The training loop: batches, updates, validations, checkpoints, the test at the end.
///
/// A run is a function of its experiment and seed. Whether it was interrupted, on how many threads it
/// ran and when checkpoints were written change no bit of its parameters.
public final class Trainer {
  public enum Outcome: Sendable, Equatable {
    /// Training is over; the metrics of the test, empty if there was none.
    case finished([String: Double])
    /// A signal asked to stop; the checkpoint holds everything.
    case interrupted(signal: Int32)
  }

  let task: any TrialTask
  let plan: TrainingPlan
  let folder: RunFolder
  let stop: StopFlag
  let logger: Logger
  let observer: (TrainingEvent) -> Void
  let clock = ContinuousClock()
  var rule: any LearningRule
  var checkpoint: Checkpoint
  var record: ValidationRecord?
  var best: ValidationRecord?
  var health = HealthWatch()
  var secondsBefore = 0.0
  var start: ContinuousClock.Instant
  var lastCheckpoint: (batch: Int, instant: ContinuousClock.Instant)
  private var openJournal: RunJournal?

  /// - Parameters:
  ///   - rule: a rule of the experiment; it is set to the state of the checkpoint.
  ///   - folder: an open run folder that holds `checkpoint`.
  public init(
    task: any TrialTask, rule: any LearningRule, plan: TrainingPlan, folder: RunFolder,
    checkpoint: Checkpoint, stop: StopFlag = StopFlag(),
    logger: Logger = Logger(label: "synfire.training"),
    observer: @escaping (TrainingEvent) -> Void = { _ in }
  ) {
    self.task = task
    self.plan = plan
    self.folder = folder
    self.stop = stop
    self.logger = logger
    self.observer = observer
    self.checkpoint = checkpoint
    self.rule = rule
    self.rule.parameters = checkpoint.parameters
    self.rule.state = checkpoint.state
    self.rule.updates = checkpoint.updates
    start = clock.now
    lastCheckpoint = (checkpoint.batch, clock.now)
    secondsBefore = checkpoint.seconds
    if let stopping = plan.earlyStopping {
      record = ValidationRecord(
        metric: stopping.metric, minimumImprovement: stopping.minimumImprovement,
        of: checkpoint.validation)
    }
    if let metric = plan.keepBest {
      best = ValidationRecord(metric: metric, of: checkpoint.validation)
    }
  }

  /// The parameters as they are now.
  public var parameters: NamedTensors<Float> { rule.parameters }

  /// Trains to the end, or until the stop flag is raised.
  ///
  /// - Throws: the rule's error at the first number that is not finite, an error of the task or of a
  ///   file. The last good checkpoint stays in the folder.
  public func run() throws -> Outcome {
    if checkpoint.isFinished { return .finished(checkpoint.testMetrics) }
    start = clock.now
    do {
      if checkpoint.preciseState.count > 0 {
        try rule.restore(preciseState: checkpoint.preciseState)
      }
      return try loop()
    } catch {
      try? journal().note("failed", batch: checkpoint.batch, text: "\(error)")
      throw stopped(by: error)
    }
  }

  /// The logs, opened when there is something to write: a finished run is left as it is.
  func journal() throws -> RunJournal {
    if let openJournal { return openJournal }
    let journal = try RunJournal(folder: folder, lengths: checkpoint.logLengths)
    openJournal = journal
    return journal
  }

  private func loop() throws -> Outcome {
    _ = try journal()
    let first = checkpoint.batch
    observer(.started(batch: first, of: plan.batches))
    let preparation = BatchPreparation(
      task: task, trials: plan.trialsPerBatch, seed: checkpoint.seed, batches: plan.batches,
      updatesPerBatch: plan.updatesPerBatch, preparesAhead: plan.preparesAhead)
    while true {
      if isValidationDue, try !validate() { return try interrupted() }
      if checkpoint.batch >= plan.batches || isStoppedEarly || isGoalReached { break }
      if stop.signal != nil { return try interrupted() }
      if isCheckpointDue { try save() }
      try train(on: preparation, batchesHere: checkpoint.batch - first + 1)
    }
    // The test may take long: what was trained is kept before it.
    try save()
    guard try test() else { return try interrupted() }
    checkpoint.isFinished = true
    try save()
    return .finished(checkpoint.testMetrics)
  }

  private func update(_ number: Int, _ preparation: BatchPreparation) throws -> StepMetrics {
    let batch = try preparation.batch(checkpoint.batch, update: number)
    let metrics: StepMetrics
    if plan.carriesState {
      // Every update on a batch goes on from the batch before; the last one says where it ends.
      let (said, end) = try rule.step(batch, from: checkpoint.trainingState)
      if number == plan.updatesPerBatch - 1 { checkpoint.trainingState = end }
      metrics = said
    } else {
      metrics = try rule.step(batch)
    }
    try HealthWatch.requireFinite(metrics.columns, place: "training")
    return metrics
  }

  private func train(on preparation: BatchPreparation, batchesHere: Int) throws {
    // The last update on a batch speaks for it, as in the published loss curves.
    var metrics = try update(0, preparation)
    for number in 1..<plan.updatesPerBatch { metrics = try update(number, preparation) }
    checkpoint.batch += 1
    let row = metrics.columns
    checkpoint.training.append(row.merging(["batch": Double(checkpoint.batch)]) { $1 })
    checkpoint.probabilities.append(metrics.probabilityCounts, batch: checkpoint.batch)
    try journal().record("training", batch: checkpoint.batch, values: row)
    for (name, counts) in metrics.probabilityCounts.sorted(by: { $0.key < $1.key }) {
      try journal().histogram("training/\(name)", batch: checkpoint.batch, counts: counts)
    }
    health.watch(metrics, batch: checkpoint.batch, logger: logger)
    let seconds = (clock.now - start) / .seconds(1)
    observer(
      .batch(
        .init(
          batch: checkpoint.batch, batches: plan.batches, loss: metrics.loss,
          meanReturn: metrics.others["meanReturn"], firingRate: metrics.firingRate,
          seconds: seconds, batchesHere: batchesHere)))
  }

  private func interrupted() throws -> Outcome {
    try save()
    return .interrupted(signal: stop.signal ?? 0)
  }

  private func stopped(by error: any Error) -> any Error {
    guard let error = error as? any SynfireError else { return error }
    let kept = "the checkpoint after batch \(lastCheckpoint.batch) is kept in \(folder.path)"
    let remedy = error.remedy.hasSuffix(".") ? String(error.remedy.dropLast()) : error.remedy
    let place = ["batch \(checkpoint.batch + 1)", error.place].filter { !$0.isEmpty }
    return TrainingError(
      error.what, place: place.joined(separator: ": "),
      remedy: [remedy, kept].filter { !$0.isEmpty }.joined(separator: "; "),
      isUserMistake: error.isUserMistake)
  }
}
