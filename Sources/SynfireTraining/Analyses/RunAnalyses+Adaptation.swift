import Foundation
import SynfireAnalysis
import SynfireCore
import SynfireNetworks

extension RunAnalyses {
  /// The last layer, if its neurons are adaptive ones.
  ///
  /// - Throws: `TrainingError` for other neurons.
  func adaptiveLayer() throws -> Layer<AdaptiveLIF> {
    guard let layer = layered?.layers.last as? Layer<AdaptiveLIF> else {
      throw TrainingError("the neurons of the last layer are not adaptive LIF neurons")
    }
    return layer
  }

  /// The neurons of a layer whose thresholds rise.
  static func adaptive(
    _ layer: Layer<AdaptiveLIF>, _ parameters: NamedTensors<Float>
  ) throws -> [Int] {
    let tensors: NamedTensors<Double> = parameters.under(layer.parameterPrefix).converted()
    let strengths = try layer.model.kernelParameters(tensors, neurons: layer.neurons)[1]
    return strengths.indices.filter { strengths[$0] != 0 }
  }

  func adaptiveRaster(_ recorded: RecordedTrials) throws -> Drawing {
    let layer = try adaptiveLayer()
    let spikes = try recorded.requiredSpikes()
    let parameters = checkpoint.parameters
    let tensors: NamedTensors<Double> = parameters.under(layer.parameterPrefix).converted()
    let adaptive = try RunAnalyses.adaptive(layer, parameters)
    let baseline = try layer.model.kernelParameters(tensors, neurons: layer.neurons)[0]
    let thresholds = try layer.model.thresholds(of: spikes, trial: 0, tensors)
    var inputs: SpikeTensor?
    if case .spikes(let given) = recorded.batch.inputs { inputs = given }
    let trial = Figure.AdaptiveTrial(
      inputs: inputs, spikes: spikes, trial: 0, adaptive: adaptive,
      thresholds: adaptive.map { neuron in thresholds.map { $0[neuron] / baseline[neuron] } },
      probabilities: experiment.task.isClassification ? try probabilities(recorded) : [],
      targets: recorded.targets(ofTrial: 0))
    let last = thresholds.last ?? baseline
    let rise = adaptive.map { last[$0] / baseline[$0] }.reduce(0, +)
    return Drawing(
      figure: try .adaptiveRaster(trial, timeStep: experiment.timeStep),
      caption: "One test trial: inputs, neurons"
        + (adaptive.isEmpty ? "" : ", thresholds over their baselines of neurons that adapt")
        + ", and the softmax of the outputs at every step.",
      numbers: adaptive.isEmpty
        ? [] : [("mean threshold at the end (baselines)", rise / Double(adaptive.count))])
  }

  /// The softmax of the outputs of the first trial at every step, [output][time].
  private func probabilities(_ recorded: RecordedTrials) throws -> [[Double]] {
    let activity = try recorded.activity
    let (steps, neurons) = (activity.shape[0], activity.shape[2])
    let outputs = network.readout.outputs
    let parameters: NamedTensors<Double> = checkpoint.parameters.converted()
    let weights = network.readout.connection.connectivity.weights(
      parameters.under("readout"), presynaptic: neurons, postsynaptic: outputs)
    let bias = parameters["readout.bias"]?.values ?? [Double](repeating: 0, count: outputs)
    var result = [[Double]](repeating: [], count: outputs)
    for step in 0..<steps {
      let logits = (0..<outputs).map { output in
        (0..<neurons).reduce(bias[output]) { $0 + weights[output, $1] * activity[step, 0, $1] }
      }
      let largest = logits.max() ?? 0
      let powers = logits.map { exp($0 - largest) }
      let sum = powers.reduce(0, +)
      for output in 0..<outputs { result[output].append(powers[output] / sum) }
    }
    return result
  }

  func firingRates(_ recorded: RecordedTrials) throws -> Drawing {
    let statistics = try SpikeStatistics(
      of: recorded.requiredSpikes(), timeStep: experiment.timeStep,
      lengths: recorded.batch.lengths)
    let rates = statistics.firingRates
    var target: Double?
    for case .firingRate(_, let wanted) in experiment.learning.regularizers {
      target = wanted / experiment.timeStep
    }
    var numbers = [("mean firing rate (Hz)", statistics.meanFiringRate)]
    if let layer = try? adaptiveLayer() {
      let adaptive = try RunAnalyses.adaptive(layer, checkpoint.parameters)
      let regular = Set(rates.indices).subtracting(adaptive)
      if !adaptive.isEmpty, !regular.isEmpty {
        func mean(_ neurons: some Collection<Int>) -> Double {
          neurons.reduce(0) { $0 + rates[$1] } / Double(neurons.count)
        }
        numbers += [
          ("of adaptive neurons (Hz)", mean(adaptive)), ("of regular neurons (Hz)", mean(regular)),
        ]
      }
    }
    return Drawing(
      figure: try .firingRates(rates, target: target),
      caption: "Mean firing rates of the neurons over \(recorded.batch.trials) test trials.",
      numbers: numbers)
  }
}

extension RecordedTrials {
  /// The class that is asked for in each step of a trial; nil where none is.
  func targets(ofTrial trial: Int) -> [Int?] {
    let steps = batch.steps
    guard case .classes(let labels) = batch.targets else {
      return [Int?](repeating: nil, count: steps)
    }
    let windows = labels.count / batch.trials
    return (0..<steps).map { step in
      let label = labels[step * windows / steps * batch.trials + trial]
      return label >= 0 ? label : nil
    }
  }
}
