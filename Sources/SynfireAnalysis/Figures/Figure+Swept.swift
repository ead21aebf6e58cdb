import Foundation

extension Figure {
  /// Results for several values of a number that was swept, all else the same.
  public struct SweptLine: Sendable, Equatable {
    /// The name in the legend; empty for none.
    public let label: String
    /// The values, increasing.
    public let x: [Double]
    /// The results of all seeds, for each value.
    public let results: [[Double]]

    public init(label: String, x: [Double], results: [[Double]]) {
      self.label = label
      self.x = x
      self.results = results
    }
  }

  /// A result against a number that was swept: lines through the medians over seeds, and a point for each
  /// seed. Axes are logarithmic where numbers grow by factors rather than by steps.
  ///
  /// - Parameters:
  ///   - quantity: the label of the result.
  ///   - axis: the name of the swept number.
  public static func swept(
    _ lines: [SweptLine], quantity: String, unit: String = "", against axis: String,
    axisUnit: String = "", style: FigureStyle = .standard
  ) -> Figure {
    let isOrdered = lines.count > 3
    let colors = isOrdered ? style.sequence(lines.count) : lines.indices.map(style.color)
    let values = Set(lines.flatMap(\.x)).sorted()
    let results = lines.flatMap { $0.results.flatMap { $0 } }.filter(\.isFinite)
    let isGeometric = growsByFactors(values)
    let (first, last) = (values.first ?? 0, values.last ?? 1)
    let room = 0.05 * (last - first)
    let spansDecades = (results.min() ?? 0) > 0 && results.max()! > 8 * results.min()!
    var series: [Series] = []
    for (line, color) in zip(lines, colors) {
      let seeds = zip(line.x, line.results).flatMap { x, all in all.map { (x, $0) } }
      if line.results.contains(where: { $0.count > 1 }) {
        series.append(
          Series(
            .points, x: seeds.map(\.0), y: seeds.map(\.1), color: color, opacity: 0.4, weight: 0.8))
      }
      series.append(
        Series(
          .linesAndPoints, line.label, x: line.x, y: line.results.map(\.median), color: color))
    }
    var figure = Figure(
      panels: [
        Panel(
          x: Axis(
            axis, unit: axisUnit, isLogarithmic: isGeometric,
            from: isGeometric ? first / 1.15 : first - room,
            to: isGeometric ? last * 1.15 : last + room,
            // The values that were tried, as far as they have room.
            ticks: values.count <= 10
              ? values.map { Tick($0, GnuplotText.typographic(GnuplotText.short($0))) } : nil),
          y: Axis(quantity, unit: unit, isLogarithmic: spansDecades), series: series)
      ], width: 400, height: 290, style: style)
    // The axes are as wide with long names beside them.
    figure.width += figure.panels[0].legendWidth(style)
    return figure
  }

  /// Whether the quotients of consecutive numbers are more alike than their differences.
  private static func growsByFactors(_ values: [Double]) -> Bool {
    guard values.count >= 3, values[0] > 0 else { return false }
    func unevenness(_ values: [Double]) -> Double {
      let steps = MeanAndDeviation(of: zip(values.dropFirst(), values).map { $0 - $1 })
      return steps.deviation / steps.mean
    }
    return unevenness(values.map { log($0) }) < unevenness(values)
  }
}
