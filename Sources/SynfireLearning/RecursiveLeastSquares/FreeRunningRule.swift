import SynfireCore
import SynfireNetworks

/// A rule that teaches a network with feedback, which can then run by itself.
public protocol FreeRunningRule: LearningRule {
  var network: FeedbackNetwork { get }

  /// Runs trials without a teacher and without learning, after those that are led by the targets until the
  /// network has settled; the rule stays as it is.
  ///
  /// - Parameter observe: called after each step that is not led.
  func freeRun(
    _ batch: TrialBatch, recordsSpikes: Bool, observe: ((FreeStep) throws -> Void)?
  ) throws -> FreeRun
}

extension FreeRunningRule {
  public func freeRun(
    _ batch: TrialBatch, recordsSpikes: Bool = false
  ) throws -> FreeRun {
    try freeRun(batch, recordsSpikes: recordsSpikes, observe: nil)
  }
}
