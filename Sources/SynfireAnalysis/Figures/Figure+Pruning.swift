extension Figure {
  /// Performance against the number of modes kept, by order of removal.
  ///
  /// - Parameters:
  ///   - curves: name, modes kept, and performance (a fraction) over networks at each.
  ///   - quantity: the label of the axis.
  public static func pruning(
    _ curves: [(label: String, kept: [Int], performance: [MeanAndDeviation])],
    quantity: String = "Accuracy", unit: String = "", title: String = "",
    style: FigureStyle = .standard
  ) -> Figure {
    let series = curves.enumerated().map { index, curve in
      Series(
        .errorBars, curve.label, x: curve.kept.map(Double.init),
        y: curve.performance.map(\.mean), deviation: curve.performance.map(\.deviation),
        color: style.color(index))
    }
    return Figure(
      panels: [
        Panel(
          title: title, x: Axis("Modes kept", from: 0), y: Axis(quantity, unit: unit),
          series: series)
      ], width: 500, height: 280, style: style)
  }
}
