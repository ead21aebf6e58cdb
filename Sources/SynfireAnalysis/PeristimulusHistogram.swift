import SynfireCore

/// Firing rates over time, averaged over trials in bins: the peristimulus time histogram (PSTH).
public struct PeristimulusHistogram: Sendable, Equatable {
  /// The middle of each bin, in seconds from the start of the trial.
  public let times: [Double]
  /// Mean firing rates in Hz, axes [bin, neuron].
  public let rates: Tensor<Double>

  /// Averages over the given trials (all if nil). A last bin with fewer steps is left out.
  ///
  /// - Parameters:
  ///   - timeStep: dt in seconds.
  ///   - binSteps: the width of a bin in time steps.
  /// - Throws: `AnalysisError` for a bin that is empty or longer than the trial, a trial that does
  ///   not exist, or no trials at all.
  public init(
    of spikes: SpikeTensor, timeStep: Double, binSteps: Int, trials chosen: [Int]? = nil
  ) throws {
    let trials = chosen ?? Array(0..<spikes.trials)
    guard timeStep > 0, timeStep.isFinite, binSteps >= 1, binSteps <= spikes.steps else {
      throw AnalysisError(
        "bins of \(binSteps) steps of \(timeStep) s in trials of \(spikes.steps) steps",
        place: "peristimulus histogram",
        remedy: "Choose a bin of at least one step and at most one trial.")
    }
    guard !trials.isEmpty, trials.allSatisfy({ $0 >= 0 && $0 < spikes.trials }) else {
      throw AnalysisError(
        "trials \(trials) of \(spikes.trials)", place: "peristimulus histogram",
        remedy: "Choose trials that were recorded.")
    }
    let bins = spikes.steps / binSteps
    var rates = Tensor<Double>(axes: ["bin", "neuron"], shape: [bins, spikes.neurons])
    let share = 1 / (Double(binSteps * trials.count) * timeStep)
    for step in 0..<bins * binSteps {
      let start = step / binSteps * spikes.neurons
      for trial in trials {
        spikes.forEachSpike(step: step, trial: trial) { rates.values[start + $0] += share }
      }
    }
    self.rates = rates
    times = (0..<bins).map { (Double($0) + 0.5) * Double(binSteps) * timeStep }
  }
}
