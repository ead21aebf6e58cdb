import SynfireAnalysis
import SynfireCore
import SynfireTasks

extension RunAnalyses {
  /// The tensors of the first layer whose recurrent synapses are modes.
  struct ModeTensors {
    let prefix: String
    /// Axes [neuron, mode].
    let input: Tensor<Float>
    /// Axes [neuron, mode].
    let output: Tensor<Float>
    /// Axes [mode].
    let scores: Tensor<Float>
    /// Axes [neuron, channel].
    let inputWeights: Tensor<Float>
  }

  /// - Throws: `TrainingError` for a network without modes.
  func modeTensors() throws -> ModeTensors {
    let parameters = checkpoint.parameters
    for (prefix, _, _, _) in network.connections where network.isRecurrent(prefix) {
      let layer = prefix.prefix { $0 != "." }
      guard let input = parameters["\(prefix).inputModes"],
        let output = parameters["\(prefix).outputModes"],
        let scores = parameters["\(prefix).scores"],
        let weights = parameters["\(layer).input.weights"]
      else { continue }
      return ModeTensors(
        prefix: prefix, input: input, output: output, scores: scores, inputWeights: weights)
    }
    throw TrainingError("this network has no modes")
  }

  func modeProjection(_ recorded: RecordedTrials) throws -> Drawing {
    let modes = try modeTensors()
    let classes = try recorded.classes()
    let trajectories = try ModeSpace(modes: modes.input).project(recorded.activity)
    return Drawing(
      figure: try .modeSpace(trajectories, classes: classes),
      caption: "Filtered activity projected on the input modes. Circles are attractors: means of "
        + "the last steps of all trials of a class.",
      numbers: try separation(of: trajectories, classes, "input modes")
        + separation(
          of: ModeSpace(modes: modes.output).project(recorded.activity), classes, "output modes"))
  }

  func orthogonalizedProjection(_ recorded: RecordedTrials) throws -> Drawing {
    let modes = try modeTensors()
    let classes = try recorded.classes()
    let space = try ModeSpace(orthogonalizing: modes.input, against: modes.inputWeights)
    let trajectories = try space.project(recorded.activity)
    return Drawing(
      figure: try .modeSpace(trajectories, classes: classes, axisLabel: "μ"),
      caption: "As before, after removal of the directions along which the input acts "
        + "(Gram-Schmidt, unit length).",
      numbers: try separation(of: trajectories, classes, "orthogonalized modes"))
  }

  private func separation(
    of trajectories: Tensor<Double>, _ classes: TrialClasses, _ name: String
  ) throws -> [(name: String, value: Double)] {
    guard let closest = try Attractors(of: trajectories, classes: classes).closest else {
      return []
    }
    return [("closest attractors, \(name) (within-class sd)", closest.separation)]
  }

  func switchTrajectory(_ recorded: RecordedTrials) throws -> Drawing {
    guard let switching = task as? ContextSwitchTask,
      let switched = recorded.batch.conditions["switched"]
    else { throw TrainingError("the contexts of this task are not switched") }
    let modes = try modeTensors()
    let trajectories = try ModeSpace(modes: modes.input).project(recorded.activity)
    let ordinary = switched.indices.filter { switched[$0] == 0 }
    // From "+, context 1" to "-, context 2", as the source shows, if there is such a trial.
    let conditions = recorded.batch.conditions
    let all = switched.indices.filter { switched[$0] == 1 }
    let shown = all.first {
      conditions["context"]?[$0] == 0 && conditions["target"]?[$0] == 1
        && conditions["finalTarget"]?[$0] == 0
    }
    guard let trial = shown ?? all.first, !ordinary.isEmpty else {
      throw TrainingError("the recorded trials lack switched or ordinary ones")
    }
    let classes = try recorded.classes()
    return Drawing(
      figure: try .switchTrajectory(
        trajectories.trials(ordinary),
        classes: TrialClasses(names: classes.names, ofTrial: ordinary.map { classes.ofTrial[$0] }),
        switched: trajectories.trials([trial]), switchStep: switching.switchedWindow.lowerBound),
      caption: "The ends of ordinary trials by class, and one trial whose context is exchanged.")
  }

  func modeImportance() throws -> Drawing {
    let modes = try modeTensors()
    let importance = try ModeImportance(
      inputModes: modes.input, outputModes: modes.output, scores: modes.scores)
    let ranked = importance.rankedImportance
    let fits = try windows(neurons: modes.input.shape[0], modes: ranked.count)
      .map { try PowerLawFit(ranked, ranks: $0) }
    return Drawing(
      figure: .modeImportance(
        try ModeImportance.rankAverage(of: [importance]),
        scores: try ModeImportance.rankAverageOfScores(of: [importance]), fits: fits),
      caption: "Importance of the modes by rank, and the size of their scores in the same order."
        + (fits.isEmpty ? "" : " Lines are power laws."),
      numbers: fits.map {
        ("slope over ranks \($0.ranks.lowerBound) to \($0.ranks.upperBound)", $0.slope)
      })
  }

  /// The two rank windows of Lin and Huang (2024), figure 5, as far as there are modes.
  private func windows(neurons: Int, modes: Int) -> [ClosedRange<Int>] {
    let windows = neurons >= 200 ? [1...10, 11...18] : [1...9, 10...19]
    return windows.filter { $0.upperBound <= modes }
  }
}
