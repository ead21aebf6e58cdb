import Foundation

/// How all figures look: fonts, colours, widths.
public struct FigureStyle: Sendable, Equatable {
  /// The font family, a sans serif.
  public var font = "Helvetica"
  /// Font size of labels and ticks in points.
  public var fontSize = 11.0
  /// Font size of headings in points.
  public var titleSize = 12.0
  /// Width of data lines in points.
  public var lineWidth = 1.6
  /// Width of axes and ticks in points.
  public var axisWidth = 0.8
  /// Colour of axes and text.
  public var ink = "#333333"
  /// Colour of reference lines.
  public var faint = "#888888"
  /// Diameter of points relative to gnuplot's.
  public var pointSize = 0.55
  /// Diameter of raster dots relative to gnuplot's.
  public var dotSize = 0.16
  /// Opacity of bands.
  public var bandOpacity = 0.22
  /// Colours of series in order, distinguishable with any colour vision (Okabe and Ito, 2008; their
  /// yellow is left out, too faint on white).
  public var palette = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000",
  ]

  public init() {}

  public static let standard = FigureStyle()

  /// The palette's colour number `index`, starting over at its end.
  public func color(_ index: Int) -> String { palette[index % palette.count] }

  /// Colours for ordered series, dark to light; the dark four fifths of viridis (van der Walt and
  /// Smith, 2015), readable on white and in grey.
  public func sequence(_ count: Int) -> [String] {
    let anchors: [(Double, Double, Double)] = [
      (68, 1, 84), (65, 68, 135), (42, 120, 142), (34, 168, 132), (122, 209, 81),
    ]
    return (0..<count).map { index in
      let position = count < 2 ? 0 : Double(index) / Double(count - 1) * 4 * 0.95
      let lower = min(3, Int(position))
      let part = position - Double(lower)
      let (start, end) = (anchors[lower], anchors[lower + 1])
      func blend(_ from: Double, _ to: Double) -> Int { Int((from + part * (to - from)).rounded()) }
      return String(
        format: "#%02X%02X%02X", blend(start.0, end.0), blend(start.1, end.1),
        blend(start.2, end.2))
    }
  }
}
