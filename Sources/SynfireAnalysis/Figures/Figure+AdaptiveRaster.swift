import SynfireCore

extension Figure {
  /// What a network of adaptive neurons did in a trial: spikes of the inputs and of the neurons, thresholds
  /// of those that adapt, and the answer (Bellec et al. 2018, figure 1D).
  public struct AdaptiveTrial: Sendable {
    /// Spikes of the inputs and of the neurons in their trial.
    public var inputs: SpikeTensor?
    public var spikes: SpikeTensor
    public var trial: Int
    /// Which neurons adapt.
    public var adaptive: [Int]
    /// Thresholds over the baseline, [adaptive neuron][time].
    public var thresholds: [[Double]]
    /// Softmax of the outputs [output][time]; empty for none.
    public var probabilities: [[Double]]
    /// The class that is asked for in each step, nil where none is.
    public var targets: [Int?]

    public init(
      inputs: SpikeTensor?, spikes: SpikeTensor, trial: Int, adaptive: [Int],
      thresholds: [[Double]], probabilities: [[Double]], targets: [Int?]
    ) {
      self.inputs = inputs
      self.spikes = spikes
      self.trial = trial
      self.adaptive = adaptive
      self.thresholds = thresholds
      self.probabilities = probabilities
      self.targets = targets
    }
  }

  /// - Parameter timeStep: dt in seconds.
  /// - Throws: `AnalysisError` if the trial does not exist or sizes differ.
  public static func adaptiveRaster(
    _ activity: AdaptiveTrial, timeStep: Double, style: FigureStyle = .standard
  ) throws -> Figure {
    let steps = activity.spikes.steps
    guard activity.trial >= 0, activity.trial < activity.spikes.trials,
      activity.inputs.map({ $0.steps == steps && $0.trials > activity.trial }) ?? true,
      activity.thresholds.count == activity.adaptive.count,
      (activity.thresholds + activity.probabilities).allSatisfy({ $0.count == steps }),
      activity.targets.count == steps
    else {
      throw AnalysisError(
        "trial \(activity.trial) of \(activity.spikes.trials), \(steps) steps",
        place: "adaptive raster", remedy: "Give all series of one recording.")
    }
    var panels: [Panel] = []
    var heights: [Double] = []
    // Names stand above, so that all panels have the same width and one time.
    func add(_ height: Double, _ y: Axis, _ series: [Series]) {
      panels.append(
        Panel(
          x: Axis("", from: 0, to: Double(steps) * timeStep, ticks: []), y: y, series: series,
          legend: .above, row: panels.count))
      heights.append(height)
    }
    if let inputs = activity.inputs {
      let dots = inputs.dots(trial: activity.trial, timeStep: timeStep) { _ in true }
      add(
        1, Axis("Input", from: 0, to: Double(inputs.neurons + 1)),
        [
          Series(
            .dots, x: dots.x, y: dots.y, color: style.faint, weight: dotWeight(inputs.neurons))
        ])
    }
    let adapts = Set(activity.adaptive)
    let hasBoth = !adapts.isEmpty && adapts.count < activity.spikes.neurons
    add(
      1.5, Axis("Neuron", from: 0, to: Double(activity.spikes.neurons + 1)),
      [false, true].map { adaptive in
        let dots = activity.spikes.dots(trial: activity.trial, timeStep: timeStep) {
          adapts.contains($0) == adaptive
        }
        return Series(
          .dots, hasBoth ? (adaptive ? "adaptive" : "regular") : "", x: dots.x, y: dots.y,
          color: adaptive ? style.color(1) : style.ink, weight: dotWeight(activity.spikes.neurons))
      })
    if !activity.thresholds.isEmpty {
      let highest = activity.thresholds.joined().max() ?? 1
      add(
        1, Axis("Threshold", from: 1, to: max(1.1, 1.02 * highest)),
        thresholdSeries(activity, timeStep, style))
    }
    if !activity.probabilities.isEmpty {
      add(
        1, Axis("Output", from: -0.05, to: 1.05, ticks: [Tick(0, "0"), Tick(1, "1")]),
        probabilitySeries(activity, timeStep, style))
    }
    panels[panels.count - 1].x = Axis(
      "Time", unit: "s", from: 0, to: Double(steps) * timeStep)
    heights[heights.count - 1] += 0.25
    return Figure(
      panels: panels, columnWidths: [1], rowHeights: heights, width: 560,
      height: 20 + 96 * heights.reduce(0, +), style: style)
  }

  private static func dotWeight(_ rows: Int) -> Double { min(1.8, max(0.8, 150 / Double(rows))) }

  /// A thin line for some of the neurons, and a thick one for the mean of all.
  private static func thresholdSeries(
    _ activity: AdaptiveTrial, _ timeStep: Double, _ style: FigureStyle
  ) -> [Series] {
    let count = activity.thresholds.count
    let times = activity.targets.indices.map { Double($0) * timeStep }
    let stride = max(1, count / 15)
    let lines = Swift.stride(from: 0, to: count, by: stride).map { index in
      Series(
        .line, x: times, y: activity.thresholds[index], color: style.color(1), opacity: 0.35,
        weight: 0.4)
    }
    let mean = times.indices.map { step in
      activity.thresholds.reduce(0) { $0 + $1[step] } / Double(count)
    }
    return lines + [Series(.line, "mean", x: times, y: mean, color: style.color(1))]
  }

  /// Of two outputs the second says it all; of several the one that is asked for stands out.
  private static func probabilitySeries(
    _ activity: AdaptiveTrial, _ timeStep: Double, _ style: FigureStyle
  ) -> [Series] {
    let times = activity.targets.indices.map { Double($0) * timeStep }
    let outputs = activity.probabilities.count
    if outputs == 2 {
      return [
        Series(
          .line, "answer 1", x: times, y: activity.probabilities[1], color: style.color(0),
          weight: 0.7),
        Series(
          .line, "asked for", x: times,
          y: activity.targets.map { $0.map(Double.init) ?? .nan }, color: style.color(2),
          weight: 1.6),
      ]
    }
    let asked = activity.targets.compactMap(\.self).last
    let order = activity.probabilities.indices.filter { $0 != asked } + (asked.map { [$0] } ?? [])
    return order.map { output in
      Series(
        .line, output == asked ? "class \(output)" : "", x: times,
        y: activity.probabilities[output],
        color: output == asked ? style.color(2) : style.faint,
        opacity: output == asked ? 1 : 0.6, weight: output == asked ? 1.2 : 0.5)
    }
  }
}

extension SpikeTensor {
  /// Times in seconds and numbers, from 1, of the neurons of a trial that spike.
  fileprivate func dots(
    trial: Int, timeStep: Double, where isShown: (Int) -> Bool
  ) -> (x: [Double], y: [Double]) {
    var (times, numbers): ([Double], [Double]) = ([], [])
    for step in 0..<steps {
      forEachSpike(step: step, trial: trial) { neuron in
        guard isShown(neuron) else { return }
        times.append(Double(step) * timeStep)
        numbers.append(Double(neuron + 1))
      }
    }
    // A silent population is an empty panel, and not an error.
    return times.isEmpty ? ([-1], [-1]) : (times, numbers)
  }
}
