extension Figure.Series {
  /// Numbers on a regular grid as an image, the darker the larger; 0 and what is not a number is white.
  ///
  /// - Parameters:
  ///   - values: [column][row], the first column at the left, the first row at the bottom; as many rows in each.
  ///   - x: the left side of the first column and the right side of the last.
  ///   - y: the lower side of the first row and the upper side of the last.
  ///   - largest: what has the full colour; all above has it too.
  static func image(
    _ values: [[Double]], x: ClosedRange<Double>, y: ClosedRange<Double>, largest: Double,
    color: String
  ) -> Figure.Series {
    // gnuplot takes two rows and two columns at least.
    var grid = values.map { $0.count == 1 ? [$0[0], $0[0]] : $0 }
    if grid.count == 1 { grid.append(grid[0]) }
    let (columns, rows) = (grid.count, grid.first?.count ?? 0)
    func middle(_ index: Int, of count: Int, _ range: ClosedRange<Double>) -> Double {
      range.lowerBound
        + (Double(index) + 0.5) * (range.upperBound - range.lowerBound) / Double(count)
    }
    var (across, upward, shown): ([Double], [Double], [Double]) = ([], [], [])
    for row in 0..<rows {
      for column in 0..<columns {
        across.append(middle(column, of: columns, x))
        upward.append(middle(row, of: rows, y))
        let value = grid[column][row]
        shown.append(value.isNaN ? 0 : min(largest, max(0, value)))
      }
    }
    return Figure.Series(
      .image(largest: largest), x: across, y: upward, values: shown, color: color)
  }

  /// What stands for a colour in a legend, and nowhere else.
  static func legendEntry(_ label: String, color: String) -> Figure.Series {
    Figure.Series(.points, label, x: [-1e9], y: [-1e9], color: color, weight: 1.6)
  }
}
