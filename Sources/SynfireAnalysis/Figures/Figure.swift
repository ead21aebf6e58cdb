/// A figure: panels on a grid, each with axes and series of numbers.
///
/// It is a plain value; `render(named:in:)` writes it as a table of numbers, a gnuplot script, SVG and
/// PDF. All text is literal: no character in it is markup.
public struct Figure: Sendable {
  /// The heading; empty for none.
  public var title: String
  public var panels: [Panel]
  /// The relative widths of the columns of the grid.
  public var columnWidths: [Double]
  /// The relative heights of the rows of the grid.
  public var rowHeights: [Double]
  /// Width of the figure in points (1/72 inch).
  public var width: Double
  /// Height of the figure in points (1/72 inch).
  public var height: Double
  public var style: FigureStyle

  /// Creates a figure; without widths and heights of columns and rows the grid has one row.
  public init(
    title: String = "", panels: [Panel], columnWidths: [Double]? = nil, rowHeights: [Double] = [1],
    width: Double = 420, height: Double = 280, style: FigureStyle = .standard
  ) {
    self.title = title
    self.panels = panels
    self.columnWidths =
      columnWidths ?? Array(repeating: 1, count: 1 + (panels.map(\.column).max() ?? 0))
    self.rowHeights = rowHeights
    self.width = width
    self.height = height
    self.style = style
  }

  /// One set of axes.
  public struct Panel: Sendable {
    public var title: String
    public var x: Axis
    public var y: Axis
    /// The third axis; panels that have one are drawn in perspective.
    public var z: Axis?
    public var series: [Series]
    public var legend: Legend
    /// Position on the grid, from 0.
    public var column: Int
    /// Position on the grid, from 0 at the top.
    public var row: Int
    /// Rows that the panel takes, from `row` down.
    public var rowSpan: Int
    /// Rotation about the horizontal and the vertical axis in degrees, for panels with three axes.
    public var view: (elevation: Double, azimuth: Double) = (62, 40)

    public init(
      title: String = "", x: Axis, y: Axis, z: Axis? = nil, series: [Series],
      legend: Legend = .right, column: Int = 0, row: Int = 0, rowSpan: Int = 1
    ) {
      self.title = title
      self.x = x
      self.y = y
      self.z = z
      self.series = series
      self.legend = legend
      self.column = column
      self.row = row
      self.rowSpan = rowSpan
    }
  }

  /// One axis.
  public struct Axis: Sendable, Equatable {
    public var label: String
    /// The unit, shown in brackets after the label; empty for dimensionless quantities.
    public var unit: String
    public var isLogarithmic: Bool
    /// The lowest and the highest value shown; nil leaves a side to the data.
    public var lower: Double?
    public var upper: Double?
    /// Where ticks are; nil leaves them to gnuplot, empty means none.
    public var ticks: [Tick]?

    public init(
      _ label: String, unit: String = "", isLogarithmic: Bool = false, from lower: Double? = nil,
      to upper: Double? = nil, ticks: [Tick]? = nil
    ) {
      self.label = label
      self.unit = unit
      self.isLogarithmic = isLogarithmic
      self.lower = lower
      self.upper = upper
      self.ticks = ticks
    }

    /// Label and unit as they are shown.
    var text: String { unit.isEmpty ? label : "\(label) (\(unit))" }
  }

  /// A mark on an axis.
  public struct Tick: Sendable, Equatable {
    public var position: Double
    public var label: String

    public init(_ position: Double, _ label: String) {
      self.position = position
      self.label = label
    }
  }

  /// Where the names of series go. `right` and `above` are outside of the axes and cover nothing.
  public enum Legend: Sendable, Equatable {
    case none
    case right
    case above
    case inside(Corner)

    public enum Corner: String, Sendable {
      case topLeft = "left top"
      case topRight = "right top"
      case bottomLeft = "left bottom"
      case bottomRight = "right bottom"
    }
  }
}
