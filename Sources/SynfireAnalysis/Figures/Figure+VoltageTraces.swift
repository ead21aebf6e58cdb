import SynfireCore

extension Figure {
  /// Membrane potentials of a few neurons, one above the other, with a tick at each spike.
  ///
  /// Potentials are cut at the threshold for display, as in Lin and Huang (2024), figure 2d.
  ///
  /// - Parameters:
  ///   - potentials: [time, trial, neuron], in units of the threshold.
  ///   - timeStep: dt in seconds.
  /// - Throws: `AnalysisError` for shapes that differ and for neurons that do not exist.
  public static func voltageTraces<Scalar>(
    potentials: Tensor<Scalar>, spikes: SpikeTensor, trial: Int = 0, neurons: [Int],
    timeStep: Double, threshold: Double = 1, title: String = "", style: FigureStyle = .standard
  ) throws -> Figure {
    guard potentials.shape == [spikes.steps, spikes.trials, spikes.neurons],
      trial >= 0, trial < spikes.trials, !neurons.isEmpty,
      neurons.allSatisfy({ $0 >= 0 && $0 < spikes.neurons })
    else {
      throw AnalysisError(
        "trial \(trial) and neurons \(neurons) of potentials \(potentials.shape) and spikes "
          + "\([spikes.steps, spikes.trials, spikes.neurons])", place: "voltage traces")
    }
    let times = (0..<spikes.steps).map { Double($0) * timeStep }
    let duration = Double(spikes.steps) * timeStep
    let panels = neurons.enumerated().map { row, neuron in
      let voltage = times.indices.map { min(threshold, Double(potentials[$0, trial, neuron])) }
      var (marks, heights): ([Double], [Double]) = ([], [])
      for step in times.indices where spikes[step, trial, neuron] {
        marks += [times[step], times[step], .nan]
        heights += [threshold * 1.08, threshold * 1.3, .nan]
      }
      let isLast = row == neurons.count - 1
      return Panel(
        x: Axis(
          isLast ? "Time" : "", unit: isLast ? "s" : "", from: 0, to: duration,
          ticks: isLast ? nil : []),
        y: Axis(
          "Neuron \(neuron + 1)", to: threshold * 1.35,
          ticks: [Tick(0, "0"), Tick(threshold, GnuplotText.short(threshold))]),
        series: [
          Series(.reference, x: [0, duration], y: [threshold, threshold], weight: 0.6),
          Series(.line, x: times, y: voltage, color: style.color(0), weight: 0.8),
          Series(.line, x: marks, y: heights, color: style.color(1), weight: 0.9),
        ], row: row)
    }
    var rows = [Double](repeating: 1, count: neurons.count)
    rows[rows.count - 1] = 1.25
    return Figure(
      title: title, panels: panels, columnWidths: [1], rowHeights: rows, width: 460,
      height: 60 + 105 * Double(neurons.count), style: style)
  }
}
