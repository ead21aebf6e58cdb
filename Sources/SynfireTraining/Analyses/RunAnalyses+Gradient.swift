import SynfireAnalysis
import SynfireCore
import SynfireLearning
import SynfireNetworks

extension RunAnalyses {
  /// Trials that the reference engine, which is slow, goes back over.
  private static let gradientTrials = 4

  func gradientByLag(_ recorded: RecordedTrials) throws -> Drawing {
    let layer = try adaptiveLayer()
    let batch = recorded.batch.prefix(RunAnalyses.gradientTrials)
    let parameters: NamedTensors<Double> = checkpoint.parameters.converted()
    let hasAdaptation = try !RunAnalyses.adaptive(layer, checkpoint.parameters).isEmpty
    var curves: [(label: String, norm: [Double])] = []
    if hasAdaptation {
      curves.append(("with adaptation", try norms(network, parameters, batch)))
    }
    var plain = layer.model
    plain.adaptationStrength = 0
    plain.trained.remove(.adaptationStrength)
    var kept = parameters
    kept["\(layer.parameterPrefix).\(AdaptiveLIF.Quantity.adaptationStrength.rawValue)"] = nil
    let without = try Network(
      timeStep: network.timeStep, inputs: network.inputs,
      layers: network.layers.dropLast() + [
        Layer(
          name: layer.name, neurons: layer.neurons, model: plain, input: layer.input,
          recurrent: layer.recurrent)
      ], readout: network.readout)
    curves.append(("without adaptation", try norms(without, kept, batch)))
    let numbers = curves.compactMap { label, norm -> (name: String, value: Double)? in
      guard let first = norm.first, first > 0, let last = norm.last else { return nil }
      return ("left at the first step, \(label) (fraction)", last / first)
    }
    return Drawing(
      figure: .gradientByLag(curves, timeStep: experiment.timeStep),
      caption: "The norm over neurons of the derivative of the loss of the last answer by the "
        + "current of each step, mean of \(batch.trials) test trials"
        + (hasAdaptation ? "; without adaptation: the same weights, thresholds fixed." : "."),
      numbers: numbers)
  }

  /// Root mean squares over trials of the norms at 1, 2, ... steps before the last answer's window.
  private func norms(
    _ network: Network, _ parameters: NamedTensors<Double>, _ batch: TrialBatch
  ) throws -> [Double] {
    let engine = try ReferenceEngine(network)
    let run = try engine.run(batch.inputs.dense, parameters)
    let (targets, starts) = try lastAnswers(batch, readout: run.readout)
    let adjoint = try experiment.learning.loss.evaluate(run.readout, targets).adjoint
    let drives = try engine.driveAdjoints(run, readoutAdjoint: adjoint, parameters).last!
    var sums: [Double] = []
    var counts: [Double] = []
    for (trial, start) in starts.enumerated() {
      guard let start else { continue }
      for lag in 1..<max(2, start + 1) where start - lag >= 0 {
        if sums.count < lag {
          sums.append(0)
          counts.append(0)
        }
        sums[lag - 1] += drives[trial][start - lag].reduce(0) { $0 + $1 * $1 }
        counts[lag - 1] += 1
      }
    }
    return zip(sums, counts).map { ($0 / $1).squareRoot() }
  }

  /// The targets without all but the last of each trial, and the first steps of their windows.
  private func lastAnswers(
    _ batch: TrialBatch, readout: Tensor<Double>
  ) throws -> (targets: TrialTargets, starts: [Int?]) {
    guard case .classes(let labels) = batch.targets, readout.shape.count == 3 else {
      throw TrainingError("the readout of this network does not answer in windows")
    }
    let windows = labels.count / batch.trials
    let steps = batch.steps / windows
    var kept = [Int](repeating: TrialTargets.none, count: labels.count)
    let starts = (0..<batch.trials).map { trial -> Int? in
      guard let window = (0..<windows).last(where: { labels[$0 * batch.trials + trial] >= 0 })
      else { return nil }
      kept[window * batch.trials + trial] = labels[window * batch.trials + trial]
      return window * steps
    }
    return (.classes(kept), starts)
  }
}

extension TrialInputs {
  /// The inputs as numbers, [time, trial, channel].
  fileprivate var dense: Tensor<Double> {
    switch self {
    case .spikes(let spikes): spikes.dense()
    case .analog(let tensor): tensor.converted()
    }
  }
}
