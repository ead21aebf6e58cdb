import SynfireCore

extension Figure {
  /// The spikes of one trial: raster, spikes of each neuron beside it, population rate below.
  ///
  /// The rate is that of each step; of trials with more than 500 steps, means over as many steps as
  /// leave 500 of them, since nothing could be told apart otherwise.
  ///
  /// - Parameters:
  ///   - timeStep: dt in seconds.
  /// - Throws: `AnalysisError` if the trial does not exist or has no spikes.
  public static func raster(
    of spikes: SpikeTensor, trial: Int = 0, timeStep: Double, title: String = "",
    style: FigureStyle = .standard
  ) throws -> Figure {
    guard trial >= 0, trial < spikes.trials else {
      throw AnalysisError("trial \(trial) of \(spikes.trials)", place: "raster")
    }
    let statistics = try SpikeStatistics(of: spikes, timeStep: timeStep)
    var (times, neurons): ([Double], [Double]) = ([], [])
    for step in 0..<spikes.steps {
      spikes.forEachSpike(step: step, trial: trial) {
        times.append(Double(step) * timeStep)
        neurons.append(Double($0 + 1))
      }
    }
    let duration = Double(spikes.steps) * timeStep
    let indices = (0..<spikes.neurons).map { Double($0 + 1) }
    let counts = (0..<spikes.neurons).map { statistics.counts[trial, $0] }
    let most = max(1, counts.max() ?? 1)
    let window = (spikes.steps + 499) / 500
    let rate = windowMeans(statistics.populationRate(ofTrial: trial), window: window)
    let (bottom, top) = (0.0, Double(spikes.neurons + 1))
    // Dots as large as a row is high, within what can be seen and told apart.
    let dot = min(2.5, max(0.8, 250 / Double(spikes.neurons)))
    return Figure(
      title: title,
      panels: [
        Panel(
          x: Axis("", from: 0, to: duration), y: Axis("Neuron", from: bottom, to: top),
          series: [
            // Of a silent network the panel is empty, and not an error.
            Series(
              .dots, x: times.isEmpty ? [-1] : times, y: times.isEmpty ? [-1] : neurons,
              color: style.ink, weight: dot)
          ]),
        Panel(
          x: Axis("Spikes", from: 0, to: most, ticks: [0, most].map { Tick($0, "\(Int($0))") }),
          y: Axis("", from: bottom, to: top, ticks: []),
          series: [Series(.horizontalBars, x: counts, y: indices, color: style.color(5))],
          column: 1),
        Panel(
          x: Axis("Time", unit: "s", from: 0, to: duration),
          y: Axis("Population rate", unit: "Hz", from: 0),
          series: [
            Series(
              .line, x: rate.indices.map { Double($0 * window) * timeStep }, y: rate,
              color: style.color(0), weight: 0.7)
          ], row: 1),
      ], columnWidths: [3.6, 1], rowHeights: [1.7, 1], width: 520, height: 400, style: style)
  }

  /// Means over consecutive steps; the last window may be shorter.
  private static func windowMeans(_ values: [Double], window: Int) -> [Double] {
    stride(from: 0, to: values.count, by: max(1, window)).map { start in
      let part = values[start..<min(values.count, start + max(1, window))]
      return part.reduce(0, +) / Double(part.count)
    }
  }
}
