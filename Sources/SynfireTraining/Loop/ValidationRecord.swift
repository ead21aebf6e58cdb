import SynfireFormats

/// What the validations of a run have shown so far: when a metric was best, and for how many
/// validations it has not improved since.
public struct ValidationRecord: Sendable, Equatable {
  public let metric: String
  /// The least change that counts, in the unit of the metric.
  public let minimumImprovement: Double
  /// The best value; nil before the first validation.
  public private(set) var best: Double?
  /// Batches trained when the best value was found.
  public private(set) var batch = 0
  /// Validations since the best one.
  public private(set) var validationsSince = 0

  public init(metric: String, minimumImprovement: Double = 0) {
    self.metric = metric
    self.minimumImprovement = minimumImprovement
  }

  /// Replays the validations of a table, so that a resumed run decides as an uninterrupted one.
  public init(metric: String, minimumImprovement: Double = 0, of table: ColumnTable) {
    self.init(metric: metric, minimumImprovement: minimumImprovement)
    let batches = table["batch"] ?? []
    for (batch, value) in zip(batches, table[metric] ?? []) {
      _ = add(value, batch: Int(batch))
    }
  }

  /// Adds a validation; true if it is the best so far.
  public mutating func add(_ value: Double, batch: Int) -> Bool {
    let improves: Bool
    if let best {
      let gain = TrainingPlan.isBetterWhenLarger(metric) ? value - best : best - value
      improves = gain > minimumImprovement
    } else {
      improves = !value.isNaN
    }
    if improves {
      best = value
      self.batch = batch
      validationsSince = 0
    } else {
      validationsSince += 1
    }
    return improves
  }
}
