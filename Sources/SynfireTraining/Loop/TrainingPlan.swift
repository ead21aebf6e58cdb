import SynfireFormats

/// How long a run trains, and what it does on the way.
public struct TrainingPlan: Sendable, Equatable {
  /// Training stops when a metric has not improved for a number of validations.
  public struct EarlyStopping: Sendable, Equatable {
    public var metric: String
    public var patience: Int
    /// The least change that counts as an improvement, in the unit of the metric.
    public var minimumImprovement: Double

    public init(metric: String, patience: Int, minimumImprovement: Double = 0) {
      self.metric = metric
      self.patience = patience
      self.minimumImprovement = minimumImprovement
    }
  }

  /// Training stops when the mean of a metric over the last validations is good enough.
  public struct Goal: Sendable, Equatable {
    public var metric: String
    /// The value that the mean must pass, downwards or upwards, whichever is better.
    public var value: Double
    public var validations: Int

    public init(metric: String, value: Double, validations: Int = 1) {
      self.metric = metric
      self.value = value
      self.validations = validations
    }

    /// Whether the validations so far reach it.
    func isReached(_ validation: ColumnTable) -> Bool {
      let values = (validation[metric] ?? []).suffix(validations)
      guard values.count == validations else { return false }
      let mean = values.reduce(0, +) / Double(validations)
      return TrainingPlan.isBetterWhenLarger(metric) ? mean > value : mean < value
    }
  }

  /// Training batches.
  public var batches: Int
  public var trialsPerBatch: Int
  /// Updates of the parameters on each batch.
  public var updatesPerBatch = 1
  /// Whether trials go on from the state that those of the batch before ended in.
  public var carriesState = false
  /// Training batches between validations; nil never validates.
  public var validationEvery: Int?
  /// Trials of a validation; nil takes all of the split.
  public var validationTrials: Int?
  public var earlyStopping: EarlyStopping?
  public var goal: Goal?
  /// The validation metric whose best parameters are kept in `best.h5`; nil keeps none.
  public var keepBest: String?
  /// Trials of the test after training; nil takes all of the split, 0 does not test.
  public var testTrials: Int?
  /// Training batches between checkpoints.
  public var checkpointEvery: Int
  /// Seconds after which a checkpoint is written whatever the number of batches.
  ///
  /// When a checkpoint is written changes nothing in the run.
  public var checkpointSeconds: Double = 60
  /// Whether the next batch is made on a thread of its own while the current one trains.
  public var preparesAhead = true

  public init(batches: Int, trialsPerBatch: Int, checkpointEvery: Int = 100) {
    self.batches = batches
    self.trialsPerBatch = trialsPerBatch
    self.checkpointEvery = checkpointEvery
  }
}

extension TrainingPlan {
  /// Whether a larger value of a metric is the better one.
  ///
  /// Fractions of right answers and returns are to grow; losses and errors are to shrink.
  public static func isBetterWhenLarger(_ metric: String) -> Bool {
    ["accuracy", "decisionAccuracy", "meanReturn"].contains(metric)
      || metric.hasSuffix("Accuracy")
  }
}
