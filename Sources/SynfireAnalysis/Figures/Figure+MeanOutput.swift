extension Figure {
  /// The output over time by class: mean lines with bands of one standard deviation over trials.
  ///
  /// Lin and Huang (2024), figure 3c.
  ///
  /// - Parameters:
  ///   - timeStep: dt in seconds.
  ///   - targets: values that are drawn as horizontal lines.
  public static func meanOutput(
    _ output: MeanOutput, timeStep: Double, targets: [Double] = [], label: String = "Output",
    unit: String = "", title: String = "", style: FigureStyle = .standard
  ) -> Figure {
    let steps = output.mean.shape[1]
    let times = (0..<steps).map { Double($0) * timeStep }
    let duration = Double(steps) * timeStep
    var series = targets.map { Series(.reference, x: [0, duration], y: [$0, $0]) }
    for (index, name) in output.names.enumerated() {
      series.append(
        Series(
          .band, name, x: times, y: (0..<steps).map { output.mean[index, $0] },
          deviation: (0..<steps).map { output.deviation[index, $0] }, color: style.color(index)))
    }
    // A little room, so that no line lies on the axis.
    let ends = series.flatMap { line in
      line.y.indices.flatMap { index -> [Double] in
        let deviation = line.deviation?[index] ?? 0
        return [line.y[index] - deviation, line.y[index] + deviation]
      }
    }
    let (lowest, highest) = (ends.min() ?? 0, ends.max() ?? 1)
    let room = max(0.06 * (highest - lowest), 1e-9)
    return Figure(
      panels: [
        Panel(
          title: title, x: Axis("Time", unit: "s", from: 0, to: duration),
          y: Axis(label, unit: unit, from: lowest - room, to: highest + room), series: series)
      ], width: 470, height: 280, style: style)
  }
}
