import Foundation

extension Figure {
  /// The first temporal components, and the variance they hold; with a second population also its own, and
  /// the principal angles between the spans of both.
  ///
  /// - Parameters:
  ///   - networks: one or two populations recorded at the same steps, with their names.
  ///   - angles: between the two, in degrees.
  ///   - boundaries: steps at which the activity of other trials begins.
  ///   - timeStep: dt in seconds.
  /// - Throws: `AnalysisError` for no networks, or more than two, or different numbers of steps.
  public static func temporalComponents(
    _ networks: [(label: String, components: TemporalComponents)], angles: [Double] = [],
    boundaries: [Int] = [], shown: Int = 5, timeStep: Double, style: FigureStyle = .standard
  ) throws -> Figure {
    guard let first = networks.first?.components.components, networks.count <= 2,
      networks.allSatisfy({ $0.components.components.shape[0] == first.shape[0] })
    else {
      throw AnalysisError(
        "\(networks.count) networks with components of "
          + "\(networks.map { $0.components.components.shape }), expected one or two alike",
        place: "temporal components")
    }
    let steps = first.shape[0]
    let count = min(shown, networks.map { $0.components.singularValues.count }.min()!)
    let duration = Double(steps) * timeStep
    let drawn = thinned(steps)
    let scale = Double(steps).squareRoot()
    var panels = (0..<count).map { component -> Panel in
      var traces: [Series] = boundaries.map { boundary in
        let time = Double(boundary) * timeStep
        return Series(.reference, x: [time, time], y: [-100, 100], weight: 0.7)
      }
      for (index, network) in networks.enumerated() {
        // Signs are arbitrary: the second network takes that of the first.
        let values = network.components.components
        let overlap = (0..<steps).reduce(0) {
          $0 + values[$1, component] * first[$1, component]
        }
        traces.append(
          Series(
            .line, x: drawn.map { Double($0) * timeStep },
            y: drawn.map { (overlap < 0 ? -1 : 1) * scale * values[$0, component] },
            color: style.color(index), weight: 0.9))
      }
      let isLast = component == count - 1
      let highest = traces.dropFirst(boundaries.count).flatMap { $0.y.map(abs) }.max() ?? 0
      let end = max(2.2, 1.08 * highest)
      return Panel(
        x: Axis(
          isLast ? "Time" : "", unit: isLast ? "s" : "", from: 0, to: duration,
          ticks: isLast ? nil : []),
        y: Axis(
          "PC \(component + 1)", from: -end, to: end,
          ticks: [-2, 0, 2].map { Tick($0, GnuplotText.typographic("\(Int($0))")) }),
        series: traces, row: component)
    }
    panels += variancePanels(networks, angles: angles, rows: count, style)
    return Figure(
      panels: panels, columnWidths: [1.5, 1],
      rowHeights: [Double](repeating: 1, count: count - 1) + [1.4], width: 640,
      height: 80 + 64 * Double(count), style: style)
  }

  /// Panels of the second column, from the top down.
  private static func variancePanels(
    _ networks: [(label: String, components: TemporalComponents)], angles: [Double], rows: Int,
    _ style: FigureStyle
  ) -> [Panel] {
    let cumulative = networks.enumerated().map { index, network in
      let values = network.components.cumulativeVariance.prefix(20)
      return Series(
        .linesAndPoints, networks.count > 1 ? network.label : "",
        x: values.indices.map { Double($0 + 1) }, y: values.map { 100 * $0 },
        color: style.color(index), weight: 0.8)
    }
    let ticks = [1, 5, 10, 15, 20].map { Tick(Double($0), "\($0)") }
    let upper = angles.isEmpty ? rows : (rows + 1) / 2
    var panels = [
      Panel(
        x: Axis("Components", from: 0.5, to: 20.5, ticks: ticks),
        y: Axis("Cumulative variance", unit: "%", to: 102),
        series: [Series(.reference, x: [0.5, 20.5], y: [90, 90])] + cumulative,
        legend: .inside(.bottomRight), column: 1, row: 0, rowSpan: upper)
    ]
    if !angles.isEmpty {
      let x = angles.indices.map { Double($0 + 1) }
      panels.append(
        Panel(
          x: Axis(
            "Principal angle", from: 0.4, to: Double(angles.count) + 0.6,
            ticks: x.map { Tick($0, "\(Int($0))") }),
          y: Axis(
            "Degrees", from: 0, to: 90, ticks: [0, 30, 60, 90].map { Tick($0, "\(Int($0))") }),
          series: [
            Series(.bars, x: x, y: angles, color: style.color(5)),
            Series(
              .reference, String(format: "median %.1f", angles.median), x: [0.4, x.last! + 0.6],
              y: [angles.median, angles.median], color: style.color(1)),
          ], legend: .inside(.topLeft), column: 1, row: upper, rowSpan: rows - upper))
    }
    return panels
  }

  /// Steps of a trial of so many that a line can show.
  static func thinned(_ steps: Int) -> [Int] {
    Array(stride(from: 0, to: steps, by: max(1, steps / 500)))
  }
}
