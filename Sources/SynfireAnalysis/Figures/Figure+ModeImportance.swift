import Foundation

extension Figure {
  /// Importance of modes against rank in logarithmic axes with power-law fits, and scores in the
  /// same order beside it.
  ///
  /// Lin and Huang (2024), figure 5.
  ///
  /// - Parameters:
  ///   - importance: rank averages of tau; `ModeImportance.rankAverage(of:)`.
  ///   - scores: rank averages of |lambda|; `ModeImportance.rankAverageOfScores(of:)`.
  ///   - fits: the fits to draw, such as those of two rank windows.
  public static func modeImportance(
    _ importance: [MeanAndDeviation], scores: [MeanAndDeviation], fits: [PowerLawFit],
    title: String = "", style: FigureStyle = .standard
  ) -> Figure {
    let ranks = importance.indices.map { Double($0 + 1) }
    var series = [
      Series(
        .errorBars, "modes", x: ranks, y: importance.map(\.mean),
        deviation: importance.map(\.deviation), color: style.color(0))
    ]
    for (index, fit) in fits.enumerated() {
      // Drawn a little beyond the ranks that were fitted, and as a curve, to be seen.
      let (first, last) = (Double(fit.ranks.lowerBound), Double(fit.ranks.upperBound))
      let x = (0...20).map { first * pow(last / first, Double($0) / 20) }
      let label = String(
        format: "ranks %d–%d: slope %.3f", fit.ranks.lowerBound, fit.ranks.upperBound, fit.slope
      ).replacingOccurrences(of: "-", with: "−")
      series.append(
        Series(
          .line, label, x: x, y: x.map { fit.value(at: $0) }, color: style.color(index + 1),
          weight: 1.6))
    }
    let shown = importance.flatMap { [$0.mean - $0.deviation, $0.mean + $0.deviation] }
    let positive = shown.filter { $0 > 0 }
    let (lower, upper) = ((positive.min() ?? 1) * 0.93, (positive.max() ?? 1) * 1.07)
    let left = Panel(
      x: Axis(
        "Rank", isLogarithmic: true, from: 0.9, to: Double(max(2, ranks.count)) * 1.15,
        ticks: Axis.logarithmicTicks(from: 0.9, to: Double(ranks.count) * 1.15)),
      y: Axis(
        "Importance τ", isLogarithmic: true, from: lower, to: upper,
        ticks: Axis.logarithmicTicks(from: lower, to: upper)), series: series,
      legend: .inside(.bottomLeft))
    let right = Panel(
      x: Axis("Rank by τ", from: 0), y: Axis("|λ|", from: 0),
      series: [
        Series(
          .band, x: ranks, y: scores.map(\.mean), deviation: scores.map(\.deviation),
          color: style.color(2)),
        Series(.points, x: ranks, y: scores.map(\.mean), color: style.color(2), weight: 0.8),
      ], legend: .none, column: 1)
    return Figure(
      title: title, panels: [left, right], columnWidths: [1.25, 1], width: 600, height: 290,
      style: style)
  }
}

extension Figure.Axis {
  /// Round numbers between two positive ones for a logarithmic axis: 1, 2, 5 times powers of ten, and
  /// more of them where the axis is short.
  static func logarithmicTicks(from lower: Double, to upper: Double) -> [Figure.Tick]? {
    guard lower > 0, upper > lower else { return nil }
    let decades = Int(log10(lower).rounded(.down))...Int(log10(upper).rounded(.up))
    for steps in [
      [1], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 7],
      [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9],
    ] {
      let positions = decades.flatMap { decade in steps.map { $0 * pow(10, Double(decade)) } }
        .filter { $0 >= lower && $0 <= upper }
      if positions.count >= 4 {
        return positions.map { Figure.Tick($0, GnuplotText.short($0)) }
      }
    }
    return nil
  }
}
