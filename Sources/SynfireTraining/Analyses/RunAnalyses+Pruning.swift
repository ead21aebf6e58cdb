import SynfireAnalysis
import SynfireCore
import SynfireTasks

extension RunAnalyses {
  /// Trials on which a pruned network is tested.
  private static let pruningTrials = 1000

  func modePruning() throws -> Drawing {
    let modes = try modeTensors()
    let order = try ModeImportance(
      inputModes: modes.input, outputModes: modes.output, scores: modes.scores
    ).order
    let kept = keptCounts(order.count)
    let important = try kept.map { try performance(keeping: Array(order.prefix($0)), modes) }
    let unimportant = try kept.map { try performance(keeping: Array(order.suffix($0)), modes) }
    let isAccuracy = important[0].isAccuracy
    func column(_ values: [(value: Double, isAccuracy: Bool)]) -> [MeanAndDeviation] {
      values.map { MeanAndDeviation(mean: $0.value, deviation: 0, count: 1) }
    }
    return Drawing(
      figure: .pruning(
        [
          ("most important kept", kept, column(important)),
          ("least important kept", kept, column(unimportant)),
        ], quantity: isAccuracy ? "Accuracy" : "Mean squared error"),
      caption: "Test trials with the scores of the other modes set to zero.",
      numbers: [
        ("without any mode", important[0].value), ("with all modes", important.last!.value),
      ])
  }

  /// About a dozen numbers from none to all.
  private func keptCounts(_ modes: Int) -> [Int] {
    guard modes > 12 else { return Array(0...modes) }
    let spread = (0...10).map { ($0 * modes + 5) / 10 }
    return Set([1, 2] + spread.map { min($0, modes) }).sorted()
  }

  private func performance(
    keeping kept: [Int], _ modes: ModeTensors
  ) throws -> (value: Double, isAccuracy: Bool) {
    var parameters = checkpoint.parameters
    parameters.update("\(modes.prefix).scores") { scores in
      for mode in scores.values.indices where !kept.contains(mode) { scores.values[mode] = 0 }
    }
    let pruned = try experiment.makeRule(parameters: parameters, threads: threads)
    let evaluation = try TaskEvaluation(
      task: task, split: .test, trials: RunAnalyses.pruningTrials,
      trialsPerBatch: experiment.training.trialsPerBatch, seed: experiment.seed)
    var stream = TrialStream(
      pruned, carriesState: experiment.training.carriesState, from: checkpoint.validationState)
    let metrics = try evaluation.metrics(evaluate: { try stream.evaluate($0) }) ?? [:]
    if let accuracy = metrics["accuracy"] { return (accuracy, true) }
    return (metrics["meanSquaredError"] ?? .nan, false)
  }
}
