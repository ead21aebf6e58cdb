/// A rectangle on the page in points, from the lower left corner.
struct PageRectangle {
  var left: Double
  var right: Double
  var bottom: Double
  var top: Double
}

extension Figure {
  /// The space around axes and legends in points.
  enum Spacing {
    static let left = 66.0
    static let leftWithoutLabel = 16.0
    static let right = 16.0
    static let bottom = 50.0
    static let bottomWithoutTicks = 10.0
    static let top = 12.0
    static let heading = 20.0
    static let legendGap = 10.0
    static let legendSample = 30.0
  }

  /// The part of the page that belongs to a panel, with labels and legend.
  func cell(of panel: Panel) -> PageRectangle {
    let top = height - (title.isEmpty ? 0 : Spacing.heading + 6)
    let horizontal = width / columnWidths.reduce(0, +)
    let vertical = top / rowHeights.reduce(0, +)
    let left = columnWidths.prefix(panel.column).reduce(0, +) * horizontal
    let upper = top - rowHeights.prefix(panel.row).reduce(0, +) * vertical
    let rows = rowHeights[panel.row..<panel.row + panel.rowSpan]
    return PageRectangle(
      left: left, right: left + columnWidths[panel.column] * horizontal,
      bottom: upper - rows.reduce(0, +) * vertical, top: upper)
  }

  /// The rectangle that the axes of a panel span.
  func axesRectangle(of panel: Panel) -> PageRectangle {
    var page = cell(of: panel)
    let hasLeftText = !(panel.y.label.isEmpty && panel.y.ticks?.isEmpty == true)
    page.left += hasLeftText ? leftSpace(ofColumn: panel.column) : Spacing.leftWithoutLabel
    // Panels beside each other stand on one line.
    let neighbors = panels.filter { $0.row == panel.row && $0.rowSpan == panel.rowSpan }
    let hasLowerText = neighbors.contains { !$0.x.label.isEmpty }
    let hasTicks = neighbors.contains { $0.x.ticks?.isEmpty != true }
    page.bottom +=
      hasLowerText ? Spacing.bottom : hasTicks ? Spacing.bottom - 24 : Spacing.bottomWithoutTicks
    page.right -= Spacing.right
    page.top -= Spacing.top + (panel.title.isEmpty ? 0 : Spacing.heading)
    switch panel.legend {
    case .right where panel.legendWidth(style) > 0:
      page.right -= panel.legendWidth(style) + Spacing.legendGap
    case .above:
      page.top -= Double(legendRows(of: panel, width: page.right - page.left)) * lineHeight
    default: break
    }
    return page
  }

  /// Room for the labels of the vertical axes of a column; panels above each other stand on one line.
  private func leftSpace(ofColumn column: Int) -> Double {
    let longest =
      panels.filter { $0.column == column }
      .flatMap { ($0.y.ticks ?? []).map(\.label.count) }.max() ?? 0
    return Spacing.left + Double(max(0, longest - 4)) * style.fontSize * 0.56
  }

  /// The height of a row of a legend in points.
  var lineHeight: Double { style.fontSize * 1.4 }

  /// How many names fit beside each other above the axes.
  func legendColumns(of panel: Panel, width: Double) -> Int {
    max(1, Int(width / max(1, panel.legendWidth(style) + 8)))
  }

  /// How far a heading is lifted above the legend, in lines.
  func legendLift(of panel: Panel, page: PageRectangle) -> Double {
    guard panel.legend == .above else { return 0 }
    return 1.25 * Double(legendRows(of: panel, width: page.right - page.left))
  }

  private func legendRows(of panel: Panel, width: Double) -> Int {
    let columns = legendColumns(of: panel, width: width)
    return (panel.labelledSeries + columns - 1) / columns
  }
}

extension Figure.Panel {
  var labelledSeries: Int { series.filter { !$0.label.isEmpty }.count }

  /// The width that the longest name takes with its sample; 0 without names.
  func legendWidth(_ style: FigureStyle) -> Double {
    let longest = series.map(\.label.count).max() ?? 0
    return longest == 0
      ? 0 : Double(longest) * style.fontSize * 0.54 + Figure.Spacing.legendSample
  }
}
