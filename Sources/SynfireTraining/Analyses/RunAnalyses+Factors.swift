import SynfireAnalysis
import SynfireCore
import SynfireLearning
import SynfireNetworks

extension RunAnalyses {
  /// Neurons whose factor-based rates are found, and samples that they are found from, at most.
  private static let ratedNeurons = 15
  private static let ratedSamples = 300_000
  /// Trials that are drawn.
  private static let drawnTrials = 10

  func factorBasedRate(_ recorded: RecordedTrials) throws -> Drawing {
    let rule = try feedbackRule()
    let batch = recorded.batch
    let rates = try SpikeStatistics(
      of: recorded.requiredSpikes(), timeStep: experiment.timeStep, lengths: batch.lengths
    ).firingRates
    var drives = FactorDrives(
      rule, neurons: neurons(ofRates: rates, count: Self.ratedNeurons))
    var samples = 0
    let trials = (0..<batch.trials).prefix { trial in
      samples += batch.steps(ofTrial: trial)
      return trial == 0 || samples <= Self.ratedSamples
    }
    _ = try rule.freeRun(batch, recordsSpikes: false) { step in
      if step.trial < trials.count { drives.add(step) }
    }
    let found = try FactorBasedRate.rates(
      of: drives.recordings, regressors: drives.regressors, timeStep: experiment.timeStep)
    let starts = trials.indices.map { trial in
      (0..<trial).reduce(0) { $0 + batch.steps(ofTrial: $1) }
    }
    let alike = batch.largestAlikeGroup.filter { $0 < trials.count }
    func byTrial(_ values: [Double]) -> [[Double]] {
      alike.map { Array(values[starts[$0]..<starts[$0] + batch.steps(ofTrial: $0)]) }
    }
    let usable = found.indices.filter { found[$0] != nil }
    guard let example = usable.min(by: { abs($0 - usable.count / 2) < abs($1 - usable.count / 2) })
    else { throw TrainingError("no neuron spikes enough for a regression") }
    let shown = found[example]!
    let spreads =
      alike.count < 2
      ? []
      : try usable.map { index -> Figure.FactorRateSpread in
        let rate = found[index]!
        return Figure.FactorRateSpread(
          factorInput: try TrialSpread(of: byTrial(rate.factorInput)),
          otherInput: try TrialSpread(of: byTrial(rate.otherInput)),
          rate: try TrialSpread(of: byTrial(rate.rates)))
      }
    var numbers = [
      ("neurons", Double(usable.count)),
      (
        "random input that factors explain, median (fraction of variance)",
        usable.map { found[$0]!.explainedVariance }.median
      ),
    ]
    if !spreads.isEmpty {
      numbers += [
        ("factor-based input, sd over trials, median", spreads.map(\.factorInput.deviation).median),
        ("other input, sd over trials, median", spreads.map(\.otherInput.deviation).median),
        ("factor-based rate, sd over trials, median (Hz)", spreads.map(\.rate.deviation).median),
        (
          "factor-based rate, sd over time of the mean, median (Hz)",
          spreads.map(\.rate.deviationOfMean).median
        ),
      ]
    }
    return Drawing(
      figure: try .factorBasedRate(
        Figure.FactorRateExample(
          neuron: drives.neurons[example], factorInput: byTrial(shown.factorInput),
          otherInput: byTrial(shown.otherInput), rates: byTrial(shown.rates),
          spikes: byTrial(drives.recordings[example].spikes)),
        spreads: spreads, timeStep: experiment.timeStep),
      caption:
        "Left, neuron \(drives.neurons[example] + 1) in alike trials of the network by itself: "
        + "spikes; the input that factors explain, less the mean drive; the rest of the random input; the "
        + "rate by Poisson regression of spikes on the former. Right, \(usable.count) neurons of all rates: "
        + "how much trials differ.",
      numbers: numbers)
  }
}

/// What drives some neurons, at every step.
private struct FactorDrives {
  let neurons: [Int]
  private(set) var recordings: [FactorBasedRate.Recording]
  /// y and F_in of all steps.
  private var numbers: [Double] = []
  private let factors: Int
  private let inputs: Int
  /// u and u_in.
  private let encoders: Tensor<Double>
  private let inputWeights: Tensor<Double>

  init(_ rule: any FreeRunningRule, neurons: [Int]) {
    self.neurons = neurons
    let network = rule.network
    factors = network.factors
    inputs = network.inputs
    let parameters: NamedTensors<Double> = rule.parameters.converted()
    encoders = parameters["hidden.encoders"]!
    inputWeights = network.input.weights(
      parameters.under("hidden.input"), presynaptic: inputs, postsynaptic: network.neurons)
    recordings = neurons.map { _ in .init(direct: [], random: [], spikes: []) }
  }

  mutating func add(_ step: FreeStep) {
    numbers += step.factors + (0..<inputs).map { step.inputs[$0] }
    let stepper = step.stepper
    for (index, neuron) in neurons.enumerated() {
      let fedBack = (0..<factors).reduce(0) { $0 + encoders[neuron, $1] * step.factors[$1] }
      let input = (0..<inputs).reduce(0) { $0 + inputWeights[neuron, $1] * step.inputs[$1] }
      recordings[index].direct.append(fedBack + input - stepper.offset.pointer[neuron])
      recordings[index].random.append(stepper.meanDrive.pointer[neuron] - fedBack)
      recordings[index].spikes.append(stepper.outputs.pointer[neuron])
    }
  }

  var regressors: Tensor<Double> {
    let width = factors + inputs
    return Tensor(
      axes: ["sample", "regressor"], shape: [numbers.count / width, width], values: numbers)
  }
}
