import Foundation

extension Figure {
  /// How probabilities are distributed, generation by generation: one panel for each tensor, the darker the more of
  /// its connections are in a bin, on a logarithmic scale.
  ///
  /// Of more than 150 generations, means over as many as leave 150 columns.
  ///
  /// - Parameters:
  ///   - tensors: names and counts [generation][bin] over bins of equal width from 0 to 1.
  ///   - generations: the numbers of the first and the last generation.
  /// - Throws: `AnalysisError` if there is nothing to show, or counts do not fit.
  public static func distributions(
    _ tensors: [(name: String, counts: [[Double]])], generations: ClosedRange<Int>,
    style: FigureStyle = .standard
  ) throws -> Figure {
    guard let bins = tensors.first?.counts.first?.count, bins > 0,
      tensors.allSatisfy({ tensor in
        tensor.counts.count == generations.count && tensor.counts.allSatisfy { $0.count == bins }
      })
    else {
      throw AnalysisError(
        "counts that are not those of \(generations.count) generations", place: "distributions")
    }
    let (first, last) = (Double(generations.lowerBound) - 0.5, Double(generations.upperBound) + 0.5)
    var panels = tensors.enumerated().map { column, tensor in
      Panel(
        title: tensor.name, x: Axis("Generation", from: first, to: last),
        y: Axis(
          column == 0 ? "Probability" : "", from: 0, to: 1,
          ticks: column == 0
            ? [0, 0.25, 0.5, 0.75, 1].map { Tick($0, GnuplotText.short($0)) } : []),
        series: [
          .image(
            columns(of: tensor.counts), x: first...last, y: 0...1, largest: Self.decades,
            color: style.sequence(5)[1])
        ], column: column)
    }
    panels.append(scale(style, column: tensors.count))
    let widths = [230.0] + tensors.dropFirst().map { _ in 180 } + [118]
    return Figure(
      panels: panels, columnWidths: widths, width: widths.reduce(0, +), height: 270, style: style)
  }

  /// Powers of ten between the fraction that is white and the one that has the full colour, which is 1.
  private static let decades = 4.0

  /// How dark a fraction is.
  private static func darkness(_ fraction: Double) -> Double {
    fraction > 0 ? max(0, decades + log10(fraction)) : 0
  }

  private static func columns(of counts: [[Double]]) -> [[Double]] {
    let window = (counts.count + 149) / 150
    return stride(from: 0, to: counts.count, by: window).map { start in
      let part = counts[start..<min(counts.count, start + window)]
      let all = part.reduce(0) { $0 + $1.reduce(0, +) }
      return counts[start].indices.map { bin in
        darkness(part.reduce(0) { $0 + $1[bin] } / max(all, 1))
      }
    }
  }

  /// What the shades mean.
  private static func scale(_ style: FigureStyle, column: Int) -> Panel {
    let steps = 80
    let shades = (0..<steps).map { decades * (Double($0) + 0.5) / Double(steps) }
    return Panel(
      x: Axis("", from: 0, to: 1, ticks: []),
      y: Axis(
        "Connections in a bin", unit: "%", from: 0, to: decades,
        ticks: zip(0..., ["0.01", "0.1", "1", "10", "100"]).map {
          Tick(Double($0), $1)
        }),
      series: [
        .image([shades], x: 0...1, y: 0...decades, largest: decades, color: style.sequence(5)[1])
      ], column: column)
  }
}
