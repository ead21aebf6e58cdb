extension Figure {
  /// The gnuplot script that draws the figure from its table, once for each output.
  ///
  /// - Parameters:
  ///   - table: the file name of the table, beside the script.
  ///   - outputs: terminal names, as gnuplot knows them, and file names.
  func script(table: String, outputs: [(terminal: GnuplotTerminal, file: String)]) -> String {
    withTicks().settledScript(table: table, outputs: outputs)
  }

  private func settledScript(
    table: String, outputs: [(terminal: GnuplotTerminal, file: String)]
  ) -> String {
    var lines = [
      "# Draws the figure from \(table). Run gnuplot on this file in its own folder.",
      "set encoding utf8",
      "set datafile separator tab",
      "set boxwidth 0.9 relative",
    ]
    for (terminal, file) in outputs {
      lines.append("set terminal \(terminal.options(of: self))")
      lines.append("set output '\(file)'")
      lines.append("set multiplot")
      if !title.isEmpty {
        lines.append(
          "set label 1 \(GnuplotText.bold(title)) at screen 0.5, screen "
            + "\(1 - (Spacing.heading - 2) / height) center font ',\(style.titleSize + 1)'"
            + " textcolor rgb '\(style.ink)'")
      }
      var block = 0
      for (index, panel) in panels.enumerated() {
        lines += settings(of: panel)
        let draws = panel.series.indices.flatMap { number -> [String] in
          defer { block += 1 }
          let series = panel.series[number]
          let color = series.color ?? style.color(panel.colorNumber(of: number))
          return clauses(
            of: series, color: color, source: "'\(table)' index \(block)", in: panel)
        }
        lines.append(
          (panel.z == nil ? "plot " : "splot ") + draws.joined(separator: ", \\\n  "))
        // The heading is drawn with the first panel only.
        if index == 0 { lines.append("unset label 1") }
      }
      lines.append("unset multiplot")
      lines.append("unset output")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Everything about a panel but its data.
  private func settings(of panel: Panel) -> [String] {
    let page = axesRectangle(of: panel)
    let ink = "textcolor rgb '\(style.ink)'"
    var lines =
      frame(of: panel, page: page) + [
        "set border \(panel.z == nil ? 3 : 127) linewidth \(style.axisWidth) "
          + "linecolor rgb '\(style.ink)'",
        panel.title.isEmpty
          ? "unset title"
          : "set title \(GnuplotText.bold(panel.title)) font ',\(style.titleSize)' \(ink) "
            + "offset 0,\((panel.z == nil ? -0.3 : 0.7) + legendLift(of: panel, page: page))",
      ]
    lines += settings(of: panel.x, called: "x", extra: "offset 0,0.2")
    lines += settings(of: panel.y, called: "y", extra: panel.z == nil ? "offset 0,0" : "")
    if let z = panel.z {
      lines += settings(of: z, called: "z", extra: "rotate by 90 offset 0.2,0")
      lines.append("set view \(panel.view.elevation), \(panel.view.azimuth), 1.05, 1.1")
      lines.append("set xyplane relative 0.02")
      lines.append("set grid x y z linewidth 0.4 linecolor rgb '#DDDDDD' linetype 1")
    } else {
      lines.append("unset grid")
    }
    lines.append(legendSetting(of: panel, page: page))
    return lines
  }

  /// Where the axes are. In perspective, margins would cut: gnuplot fits the box into a region instead.
  private func frame(of panel: Panel, page: PageRectangle) -> [String] {
    guard panel.z != nil else {
      return [
        "", "set lmargin at screen \(page.left / width)",
        "set rmargin at screen \(page.right / width)",
        "set bmargin at screen \(page.bottom / height)",
        "set tmargin at screen \(page.top / height)",
      ]
    }
    let cell = cell(of: panel)
    return [
      "", "set lmargin", "set rmargin", "set bmargin", "set tmargin",
      "set origin \((cell.left + Spacing.right) / width), \(cell.bottom / height)",
      "set size \((page.right - cell.left - Spacing.right) / width), \((cell.top - cell.bottom) / height)",
    ]
  }

  private func settings(of axis: Axis, called name: String, extra: String) -> [String] {
    let labels = axis.ticks.map { ticks in
      "("
        + ticks.map { "\(GnuplotText.literal($0.label)) \(GnuplotText.number($0.position))" }
        .joined(separator: ", ") + ")"
    }
    let reset = axis.ticks == nil ? "set \(name)tics autofreq" : ""
    return [
      axis.isLogarithmic ? "set logscale \(name)" : "unset logscale \(name)",
      "set \(name)range \(GnuplotText.range(axis))",
      "set \(name)label \(GnuplotText.literal(axis.text)) textcolor rgb '\(style.ink)' \(extra)",
      "set format \(name) '%g'",
      axis.ticks?.isEmpty == true ? "unset \(name)tics" : reset,
      axis.ticks?.isEmpty == true
        ? ""
        : "set \(name)tics nomirror out scale 0.5,0.25 \(labels ?? "") "
          + "textcolor rgb '\(style.ink)'",
    ].filter { !$0.isEmpty }
  }

  private func legendSetting(of panel: Panel, page: PageRectangle) -> String {
    let common =
      "Left reverse samplen 1.4 spacing 1.15 noautotitle width 0 textcolor rgb '\(style.ink)'"
    guard panel.labelledSeries > 0 else { return "unset key" }
    switch panel.legend {
    case .none: return "unset key"
    case .right:
      let x = (page.right + Spacing.legendGap) / width
      return "set key at screen \(x), screen \(page.top / height) left top vertical \(common)"
    case .above:
      let columns = legendColumns(of: panel, width: page.right - page.left)
      return
        "set key at screen \(page.left / width), screen \((page.top + 4) / height) left bottom "
        + "horizontal maxcols \(columns) \(common)"
    case .inside(let corner): return "set key inside \(corner.rawValue) vertical \(common)"
    }
  }
}

extension Figure.Panel {
  /// The palette entry of a series: series with a colour of their own use none up.
  fileprivate func colorNumber(of index: Int) -> Int {
    series.prefix(index).filter { $0.color == nil }.count
  }
}
