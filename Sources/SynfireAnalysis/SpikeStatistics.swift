import SynfireCore

/// Counts, rates and irregularity of the spikes of a recording.
///
/// Rates are in Hz. Definitions follow Elephant (Denker et al., 2018): variances have divisor n,
/// intervals are taken within a trial, and the coefficient of variation pools those of all trials.
/// `WindowedCounts` has counts in windows shorter than a trial.
public struct SpikeStatistics: Sendable, Equatable {
  /// dt in seconds.
  public let timeStep: Double
  public let steps: Int
  public let trials: Int
  public let neurons: Int
  /// Spikes, axes [trial, neuron].
  public let counts: Tensor<Double>
  /// Spikes of all neurons, axes [time, trial].
  public let populationCounts: Tensor<Double>
  /// The coefficient of variation of the interspike intervals of each neuron: their standard
  /// deviation over their mean; nil for a neuron with fewer than two intervals.
  public let intervalVariation: [Double?]
  /// How many interspike intervals each neuron has in all trials.
  public let intervalCounts: [Int]
  /// Steps of all trials together.
  private let samples: Int

  /// Counts the spikes of a recording with steps of `timeStep` seconds.
  ///
  /// - Parameter lengths: steps of each trial, where they have lengths of their own.
  /// - Throws: `AnalysisError` for a time step that is not positive and for an empty recording.
  public init(of spikes: SpikeTensor, timeStep: Double, lengths: [Int]? = nil) throws {
    guard timeStep > 0, timeStep.isFinite else {
      throw AnalysisError("\(timeStep) s is no time step", place: "spikes")
    }
    guard spikes.steps > 0, spikes.trials > 0, spikes.neurons > 0 else {
      throw AnalysisError(
        "nothing recorded: \(spikes.steps) steps, \(spikes.trials) trials, \(spikes.neurons) "
          + "neurons", place: "spikes")
    }
    guard lengths.map({ $0.count == spikes.trials && $0.reduce(0, +) > 0 }) ?? true else {
      throw AnalysisError(
        "\(lengths!.count) lengths of \(spikes.trials) trials", place: "spikes")
    }
    self.timeStep = timeStep
    samples = lengths?.reduce(0, +) ?? spikes.steps * spikes.trials
    let (steps, trials, neurons) = (spikes.steps, spikes.trials, spikes.neurons)
    (self.steps, self.trials, self.neurons) = (steps, trials, neurons)
    var counts = Tensor<Double>(axes: ["trial", "neuron"], shape: [trials, neurons])
    var population = Tensor<Double>(axes: ["time", "trial"], shape: [steps, trials])
    var last = [Int](repeating: -1, count: trials * neurons)
    var intervals = [IntervalSums](repeating: IntervalSums(), count: neurons)
    for step in 0..<steps {
      for trial in 0..<trials {
        var active = 0
        spikes.forEachSpike(step: step, trial: trial) { neuron in
          let index = trial * neurons + neuron
          active += 1
          counts.values[index] += 1
          if last[index] >= 0 { intervals[neuron].add(Double(step - last[index])) }
          last[index] = step
        }
        population.values[step * trials + trial] = Double(active)
      }
    }
    self.counts = counts
    populationCounts = population
    intervalVariation = intervals.map(\.variation)
    intervalCounts = intervals.map { Int($0.count) }
  }

  /// The coefficients of variation of the neurons with so many interspike intervals or more.
  public func intervalVariation(ofAtLeast intervals: Int) -> [Double] {
    zip(intervalVariation, intervalCounts).compactMap { $1 >= intervals ? $0 : nil }
  }

  /// Mean firing rate of each neuron over trials and time, in Hz.
  public var firingRates: [Double] {
    let duration = Double(samples) * timeStep
    return spikesPerNeuron.map { $0 / duration }
  }

  /// Mean firing rate of all neurons, in Hz.
  public var meanFiringRate: Double { firingRates.reduce(0, +) / Double(neurons) }

  /// Spikes of each neuron in all trials.
  public var spikesPerNeuron: [Double] {
    (0..<neurons).map { neuron in (0..<trials).reduce(0) { $0 + counts[$1, neuron] } }
  }

  /// The fraction of neurons that never spike.
  public var silentFraction: Double {
    Double(spikesPerNeuron.filter { $0 == 0 }.count) / Double(neurons)
  }

  /// Spikes of a step over (neurons x dt), mean over trials, in Hz, one number a step.
  public var populationRate: [Double] {
    (0..<steps).map { step in
      (0..<trials).reduce(0) { $0 + populationCounts[step, $1] }
        / (Double(trials * neurons) * timeStep)
    }
  }

  /// Spikes of a step over (neurons x dt) in one trial, in Hz, one number a step.
  public func populationRate(ofTrial trial: Int) -> [Double] {
    (0..<steps).map { populationCounts[$0, trial] / (Double(neurons) * timeStep) }
  }

  /// Variance over mean of each neuron's spike count across trials; nil for a silent neuron.
  public var fanoFactors: [Double?] {
    (0..<neurons).map { neuron in
      let count = MeanAndDeviation(of: (0..<trials).map { counts[$0, neuron] })
      return count.mean > 0 ? count.deviation * count.deviation / count.mean : nil
    }
  }
}

/// Running mean and squared deviations of intervals (Welford, 1962).
private struct IntervalSums {
  var count = 0.0
  var mean = 0.0
  var squares = 0.0

  mutating func add(_ interval: Double) {
    count += 1
    let change = interval - mean
    mean += change / count
    squares += change * (interval - mean)
  }

  var variation: Double? { count >= 2 ? (squares / count).squareRoot() / mean : nil }
}
