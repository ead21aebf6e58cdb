import SynfireAnalysis
import SynfireCore
import SynfireLearning
import SynfireNetworks

extension RunAnalyses {
  /// Temporal components that are compared, as in DePasquale, Churchland and Abbott (2016).
  private static let comparedComponents = 10

  func temporalComponents(_ recorded: RecordedTrials) throws -> Drawing {
    let rule = try feedbackRule()
    var activity = AveragedActivity(recorded.batch, neurons: rule.network.neurons)
    let group = rule.network.slowestTrace * rule.network.neurons
    _ = try rule.freeRun(recorded.batch, recordsSpikes: false) { step in
      activity.add(step.stepper.traces.pointer + group, time: step.time, trial: step.trial)
    }
    let own = try TemporalComponents(of: activity.values)
    var networks = [(label: "this network", components: own)]
    if let taught = task as? TaughtTask {
      networks.append(
        (
          "its teacher",
          try TemporalComponents(of: activity.rates(ofTeacher: taught, recorded.batch))
        ))
    }
    var numbers = variances(of: own, "")
    var angles: [Double] = []
    if networks.count > 1 {
      let other = networks[1].components
      let count = min(
        Self.comparedComponents, own.singularValues.count, other.singularValues.count)
      angles = try own.angles(to: other, components: count).degrees
      numbers += variances(of: other, "of the teacher, ")
      numbers += [
        ("principal angles of \(count) components, median (degrees)", angles.median),
        ("smallest principal angle (degrees)", angles.first!),
        ("largest principal angle (degrees)", angles.last!),
      ]
    }
    return Drawing(
      figure: try .temporalComponents(
        networks, angles: angles, boundaries: activity.boundaries, timeStep: experiment.timeStep),
      caption:
        "Singular vectors over time of the slow traces of all neurons, averaged over alike trials of "
        + "the network by itself, means over time removed; scaled to mean square 1."
        + (angles.isEmpty
          ? ""
          : " Those of the rates of its teacher, and the principal angles between the spans of both."),
      numbers: numbers)
  }

  private func variances(
    of components: TemporalComponents, _ whose: String
  ) -> [(name: String, value: Double)] {
    let cumulative = components.cumulativeVariance
    let counts = [1, 2, 4, Self.comparedComponents].filter { $0 <= cumulative.count }
    return counts.map { count in
      let which = count == 1 ? "component 1" : "components 1 to \(count)"
      return ("\(whose)variance of temporal \(which) (fraction)", cumulative[count - 1])
    } + [
      (
        "\(whose)components for 90 % of the variance",
        Double(cumulative.count { $0 < 0.9 } + 1)
      )
    ]
  }
}

extension AveragedActivity {
  /// The rates of the units of a teacher in the same trials, axes [time, unit].
  ///
  /// - Parameter batch: the trials, factors in front of their targets.
  fileprivate func rates(ofTeacher taught: TaughtTask, _ batch: TrialBatch) throws
    -> Tensor<Double>
  {
    let trials = batch.trials(firstTrials)
    let rates = try taught.rates(of: trials)
    let units = rates.shape[2]
    var values: [Double] = []
    for trial in firstTrials.indices {
      for time in 0..<trials.steps(ofTrial: trial) {
        let start = (time * firstTrials.count + trial) * units
        values += rates.values[start..<start + units].map(Double.init)
      }
    }
    return Tensor(axes: ["time", "unit"], shape: [values.count / units, units], values: values)
  }
}

extension TaughtTask {
  /// The rates of the units of the teacher after each step of trials of this task, axes [time, trial, unit].
  func rates(of batch: TrialBatch) throws -> Tensor<Float> {
    guard case .values(let targets) = batch.targets else {
      throw TrainingError("the targets of this task are no numbers")
    }
    return try generator.rates(
      TrialBatch(
        inputs: batch.inputs, targets: .values(targets.outputs(factors..<outputs)),
        conditions: batch.conditions, lengths: batch.lengths))
  }
}

extension FeedbackNetwork {
  /// The number of the trace with the longest time constant; 0 without traces.
  fileprivate var slowestTrace: Int {
    let constants = traces.map { filter -> Double in
      if case .leaky(let timeConstant, _) = filter { timeConstant } else { 0 }
    }
    return constants.indices.max { constants[$0] < constants[$1] } ?? 0
  }
}
