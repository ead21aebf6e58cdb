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
    // Ranks are whole numbers: all of a few, round ones of many.
    let marked = ranks.count <= 6 ? ranks : [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
    let rankTicks = marked.filter { $0 <= Double(ranks.count) }.map { Tick($0, "\(Int($0))") }
    let left = Panel(
      x: Axis(
        "Rank", isLogarithmic: true, from: 0.9, to: Double(max(2, ranks.count)) * 1.15,
        ticks: rankTicks),
      y: Axis("Importance τ", isLogarithmic: true, from: lower, to: upper), series: series,
      // One kind of points needs no name.
      legend: fits.isEmpty ? .none : .inside(.bottomLeft))
    let right = Panel(
      x: Axis("Rank by τ", from: 0, ticks: ranks.count <= 6 ? rankTicks : nil),
      y: Axis("|λ|", from: 0),
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
