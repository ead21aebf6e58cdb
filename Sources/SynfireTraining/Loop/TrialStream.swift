import SynfireCore
import SynfireLearning
import SynfireNetworks

/// Batches that are presented one after another without learning; where states are carried, the trials
/// of each go on from the end of those before.
public struct TrialStream {
  private let rule: any LearningRule
  private let carriesState: Bool
  /// What the last trials ended in; nil for rest, and where no states are carried.
  public private(set) var state: NetworkState<Float>?

  public init(
    _ rule: any LearningRule, carriesState: Bool, from state: NetworkState<Float>? = nil
  ) {
    self.rule = rule
    self.carriesState = carriesState
    self.state = state
  }

  /// The readout and loss of the next batch.
  ///
  /// - Throws: errors of the rule; also when a batch has more trials than the one before.
  public mutating func evaluate(_ batch: TrialBatch) throws -> Evaluation {
    guard carriesState else { return try rule.evaluate(batch) }
    // Fewer trials go on from the first ones.
    let start = state.map { batch.trials < $0.trials ? $0[0..<batch.trials] : $0 }
    let (evaluation, end) = try rule.evaluate(batch, from: start)
    state = end
    return evaluation
  }
}
