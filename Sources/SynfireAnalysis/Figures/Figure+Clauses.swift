extension Figure {
  /// The parts of gnuplot's `plot` command that draw one series; bands take two.
  func clauses(of series: Series, color: String, source: String, in panel: Panel) -> [String] {
    let solid = "linecolor rgb \(GnuplotText.color(color, opacity: series.opacity))"
    let dimensions = panel.z == nil ? "1:2" : "1:2:3"
    let title = series.label.isEmpty ? "notitle" : "title \(GnuplotText.literal(series.label))"
    let line = "linetype 1 linewidth \(style.lineWidth * series.weight) \(solid)"
    let size = style.pointSize * series.weight
    func draw(_ columns: String, _ how: String, _ title: String = title) -> String {
      "\(source) using \(columns) with \(how) \(title)"
    }
    switch series.kind {
    case .line: return [draw(dimensions, "lines \(line)")]
    case .points: return [draw(dimensions, "points pointtype 7 pointsize \(size) \(solid)")]
    case .linesAndPoints:
      return [draw(dimensions, "linespoints pointtype 7 pointsize \(size) \(line)")]
    case .band:
      let shade = GnuplotText.color(color, opacity: style.bandOpacity)
      return [
        draw("1:($2-$3):($2+$3)", "filledcurves fillcolor rgb \(shade)", "notitle"),
        draw("1:2", "lines \(line)"),
      ]
    case .errorBars:
      let bars = "linetype 1 linewidth \(style.axisWidth * 1.2) \(solid)"
      return [
        draw("1:($2-$3):(0):(2*$3)", "vectors nohead \(bars)", "notitle"),
        draw("1:2", "linespoints pointtype 7 pointsize \(size) \(line)"),
      ]
    case .dots:
      return [
        draw(dimensions, "points pointtype 7 pointsize \(style.dotSize * series.weight) \(solid)")
      ]
    case .bars:
      return [draw("1:2", "boxes fill solid 1 noborder \(solid)")]
    case .horizontalBars:
      return [
        draw(
          "(0):2:(0):1:($2-0.4):($2+0.4)", "boxxyerror fill solid 1 noborder \(solid)")
      ]
    case .markers(let marker):
      let outline = "pointtype \(marker.rawValue) pointsize \(2.2 * size + 0.5)"
      let inside = "pointtype \(marker.rawValue) pointsize \(2.2 * size)"
      return [
        draw(dimensions, "points \(outline) linecolor rgb '#FFFFFF'", "notitle"),
        draw(dimensions, "points \(inside) \(solid)"),
      ]
    case .tiles(let largest):
      // The numbers are dark on light and light on dark.
      let channels = zip([65536, 256, 1], shades(to: color, largest)).map { "\($1)*\($0)" }
      let square = "1:2:($1-0.48):($1+0.48):($2-0.47):($2+0.47)"
      return [
        draw(
          "\(square):(\(channels.joined(separator: "+")))",
          "boxxyerror fill solid 1 noborder linecolor rgb variable", "notitle"),
        draw(
          "1:2:(sprintf('%.0f',$3)):($3>\(0.55 * largest)?0xFFFFFF:0x333333)",
          "labels textcolor rgb variable", "notitle"),
      ]
    case .image(let largest):
      return [
        draw(
          "1:2:" + shades(to: color, largest).map { "(\($0))" }.joined(separator: ":"), "rgbimage")
      ]
    case .shapes:
      return [
        draw(
          "1:2",
          "filledcurves closed fillstyle solid noborder fillcolor \(solid.dropFirst("linecolor ".count))"
        )
      ]
    case .reference:
      let tint = series.color ?? style.faint
      return [
        draw(
          dimensions,
          "lines linetype 1 dashtype (6,4) linewidth \(style.axisWidth * 1.4 * series.weight) "
            + "linecolor rgb \(GnuplotText.color(tint, opacity: series.opacity))")
      ]
    }
  }

  /// From white to a colour: red, green and blue from 0 to 255, of a value in the third column.
  private func shades(to color: String, _ largest: Double) -> [String] {
    [16, 8, 0].map { shift in
      let full = Int(color.dropFirst(), radix: 16)! >> shift & 255
      return "int(255-\(255 - full)*$3/\(largest))"
    }
  }
}
