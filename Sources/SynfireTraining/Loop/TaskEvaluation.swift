import SynfireCore
import SynfireLearning
import SynfireTasks

/// The mean metrics of many trials of a split, presented without learning.
public struct TaskEvaluation: Sendable {
  public let task: any TrialTask
  public let split: Split
  /// The number of trials; no more than the split has.
  public let trials: Int
  /// Trials that are presented together.
  public let trialsPerBatch: Int
  public let seed: UInt64

  /// - Parameter trials: nil takes every trial of the split.
  /// - Throws: `TrainingError` if the split is without end and `trials` nil, or empty.
  public init(
    task: any TrialTask, split: Split, trials: Int?, trialsPerBatch: Int, seed: UInt64
  ) throws {
    let size = task.size(of: split)
    guard let wanted = trials ?? size else {
      throw TrainingError(
        "the \(split.rawValue) trials of \(task.name) are generated without end",
        remedy: "say how many to present")
    }
    self.trials = min(wanted, size ?? wanted)
    guard self.trials > 0 else {
      throw TrainingError(
        "there are no \(split.rawValue) trials to present", place: task.name,
        remedy: "ask for at least one trial, of a split that has some")
    }
    self.task = task
    self.split = split
    self.trialsPerBatch = min(trialsPerBatch, self.trials)
    self.seed = seed
  }

  /// Presents the trials and averages: the task's metrics, `loss` and `firingRate` (hertz).
  ///
  /// - Parameter progress: called with the trials done so far; false stops.
  /// - Returns: nil if `progress` stopped it.
  /// - Throws: what `evaluate` throws, and `TrainingError` if no trial has a loss.
  public func metrics(
    evaluate: (TrialBatch) throws -> Evaluation, progress: (Int) -> Bool = { _ in true }
  ) throws -> [String: Double]? {
    var sums: [String: Double] = [:]
    // A metric of rare trials is not in every batch.
    var weights: [String: Int] = [:]
    var done = 0
    for index in 0... where done < trials {
      let full = try task.batch(split, index: index, trials: trialsPerBatch, seed: seed)
      let batch = full.prefix(trials - done)
      let evaluation = try evaluate(batch)
      var metrics = task.metrics(readout: evaluation.readout, of: batch)
      metrics["loss"] = evaluation.loss
      metrics["firingRate"] = evaluation.firingRate.isNaN ? nil : evaluation.firingRate
      for (name, value) in metrics {
        let count = task.count(of: name, readout: evaluation.readout, in: batch)
        if count == 0 { continue }
        sums[name, default: 0] += value * Double(count)
        weights[name, default: 0] += count
      }
      done += batch.trials
      if !progress(done) { return nil }
      if done >= trials { break }
    }
    guard weights["loss"] != nil else {
      throw TrainingError(
        "none of \(trials) \(split.rawValue) trials came to a number", place: task.name,
        remedy: "look at what the network does with `synfire render`, or train it anew",
        isUserMistake: false)
    }
    return sums.reduce(into: [:]) { $0[$1.key] = $1.value / Double(weights[$1.key]!) }
  }
}
