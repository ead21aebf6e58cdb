extension Figure {
  /// Numbers that are drawn in one way and one colour.
  ///
  /// Arrays have one entry a point. A value that is not a number breaks a line and hides a point.
  public struct Series: Sendable {
    /// How the numbers are drawn.
    public enum Kind: Sendable, Equatable {
      /// A line through the points.
      case line
      /// Small filled circles.
      case points
      /// A line with circles.
      case linesAndPoints
      /// A line with a shaded band of one deviation on both sides.
      case band
      /// Circles with vertical bars of one deviation on both sides, joined by a line.
      case errorBars
      /// Tiny dots, for rasters.
      case dots
      /// Vertical bars from 0.
      case bars
      /// Horizontal bars from x = 0 at heights y.
      case horizontalBars
      /// Large outlined symbols, for attractors, beginnings and ends.
      case markers(Marker)
      /// A dashed thin line, for thresholds and fits.
      case reference
      /// Squares about the points, the darker the larger their `values`, which stand in them as whole
      /// numbers.
      case tiles(largest: Double)
      /// Rectangles of a complete regular grid about the points, the darker the larger their `values`, as one
      /// image: there may be many.
      case image(largest: Double)
      /// Filled outlines; a point that is not a number stands between two of them.
      case shapes
    }

    public enum Marker: Int, Sendable {
      case circle = 7
      case square = 5
      case triangle = 9
      case diamond = 13
    }

    public var kind: Kind
    /// The name in the legend; empty for none.
    public var label: String
    /// `#RRGGBB`; nil takes the next colour of the palette.
    public var color: String?
    public var x: [Double]
    public var y: [Double]
    /// Third coordinates, for panels with three axes.
    public var z: [Double]?
    /// Deviations for bands and error bars.
    public var deviation: [Double]?
    /// Numbers of tiles.
    public var values: [Double]?
    /// Opacity, 0 to 1.
    public var opacity: Double
    /// Width of lines and size of points relative to the style's.
    public var weight: Double

    public init(
      _ kind: Kind, _ label: String = "", x: [Double], y: [Double], z: [Double]? = nil,
      deviation: [Double]? = nil, values: [Double]? = nil, color: String? = nil,
      opacity: Double = 1, weight: Double = 1
    ) {
      self.kind = kind
      self.label = label
      self.x = x
      self.y = y
      self.z = z
      self.deviation = deviation
      self.values = values
      self.color = color
      self.opacity = opacity
      self.weight = weight
    }

    /// The arrays that must have equal lengths, with the names of their columns.
    var columns: [(name: String, values: [Double])] {
      var columns = [("x", x), ("y", y)]
      if let z { columns.append(("z", z)) }
      if let deviation { columns.append(("deviation", deviation)) }
      if let values { columns.append(("value", values)) }
      return columns
    }
  }

  /// Throws unless every panel has something to draw in it.
  func validate(named name: String) throws {
    guard !name.isEmpty, !name.hasPrefix("."),
      name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) })
    else {
      throw AnalysisError(
        "'\(name)' cannot name a figure", remedy: "Use letters, digits, '-', '_' and '.'.")
    }
    guard !panels.isEmpty, width >= 72, height >= 72 else {
      throw AnalysisError(
        "\(panels.count) panels on \(width) x \(height) points", place: "figure \(name)")
    }
    for (index, panel) in panels.enumerated() {
      let place = "figure \(name), panel \(index + 1)"
      guard columnWidths.indices.contains(panel.column), rowHeights.indices.contains(panel.row),
        panel.rowSpan >= 1, panel.row + panel.rowSpan <= rowHeights.count
      else {
        throw AnalysisError(
          "column \(panel.column), row \(panel.row) is off the grid", place: place)
      }
      for series in panel.series { try series.validate(in: panel, place: place) }
      guard panel.series.contains(where: { $0.hasVisiblePoint(in: panel) }) else {
        throw AnalysisError(
          "no point to draw", place: place,
          remedy: "Logarithmic axes show positive numbers only; the rest must be finite.")
      }
    }
  }
}

extension Figure.Series {
  fileprivate func validate(in panel: Figure.Panel, place: String) throws {
    let place = "\(place), series '\(label)'"
    guard columns.allSatisfy({ $0.values.count == x.count }) else {
      let lengths = columns.map { "\($0.values.count) \($0.name)" }.joined(separator: ", ")
      throw AnalysisError("columns of different lengths: \(lengths)", place: place)
    }
    guard (z != nil) == (panel.z != nil) else {
      throw AnalysisError(
        "a series has third coordinates exactly when its panel has a third axis", place: place)
    }
    guard (kind == .band || kind == .errorBars) == (deviation != nil) else {
      throw AnalysisError("bands and error bars, and only they, have deviations", place: place)
    }
    guard hasValues == (values != nil) else {
      throw AnalysisError("tiles and images, and only they, have values", place: place)
    }
  }

  private var hasValues: Bool {
    switch kind {
    case .tiles, .image: true
    default: false
    }
  }

  fileprivate func hasVisiblePoint(in panel: Figure.Panel) -> Bool {
    x.indices.contains { index in
      let point =
        [(x[index], panel.x), (y[index], panel.y)]
        + (z.map { [($0[index], panel.z!)] } ?? [])
      return point.allSatisfy { $0.isFinite && ($0 > 0 || !$1.isLogarithmic) }
    }
  }
}
