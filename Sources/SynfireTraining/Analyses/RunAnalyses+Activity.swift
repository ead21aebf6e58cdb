import SynfireAnalysis
import SynfireCore

extension RunAnalyses {
  func raster(_ recorded: RecordedTrials) throws -> Drawing {
    let spikes = try recorded.requiredSpikes()
    let statistics = try SpikeStatistics(
      of: spikes, timeStep: experiment.timeStep, lengths: recorded.batch.lengths)
    return Drawing(
      figure: try .raster(of: spikes, timeStep: experiment.timeStep),
      caption: "One test trial: the spikes of every neuron, how many each has, and the population "
        + "rate.",
      numbers: [
        ("mean firing rate (Hz)", statistics.meanFiringRate),
        ("silent neurons (fraction)", statistics.silentFraction),
      ])
  }

  func voltageTraces(_ recorded: RecordedTrials) throws -> Drawing {
    let spikes = try recorded.requiredSpikes()
    return Drawing(
      figure: try .voltageTraces(
        potentials: recorded.potentials, spikes: spikes,
        neurons: exemplars(recorded.potentials, spikes),
        timeStep: experiment.timeStep),
      caption: "Three neurons in one test trial; ticks are spikes, where potentials are cut at the "
        + "threshold.")
  }

  /// Three neurons with a positive potential at the end of the first trial, as in Lin and Huang
  /// (2024), figure 2d, those that spike before those that do not.
  private func exemplars(_ potentials: Tensor<Float>, _ spikes: SpikeTensor) -> [Int] {
    let last = spikes.steps - 1
    var counts = [Int](repeating: 0, count: spikes.neurons)
    for step in 0..<spikes.steps { spikes.forEachSpike(step: step, trial: 0) { counts[$0] += 1 } }
    let ranked = (0..<spikes.neurons).sorted { first, second in
      let positive = (potentials[last, 0, first] > 0, potentials[last, 0, second] > 0)
      if positive.0 != positive.1 { return positive.0 }
      if (counts[first] > 0) != (counts[second] > 0) { return counts[first] > 0 }
      return first < second
    }
    return ranked.prefix(3).sorted()
  }

  func meanOutput(_ recorded: RecordedTrials) throws -> Drawing {
    guard recorded.readout.axes.first == "time" else {
      throw TrainingError("the readout of this network is not read at every step")
    }
    guard let target = recorded.batch.conditions["target"] else {
      throw TrainingError("the trials of this task have no target sign")
    }
    let classes = try TrialClasses(targets: target.map { $0 == 1 ? 1 : -1 })
    return Drawing(
      figure: .meanOutput(
        try MeanOutput(of: recorded.readout, classes: classes), timeStep: experiment.timeStep,
        targets: [-1, 1]),
      caption: "Mean over \(recorded.batch.trials) test trials by the sign of the target, with one "
        + "standard deviation.")
  }

  func principalComponents(_ recorded: RecordedTrials) throws -> Drawing {
    let components = try PrincipalComponents(of: recorded.activity)
    let cumulative = components.cumulativeVariance
    return Drawing(
      figure: .principalComponents(components),
      caption: "Principal components of the filtered activity over trials and time.",
      numbers: [("participation ratio", components.participationRatio)]
        + [1, 2, 4, 8].filter { $0 <= cumulative.count }.map { count in
          let which = count == 1 ? "component 1" : "components 1 to \(count)"
          return ("variance along \(which) (fraction)", cumulative[count - 1])
        })
  }
}
