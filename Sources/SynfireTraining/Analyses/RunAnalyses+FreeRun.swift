import SynfireAnalysis
import SynfireCore
import SynfireLearning
import SynfireTasks

extension RunAnalyses {
  /// The neurons whose spikes are drawn, about, for each trial less the fewer.
  private static let rasterRows = 120

  /// The rule of a network with feedback, as training left it.
  ///
  /// - Throws: `TrainingError` for a network of layers.
  func feedbackRule() throws -> any FreeRunningRule {
    guard experiment.network.feedback != nil else {
      throw TrainingError("this network has no feedback")
    }
    var rule = try experiment.makeRule(
      for: task, parameters: checkpoint.parameters, threads: threads)
    if checkpoint.preciseState.count > 0 {
      try rule.restore(preciseState: checkpoint.preciseState)
    }
    guard let rule = rule as? any FreeRunningRule else {
      throw TrainingError("this network is not taught to run by itself")
    }
    return rule
  }

  func freeRun(_ recorded: RecordedTrials) throws -> Drawing {
    let factors = try feedbackRule().network.factors
    guard case .values(let targets) = recorded.batch.targets else {
      throw TrainingError("the targets of this task are no numbers")
    }
    let outputs = targets.shape[2]
    let shown = Array(recorded.batch.largestAlikeGroup.prefix(20))
    let rates = try recorded.spikes.map { spikes in
      try SpikeStatistics(
        of: spikes, timeStep: experiment.timeStep, lengths: recorded.batch.lengths
      ).firingRates
    }
    func errors(_ range: Range<Int>) -> [Double] {
      // Not a number, which is not drawn, where all targets are 0.
      normalizedErrors(recorded.readout, recorded.batch, outputs: range).map { $0 ?? .nan }
    }
    let factorErrors = errors(0..<factors)
    let outputErrors = outputs > factors ? errors(factors..<outputs) : []
    let trials = Figure.FreeRunTrials(
      readout: recorded.readout, targets: targets, spikes: recorded.spikes, factors: factors,
      shown: shown,
      steps: recorded.batch.steps(ofTrial: shown[0]),
      neurons: rates.map { neurons(ofRates: $0, count: max(6, Self.rasterRows / shown.count)) }
        ?? [],
      factorErrors: factorErrors, outputErrors: outputErrors)
    let numbers = [("factor", factorErrors), ("output", outputErrors)].flatMap { name, errors in
      let found = errors.filter(\.isFinite)
      return found.isEmpty
        ? []
        : [
          ("\(name) error, median over trials", found.median),
          ("\(name) error, 95th percentile", found.quantile(0.95)),
        ]
    }
    return Drawing(
      figure: try .freeRun(trials, timeStep: experiment.timeStep),
      caption: "The network by itself."
        + (rates == nil
          ? "" : " Spikes of neurons of different rates, the trials of each beneath each other.")
        + " Leading factors and outputs (colour, up to ten trials) over their targets "
        + "(black); the error of every test trial, lines are medians.",
      numbers: numbers)
  }

  /// Neurons at equal distances in the order of their rates, from low to high, silent ones left out where
  /// others are there.
  func neurons(ofRates rates: [Double], count: Int) -> [Int] {
    let active = rates.indices.filter { rates[$0] > 0 }
    let ranked = (active.isEmpty ? Array(rates.indices) : active).sorted { rates[$0] < rates[$1] }
    let number = min(count, ranked.count)
    return (0..<number).map { ranked[(2 * $0 + 1) * ranked.count / (2 * number)] }
  }

  func spikeStatistics(_ recorded: RecordedTrials) throws -> Drawing {
    let spikes = try recorded.requiredSpikes()
    let lengths = recorded.batch.lengths
    let statistics = try SpikeStatistics(
      of: spikes, timeStep: experiment.timeStep, lengths: lengths)
    let variation = statistics.intervalVariation(ofAtLeast: Self.leastIntervals)
    let rates = statistics.firingRates
    var numbers = [
      ("mean firing rate (Hz)", statistics.meanFiringRate),
      ("firing rate, 5th percentile (Hz)", rates.quantile(0.05)),
      ("firing rate, 95th percentile (Hz)", rates.quantile(0.95)),
      ("neurons with \(Self.leastIntervals) intervals", Double(variation.count)),
    ]
    if !variation.isEmpty { numbers.append(("CV of intervals, median", variation.median)) }
    // Counts of trials that differ vary because of what is asked, too: alike ones only.
    let alike = recorded.batch.largestAlikeGroup
    var fano: [Double] = []
    let window = Int((Self.fanoWindow / experiment.timeStep).rounded())
    if alike.count > 1, window >= 1, window <= recorded.batch.steps(ofTrial: alike[0]) {
      let counts = try WindowedCounts(
        of: spikes.trials(alike), windowSteps: window,
        lengths: lengths.map { lengths in alike.map { lengths[$0] } })
      fano = counts.fanoFactors(ofMeanAbove: Self.leastMeanCount).compactMap { $0 }
    }
    if !fano.isEmpty {
      numbers += [
        ("Fano factor, mean", MeanAndDeviation(of: fano).mean),
        ("Fano factor, median", fano.median),
        ("cells with a Fano factor", Double(fano.count)),
      ]
    }
    return Drawing(
      figure: try .spikeStatistics(intervalVariation: variation, fanoFactors: fano, rates: rates),
      caption:
        "Coefficients of variation of the intervals between spikes, of neurons with at least "
        + "\(Self.leastIntervals) intervals in \(spikes.trials) trials; Fano factors of counts in "
        + "windows of 100 ms over \(alike.count) alike trials, where the mean is above 0.5; and firing "
        + "rates.",
      numbers: numbers)
  }

  /// DePasquale et al. (2023), as the code has it: intervals that a neuron needs, seconds of a window and
  /// the mean count above which a Fano factor is taken.
  private static let leastIntervals = 20
  private static let fanoWindow = 0.1
  private static let leastMeanCount = 0.5
}
