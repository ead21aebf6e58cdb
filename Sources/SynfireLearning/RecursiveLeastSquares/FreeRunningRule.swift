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

  /// Outputs of the network that targets are given for: the factors, then what is read out.
  public var targets: Int { network.factors + network.outputs }

  public func evaluate(_ batch: TrialBatch) throws -> Evaluation {
    let run = try freeRun(batch)
    let error = run.factorErrors.sorted()[run.factorErrors.count / 2]
    return Evaluation(loss: error, readout: run.readout, firingRate: run.firingRate)
  }

  /// What a batch says about itself.
  ///
  /// - Parameter errors: of the trials that were learned from; without one the loss is 1.
  func metrics(of batch: TrialBatch, errors: [Double], spikes: Int) -> StepMetrics {
    let duration = Double(batch.samples) * network.timeStep
    return StepMetrics(
      loss: errors.isEmpty ? 1 : errors.reduce(0, +) / Double(errors.count), gradientNorm: 0,
      learningRate: 0, firingRate: Double(spikes) / duration / Double(network.neurons),
      silentFraction: 0, saturatedFraction: 0)
  }

  /// Says of errors in `body` when they came about.
  static func located(_ moment: @autoclosure () -> String, _ body: () throws -> Void) throws {
    do { try body() } catch let error as LearningError {
      throw LearningError(
        error.what, place: moment() + (error.place.isEmpty ? "" : ": \(error.place)"),
        remedy: error.remedy, isUserMistake: error.isUserMistake)
    }
  }
}
