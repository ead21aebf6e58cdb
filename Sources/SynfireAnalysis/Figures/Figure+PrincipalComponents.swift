import Foundation

extension Figure {
  /// The variance explained by each principal component, the cumulative sum, and the participation
  /// ratio.
  public static func principalComponents(
    _ components: PrincipalComponents, shown: Int = 20, title: String = "",
    style: FigureStyle = .standard
  ) -> Figure {
    let count = min(max(1, shown), components.variances.count)
    let x = (1...count).map(Double.init)
    let interval = count <= 10 ? 1 : 5
    let ticks = ([1] + stride(from: interval, through: count, by: interval).filter { $0 > 1 })
      .map { Tick(Double($0), "\($0)") }
    let ratio = components.participationRatio
    return Figure(
      panels: [
        Panel(
          title: title,
          x: Axis(
            "Principal component", from: 0.4, to: Double(count) + 0.6,
            ticks: ticks),
          y: Axis("Variance explained", unit: "%", from: 0, to: 103),
          series: [
            Series(
              .bars, "each", x: x, y: components.explainedVariance.prefix(count).map { 100 * $0 },
              color: style.color(5)),
            Series(
              .linesAndPoints, "cumulative", x: x,
              y: components.cumulativeVariance.prefix(count).map { 100 * $0 },
              color: style.color(0)),
            Series(
              .reference, String(format: "participation ratio %.1f", ratio), x: [ratio, ratio],
              y: [0, 103], color: style.color(1)),
          ])
      ], width: 540, height: 280, style: style)
  }
}
