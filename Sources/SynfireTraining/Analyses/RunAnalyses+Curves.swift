import Foundation
import SynfireAnalysis

extension RunAnalyses {
  func lossCurve() throws -> Drawing {
    guard let losses = checkpoint.training["loss"], !losses.isEmpty else {
      throw TrainingError("no batch was trained yet")
    }
    var references: [(label: String, value: Double)] = []
    if experiment.learning.loss == .crossEntropyOnProbabilities {
      let outputs = Double(task.outputs)
      references = [("lowest possible", -log(exp(1) / (exp(1) + outputs - 1)))]
    }
    var numbers = [(name: "last loss", value: losses.last!)]
    let threshold = 1.7
    if !references.isEmpty, let first = losses.firstIndex(where: { $0 < threshold }) {
      numbers.append((name: "first batch with loss < \(threshold)", value: Double(first + 1)))
    }
    var curves = [("", try LearningCurve(seeds: [losses]))]
    var caption = "The loss of each training batch, at the last update on it."
    // Of the network without chance, where there is a population.
    if let evaluation = checkpoint.training["evaluationLoss"] {
      curves = [
        ("training members", curves[0].1),
        ("evaluation members", try LearningCurve(seeds: [evaluation])),
      ]
      caption =
        "The loss of each training batch in its last generation: the mean over the members that are learned "
        + "from, and over those that have the network without chance."
      numbers.append((name: "last loss of evaluation members", value: evaluation.last!))
    }
    return Drawing(
      figure: .learningCurves(curves, quantity: "Loss", start: 1, references: references),
      caption: caption, numbers: numbers)
  }

  /// What members of each generation got, and what the network without chance did.
  func returnCurve() throws -> Drawing {
    guard let means = checkpoint.training["meanReturn"], !means.isEmpty else {
      throw TrainingError("no generation has been evaluated yet")
    }
    var curves = [("training members", try LearningCurve(seeds: [means]))]
    var numbers = [(name: "last mean return of training members", value: means.last!)]
    if let evaluation = checkpoint.training["evaluationReturn"] {
      curves.append(("evaluation members", try LearningCurve(seeds: [evaluation])))
      numbers.append((name: "last mean return of evaluation members", value: evaluation.last!))
    }
    if let best = checkpoint.training["bestReturn"] {
      curves.append(("best member", try LearningCurve(seeds: [best])))
    }
    return Drawing(
      figure: .learningCurves(curves, quantity: "Return", start: 1, step: "Generation"),
      caption:
        "The sum of rewards of an episode in each generation: the mean over the members that are learned "
        + "from, the mean over those that have the network without chance, and the best.",
      numbers: numbers)
  }

  func accuracyCurve() throws -> Drawing {
    let names = ["accuracy", "decisionAccuracy", "meanSquaredError"]
    guard let metric = names.first(where: { checkpoint.validation[$0] != nil }),
      let values = checkpoint.validation[metric], let batches = checkpoint.validation["batch"],
      let first = batches.first
    else { throw TrainingError("there was no validation during training") }
    let isFraction = metric != "meanSquaredError"
    let interval = batches.count > 1 ? Int(batches[1] - batches[0]) : 1
    let shown = isFraction ? values.map { 100 * $0 } : values
    return Drawing(
      figure: .learningCurves(
        [("", try LearningCurve(seeds: [shown]))],
        quantity: metric == "accuracy"
          ? "Accuracy" : isFraction ? "Right decisions" : "Mean squared error",
        unit: isFraction ? "%" : "", interval: interval, start: Int(first)),
      caption: "On validation trials, during training.")
  }
}
