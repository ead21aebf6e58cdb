import SynfireCore

/// Spike counts in windows that follow each other in every trial, and how they vary over trials.
///
/// A window is the same part of all trials; a last window that not all trials fill is left out.
public struct WindowedCounts: Sendable, Equatable {
  /// Steps of a window.
  public let windowSteps: Int
  /// Axes [window, trial, neuron].
  public let counts: Tensor<Double>

  /// Counts spikes in windows of so many steps.
  ///
  /// - Parameter lengths: steps of each trial, where they have lengths of their own.
  /// - Throws: `AnalysisError` for windows that are empty or longer than the shortest trial.
  public init(of spikes: SpikeTensor, windowSteps: Int, lengths: [Int]? = nil) throws {
    let shortest = lengths?.min() ?? spikes.steps
    guard windowSteps >= 1, windowSteps <= shortest, spikes.trials > 0, spikes.neurons > 0,
      shortest <= spikes.steps
    else {
      throw AnalysisError(
        "windows of \(windowSteps) steps in \(spikes.trials) trials of \(shortest) steps",
        place: "spike counts", remedy: "Choose a window of one step to one trial.")
    }
    self.windowSteps = windowSteps
    let windows = shortest / windowSteps
    let (trials, neurons) = (spikes.trials, spikes.neurons)
    var counts = Tensor<Double>(
      axes: ["window", "trial", "neuron"], shape: [windows, trials, neurons])
    for step in 0..<windows * windowSteps {
      for trial in 0..<trials {
        let start = (step / windowSteps * trials + trial) * neurons
        spikes.forEachSpike(step: step, trial: trial) { counts.values[start + $0] += 1 }
      }
    }
    self.counts = counts
  }

  /// The Fano factor of each cell, a neuron in a window: the unbiased variance (divisor n - 1) of its counts
  /// over trials, over their mean. Nil where the mean is not above `mean`, and for a single trial; in the
  /// order [window, neuron].
  ///
  /// Source: DePasquale et al. (2023), code; the Fano factor is that of Fano, Phys. Rev. 72, 26 (1947).
  public func fanoFactors(ofMeanAbove mean: Double = 0) -> [Double?] {
    let (windows, trials, neurons) = (counts.shape[0], counts.shape[1], counts.shape[2])
    return (0..<windows * neurons).map { cell in
      let (window, neuron) = cell.quotientAndRemainder(dividingBy: neurons)
      let count = MeanAndDeviation(of: (0..<trials).map { counts[window, $0, neuron] })
      guard let variance = count.unbiasedVariance, count.mean > mean else { return nil }
      return variance / count.mean
    }
  }
}
