import SynfireAnalysis

extension RunAnalyses {
  /// The first test episode, as poses.
  func episode() throws -> Drawing {
    let recording = try EpisodeRecording(of: experiment, parameters: checkpoint.parameters)
    var drawing = Drawing(
      figure: try .episode(recording.poses),
      caption: "The first test episode: the body at equal intervals, seen from the side"
        + (recording.episode.distance == nil
          ? "; below, the sum of rewards." : "; below, how far it has come.")
        + (recording.poses[0].parts.contains(where: \.isLeft) ? " The left side is orange." : "")
        + " It moves below at the speed of the world; synfire render draws other episodes.",
      numbers: numbers(of: recording))
    drawing.animation = try recording.animation(
      title: animationTitle, perSecond: 20, width: 640, height: 280)
    return drawing
  }

  /// A second from the middle of the first test episode: what the body does, spikes, actions and rewards.
  func episodeRaster() throws -> Drawing {
    let recording = try EpisodeRecording(of: experiment, parameters: checkpoint.parameters)
    guard let spikes = recording.spikes, let neuron = experiment.network.control?.neuron else {
      throw TrainingError("the units of this network do not spike")
    }
    let steps = Figure.secondAmidst(recording.poses)
    let part = steps.lowerBound..<steps.upperBound - 1
    return Drawing(
      figure: try .episodeRaster(
        Figure.ActingPart(
          poses: Array(recording.poses[steps]),
          spikes: spikes.steps(
            part.lowerBound * neuron.subSteps..<part.upperBound * neuron.subSteps),
          excitatoryNeurons: recording.excitatoryNeurons, actions: Array(recording.actions[part]),
          rewards: Array(recording.rewards[part])), networkTimeStep: neuron.timeStep),
      caption:
        "A second from the middle of the first test episode: the body, the spikes of all neurons, their "
        + "rate, the action of each step and what it was paid. A step of "
        + "\(MetricText.number(1000 * recording.space.timeStep)) ms of the environment is "
        + "\(neuron.subSteps) steps of \(MetricText.number(1000 * neuron.timeStep)) ms of the network, "
        + "in whose time rates are.",
      numbers: [
        (
          "mean firing rate in the episode (Hz of the network's time)",
          Double(spikes.count) / Double(spikes.steps * spikes.neurons) / neuron.timeStep
        )
      ])
  }

  private var animationTitle: String { "\(experiment.name), generation \(checkpoint.batch)" }

  private func numbers(of recording: EpisodeRecording) -> [(name: String, value: Double)] {
    let episode = recording.episode
    return [("return", episode.total), ("steps", Double(episode.steps))]
      + (episode.distance.map { distance in
        [
          ("distance (m)", distance),
          ("speed (m/s)", distance / (Double(episode.steps) * recording.space.timeStep)),
        ]
      } ?? [])
  }

  /// How probable connections were in each generation.
  func probabilityHistogram() throws -> Drawing {
    let histograms = checkpoint.probabilities
    guard let first = histograms.batches.first, let last = histograms.batches.last else {
      throw TrainingError("no probabilities of connections were recorded in this run")
    }
    let tensors = checkpoint.parameters.names.compactMap { name in
      histograms.counts[name].map { (name: title(of: name), counts: $0) }
    }
    let decided = tensors.map { tensor in
      let counts = tensor.counts.last!
      let ends = counts.count / 20
      let sure = counts.prefix(ends).reduce(0, +) + counts.suffix(ends).reduce(0, +)
      return (
        name: "below 5 % or above 95 % at the end, \(tensor.name.lowercased()) (fraction)",
        value: sure / counts.reduce(0, +)
      )
    }
    return Drawing(
      figure: try .distributions(tensors, generations: first...last),
      caption:
        "The probabilities of all connections after each generation: the darker, the more of them are in a "
        + "bin of \(MetricText.number(100 / Double(tensors[0].counts[0].count))) %.",
      numbers: decided)
  }

  private func title(of name: String) -> String {
    switch name {
    case "hidden.input.probabilities": "Inputs"
    case "hidden.recurrent.probabilities": "Recurrent connections"
    case "readout.probabilities": "Readout"
    default: name
    }
  }
}
