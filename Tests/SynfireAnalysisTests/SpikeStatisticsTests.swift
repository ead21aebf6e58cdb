import Foundation
import SynfireAnalysis
import SynfireCore
import Testing

struct SpikeStatisticsTests {
  /// Ten steps of 10 ms, two trials, three neurons; the last is silent.
  private var spikes: SpikeTensor {
    var spikes = SpikeTensor(steps: 10, trials: 2, neurons: 3)
    for step in [0, 2, 6] { spikes[step, 0, 0] = true }
    for step in [1, 4] { spikes[step, 1, 0] = true }
    spikes[6, 0, 1] = true
    return spikes
  }

  @Test func rates() throws {
    let statistics = try SpikeStatistics(of: spikes, timeStep: 0.01)
    #expect(statistics.spikesPerNeuron == [5, 1, 0])
    #expect(abs(statistics.firingRates[0] - 25) < 1e-12)
    #expect(abs(statistics.firingRates[1] - 5) < 1e-12)
    #expect(abs(statistics.meanFiringRate - 10) < 1e-12)
    #expect(abs(statistics.silentFraction - 1.0 / 3) < 1e-15)
    // Two of three neurons in 10 ms, in one trial and in the mean of both.
    #expect(abs(statistics.populationRate(ofTrial: 0)[6] - 200.0 / 3) < 1e-10)
    #expect(abs(statistics.populationRate[6] - 100.0 / 3) < 1e-10)
    #expect(statistics.populationRate[9] == 0)
  }

  @Test func irregularity() throws {
    let statistics = try SpikeStatistics(of: spikes, timeStep: 0.01)
    // Intervals 2, 4 and 3 steps: mean 3, variance 2/3.
    #expect(abs(statistics.intervalVariation[0]! - sqrt(2.0 / 3) / 3) < 1e-14)
    #expect(statistics.intervalVariation[1] == nil)
    // Counts 3 and 2: mean 2.5, variance 0.25.
    #expect(abs(statistics.fanoFactors[0]! - 0.1) < 1e-15)
    #expect(abs(statistics.fanoFactors[1]! - 0.5) < 1e-15)
    #expect(statistics.fanoFactors[2] == nil)
  }

  /// Intervals 5, 10, 20, 5, 15 of two trials, and counts 2, 3, 1, 4, 2 of five: the worked example of
  /// factor-based networks.
  @Test func irregularityOfTheWorkedExample() throws {
    var intervals = SpikeTensor(steps: 40, trials: 2, neurons: 2)
    for step in [3, 8, 18, 38] { intervals[step, 0, 0] = true }
    for step in [0, 5, 20] { intervals[step, 1, 0] = true }
    for step in [1, 2, 4] { intervals[step, 0, 1] = true }
    let statistics = try SpikeStatistics(of: intervals, timeStep: 0.001)
    #expect(abs(statistics.intervalVariation[0]! - 0.5300865358950273) < 1e-12)
    #expect(statistics.intervalCounts == [5, 2])
    #expect(statistics.intervalVariation(ofAtLeast: 5) == [statistics.intervalVariation[0]!])
    #expect(statistics.intervalVariation(ofAtLeast: 2).count == 2)

    // Windows of four steps, the last two steps are in none; only the second window has the counts.
    var counted = SpikeTensor(steps: 10, trials: 5, neurons: 1)
    for (trial, count) in [2, 3, 1, 4, 2].enumerated() {
      for step in 0..<count { counted[4 + step, trial, 0] = true }
      counted[9, trial, 0] = true
    }
    counted[0, 0, 0] = true
    let windows = try WindowedCounts(of: counted, windowSteps: 4)
    #expect(windows.counts.shape == [2, 5, 1])
    let factors = windows.fanoFactors()
    // Counts 1, 0, 0, 0, 0: mean 0.2 and variance 0.2.
    #expect(abs(factors[0]! - 1) < 1e-12 && abs(factors[1]! - 0.5416666666666667) < 1e-12)
    #expect(windows.fanoFactors(ofMeanAbove: 0.5).map { $0 == nil } == [true, false])
  }

  @Test func trialsOfTheirOwnLengths() throws {
    let statistics = try SpikeStatistics(of: spikes, timeStep: 0.01, lengths: [10, 6])
    #expect(abs(statistics.firingRates[0] - 5 / 0.16) < 1e-12)
    let windows = try WindowedCounts(of: spikes, windowSteps: 3, lengths: [10, 6])
    #expect(windows.counts.values == [2, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0])
    #expect(throws: AnalysisError.self) {
      try WindowedCounts(of: spikes, windowSteps: 7, lengths: [10, 6])
    }
    #expect(throws: AnalysisError.self) {
      try SpikeStatistics(of: spikes, timeStep: 0.01, lengths: [10])
    }
    // A single trial does not vary.
    let one = try WindowedCounts(
      of: SpikeTensor(steps: 4, trials: 1, neurons: 1), windowSteps: 2)
    #expect(one.fanoFactors() == [nil, nil])
  }

  @Test func histogram() throws {
    let all = try PeristimulusHistogram(of: spikes, timeStep: 0.01, binSteps: 4)
    #expect(all.rates.shape == [2, 3])
    for (time, expected) in zip(all.times, [0.02, 0.06]) { #expect(abs(time - expected) < 1e-15) }
    // Steps 0, 2 of the first and 1 of the second trial: 3 spikes in 2 x 40 ms.
    #expect(abs(all.rates[0, 0] - 37.5) < 1e-10)
    #expect(abs(all.rates[1, 0] - 25) < 1e-10)
    let second = try PeristimulusHistogram(of: spikes, timeStep: 0.01, binSteps: 5, trials: [1])
    #expect(abs(second.rates[0, 0] - 40) < 1e-10)
    #expect(second.rates[1, 0] == 0)
  }

  @Test func badInput() {
    #expect(throws: AnalysisError.self) { try SpikeStatistics(of: spikes, timeStep: 0) }
    #expect(throws: AnalysisError.self) {
      try SpikeStatistics(of: SpikeTensor(steps: 0, trials: 1, neurons: 1), timeStep: 0.001)
    }
    #expect(throws: AnalysisError.self) {
      try PeristimulusHistogram(of: spikes, timeStep: 0.01, binSteps: 11)
    }
    #expect(throws: AnalysisError.self) {
      try PeristimulusHistogram(of: spikes, timeStep: 0.01, binSteps: 2, trials: [2])
    }
  }
}

/// The worked example of three neurons that spike 001, 110 at steps 1 and 2, 001, 010 at 7 and 8.
struct FilteredActivityTests {
  private var spikes: SpikeTensor {
    var spikes = SpikeTensor(steps: 10, trials: 1, neurons: 3)
    for (step, neuron) in [(1, 2), (2, 0), (2, 1), (7, 2), (8, 1)] {
      spikes[step, 0, neuron] = true
    }
    return spikes
  }

  @Test func single() throws {
    let activity = try FilteredActivity.single(of: spikes, decay: 0.03, timeStep: 0.002)
    let expected = [
      2: [0, 0, 0.0666666667], 3: [0.0666666667, 0.0666666667, 0.0623671323],
      8: [0.0477687540, 0.0477687540, 0.1113546697], 9: [0.0446880031, 0.1113546697, 0.1041730714],
    ]
    for (step, row) in expected {
      for neuron in 0..<3 { #expect(abs(activity[step, 0, neuron] - row[neuron]) < 1e-10) }
    }
  }

  /// The spikes of the double-filter example: 001, 110 at steps 1 and 2, 011 at step 8.
  @Test func double() throws {
    var spikes = SpikeTensor(steps: 10, trials: 1, neurons: 3)
    for (step, neuron) in [(1, 2), (2, 0), (2, 1), (8, 1), (8, 2)] {
      spikes[step, 0, neuron] = true
    }
    let activity = try FilteredActivity.double(
      of: spikes, decay: 0.03, rise: 0.002, timeStep: 0.002, normalization: .context)
    let expected = [
      2: [0, 0, 0.0644930150], 4: [0.0840593203, 0.0840593203, 0.0873662617],
      9: [0.0711453420, 0.1356383570, 0.1311087894],
    ]
    for (step, row) in expected {
      for neuron in 0..<3 { #expect(abs(activity[step, 0, neuron] - row[neuron]) < 1e-10) }
    }
    // The other normalisation differs by the factor (dt / td) / (1 - ad), as dt = tr.
    let digits = try FilteredActivity.double(
      of: spikes, decay: 0.03, rise: 0.002, timeStep: 0.002, normalization: .digits)
    let factor = (1.0 / 15) / (1 - exp(-1.0 / 15))
    for index in digits.values.indices {
      #expect(abs(digits.values[index] - factor * activity.values[index]) < 1e-15)
    }
  }

  @Test func badTimes() {
    #expect(throws: AnalysisError.self) {
      try FilteredActivity.single(of: spikes, decay: -0.03, timeStep: 0.002)
    }
    #expect(throws: AnalysisError.self) {
      try FilteredActivity.double(
        of: spikes, decay: 0.03, rise: 0, timeStep: 0.002, normalization: .context)
    }
  }
}
