extension Figure {
  /// Connection probabilities between populations, a square for each pair; one panel for each moment.
  ///
  /// - Parameters:
  ///   - moments: headings and probabilities [from][to] as fractions, nil where there can be no
  ///     connection.
  /// - Throws: `AnalysisError` if there is nothing to show, or rows and names do not fit.
  public static func connectionProbability(
    _ moments: [(title: String, probability: [[Double?]])], from: [String], to: [String],
    style: FigureStyle = .standard
  ) throws -> Figure {
    guard !from.isEmpty, !to.isEmpty, !moments.isEmpty,
      moments.allSatisfy({ moment in
        moment.probability.count == from.count
          && moment.probability.allSatisfy { $0.count == to.count }
      })
    else {
      throw AnalysisError(
        "probabilities that are not \(from.count) x \(to.count)", place: "connection probability")
    }
    let largest = moments.flatMap { $0.probability.joined() }.compactMap(\.self).max() ?? 0
    let panels = moments.enumerated().map { column, moment in
      var (x, y, values): ([Double], [Double], [Double]) = ([], [], [])
      for (row, probabilities) in moment.probability.enumerated() {
        for (target, probability) in probabilities.enumerated() {
          guard let probability else { continue }
          x.append(Double(target))
          // The first population is at the top.
          y.append(Double(from.count - 1 - row))
          values.append(100 * probability)
        }
      }
      return Panel(
        title: moment.title,
        x: Axis(
          "", from: -0.5, to: Double(to.count) - 0.5,
          ticks: to.enumerated().map { Tick(Double($0.offset), $0.element) }),
        y: Axis(
          "", from: -0.5, to: Double(from.count) - 0.5,
          ticks: from.enumerated().map { Tick(Double(from.count - 1 - $0.offset), $0.element) }),
        series: [
          Series(
            .tiles(largest: max(100 * largest, 1e-9)), x: x, y: y, values: values,
            color: style.color(0))
        ], column: column)
    }
    return Figure(
      panels: panels, width: Double(moments.count) * (112 + 62 * Double(to.count)),
      height: 90 + 40 * Double(from.count), style: style)
  }
}
