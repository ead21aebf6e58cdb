import SynfireTasks

/// What a run tells whoever watches it, as it happens.
public enum TrainingEvent: Sendable {
  /// Training begins, or goes on after `batch` batches.
  case started(batch: Int, of: Int)
  /// A batch was trained on.
  case batch(BatchProgress)
  /// A validation or test has done some of its trials.
  case evaluating(Split, trials: Int, of: Int)
  case validated(batch: Int, metrics: [String: Double], isBest: Bool)
  case checkpoint(batch: Int)
  /// Early stopping decided.
  case stoppedEarly(batch: Int, bestBatch: Int)
  /// The goal of training is reached.
  case goalReached(batch: Int, metric: String)
  case tested(metrics: [String: Double])

  public struct BatchProgress: Sendable {
    /// Batches trained so far, this one included.
    public let batch: Int
    /// Batches of the whole run.
    public let batches: Int
    public let loss: Double
    /// The mean sum of rewards, where members of a population got some.
    public let meanReturn: Double?
    /// The mean firing rate in hertz.
    public let firingRate: Double
    /// Seconds of training since this process began or resumed the run.
    public let seconds: Double
    /// Batches that this process has trained.
    public let batchesHere: Int
  }
}
