extension Figure {
  /// The numbers of all series: tab-separated blocks, two empty lines between them, each opened by
  /// comments that name its panel, series and columns. Block k is what gnuplot calls index k.
  var table: String {
    var blocks: [String] = []
    for (index, panel) in panels.enumerated() {
      for series in panel.series { blocks.append(series.block(panel: index, of: panel)) }
    }
    return blocks.joined(separator: "\n\n\n") + "\n"
  }
}

extension Figure.Series {
  fileprivate func block(panel index: Int, of panel: Figure.Panel) -> String {
    func oneLine(_ text: String) -> String { text.split(whereSeparator: \.isNewline).joined() }
    let axes = [panel.x, panel.y] + (panel.z.map { [$0] } ?? [])
    let names =
      axes.map { oneLine($0.text) } + (deviation == nil ? [] : ["standard deviation"])
      + (values == nil ? [] : ["value"])
    var lines = [
      "# panel \(index + 1)\(panel.title.isEmpty ? "" : ": " + oneLine(panel.title))",
      "# series: \(oneLine(label))",
      "# " + names.joined(separator: "\t"),
    ]
    for row in x.indices {
      // An empty line ends an outline.
      let isGap = kind == .shapes && !(x[row] + y[row]).isFinite
      lines.append(
        isGap ? "" : columns.map { GnuplotText.number($0.values[row]) }.joined(separator: "\t"))
    }
    // An empty block would shift the numbers of those after it.
    if x.isEmpty { lines.append(columns.map { _ in "NaN" }.joined(separator: "\t")) }
    return lines.joined(separator: "\n")
  }
}
