import SynfireCore

/// Which trials: those to learn from, those to choose by, those to judge by. No two splits share one.
public enum Split: String, Sendable, CaseIterable {
  case training, validation, test
}

/// A source of trials and the measure of how well they were answered.
public protocol TrialTask: Sendable {
  var name: String { get }
  /// Channels of the inputs.
  var inputChannels: Int { get }
  /// Outputs that a readout needs.
  var outputs: Int { get }
  /// The first outputs so many are factors of a population; what it does with them comes after.
  var factors: Int { get }
  /// Time steps of a trial; of an average one where they differ.
  var steps: Int { get }

  /// The number of distinct trials of a split; nil when trials are generated without end.
  func size(of split: Split) -> Int?

  /// The trials of one batch: a pure function of its arguments.
  ///
  /// `index` counts batches. Training batches have `trials` trials always, those of a finite validation
  /// or test split fewer where a pass over the split ends, so that every pass holds each trial once.
  ///
  /// - Throws: `TasksError` if the split is empty, `FormatsError` if a data file turns out broken.
  func batch(_ split: Split, index: Int, trials: Int, seed: UInt64) throws -> TrialBatch

  /// Whether a task draws the inputs of a trial anew at each presentation, as spikes with given
  /// probabilities are.
  var drawsEachPresentation: Bool { get }

  /// The trials of `batch`, presented again: with inputs drawn anew where the task draws them, otherwise
  /// the same. Presentation 0 is `batch`.
  func batch(
    _ split: Split, index: Int, presentation: Int, trials: Int, seed: UInt64
  ) throws -> TrialBatch

  /// The metrics of a batch, means over its trials, as fractions or SI units: `accuracy`, `error`,
  /// `meanSquaredError`, `decisionAccuracy`.
  ///
  /// - Parameter readout: axes [trial, output], or [time, trial, output] of a readout of every step.
  func metrics(readout: Tensor<Float>, of batch: TrialBatch) -> [String: Double]

  /// How many trials of a batch the mean of a metric, or the loss, is over; all of them unless a task says
  /// otherwise. 0 leaves the metric out of the mean over batches.
  func count(of metric: String, readout: Tensor<Float>, in batch: TrialBatch) -> Int

  /// The sha256 of the raw content of each data file, by path; empty when the trials are generated.
  func dataHashes() throws -> [String: String]
}

extension TrialTask {
  public var factors: Int { 0 }

  public func dataHashes() throws -> [String: String] { [:] }

  public var drawsEachPresentation: Bool { false }

  public func count(of metric: String, readout: Tensor<Float>, in batch: TrialBatch) -> Int {
    batch.trials
  }

  public func batch(
    _ split: Split, index: Int, presentation: Int, trials: Int, seed: UInt64
  ) throws -> TrialBatch {
    try batch(split, index: index, trials: trials, seed: seed)
  }

  /// The number of batches that one pass over a split takes; nil when it never ends.
  public func batches(in split: Split, trials: Int) -> Int? {
    size(of: split).map { ($0 + trials - 1) / trials }
  }
}
