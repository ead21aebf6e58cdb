extension Figure {
  /// A quantity over training for one or several settings: mean line, band of one standard deviation
  /// over seeds.
  ///
  /// - Parameters:
  ///   - curves: name and curve of each setting; one without a name gives no legend.
  ///   - quantity: the label of the axis, such as `Loss`.
  ///   - interval: batches between two entries of a curve.
  ///   - start: the batch of the first entry.
  ///   - references: horizontal lines, such as the lowest possible loss or the published value.
  ///   - step: what is counted along the axis.
  ///   - isOrdered: colours the settings as a sequence (sizes, mode counts) instead of as categories.
  public static func learningCurves(
    _ curves: [(label: String, curve: LearningCurve)], quantity: String, unit: String = "",
    title: String = "", interval: Int = 1, start: Int = 0, isLogarithmic: Bool = false,
    references: [(label: String, value: Double)] = [], isOrdered: Bool = false,
    step: String = "Batch",
    style: FigureStyle = .standard
  ) -> Figure {
    let colors = isOrdered ? style.sequence(curves.count) : curves.indices.map(style.color)
    var series: [Series] = []
    for ((label, curve), color) in zip(curves, colors) {
      let x = curve.points.indices.map { Double(start + $0 * interval) }
      let isSingle = curve.seeds.count < 2
      series.append(
        Series(
          isSingle ? .line : .band, label, x: x, y: curve.mean,
          deviation: isSingle ? nil : curve.deviation, color: color))
    }
    let last = series.compactMap { $0.x.last }.max() ?? 1
    for (label, value) in references {
      series.append(Series(.reference, label, x: [0, last], y: [value, value]))
    }
    return Figure(
      panels: [
        Panel(
          title: title, x: Axis(step, from: 0),
          y: Axis(quantity, unit: unit, isLogarithmic: isLogarithmic), series: series)
      ], width: 460, height: 280, style: style)
  }
}
