import Foundation

extension Figure {
  /// How the irregularity of spikes, their variability over trials and the firing rates are distributed.
  ///
  /// A panel for each quantity that has numbers; lines are medians, and that of a Poisson process.
  ///
  /// - Parameters:
  ///   - intervalVariation: coefficients of variation of interspike intervals, one a neuron.
  ///   - fanoFactors: one a neuron and window.
  ///   - rates: one a neuron, in Hz.
  /// - Throws: `AnalysisError` if a number is not finite, or there are none at all.
  public static func spikeStatistics(
    intervalVariation: [Double], fanoFactors: [Double], rates: [Double],
    style: FigureStyle = .standard
  ) throws -> Figure {
    guard (intervalVariation + fanoFactors + rates).allSatisfy(\.isFinite) else {
      throw AnalysisError("a number is not finite", place: "spike statistics")
    }
    typealias Quantity = (
      label: String, unit: String, counted: String, values: [Double], least: Double
    )
    let all: [Quantity] = [
      ("CV of intervals", "", "Neurons", intervalVariation, 2),
      ("Fano factor", "", "Neurons × windows", fanoFactors, 2),
      ("Firing rate", "Hz", "Neurons", rates, 1),
    ]
    let quantities = all.filter { !$0.values.isEmpty }
    guard !quantities.isEmpty else {
      throw AnalysisError("there is not a number to show", place: "spike statistics")
    }
    let panels = quantities.enumerated().map { column, quantity -> Panel in
      // The few far out stand in the last bar.
      let highest = max(quantity.values.quantile(0.995), quantity.least)
      let histogram = Histogram(of: quantity.values, bins: 30, from: 0, to: highest)
      let top = 1.08 * histogram.tallest
      let median = quantity.values.median
      func line(_ label: String, _ x: Double, _ color: String) -> Series {
        Series(.reference, label, x: [x, x], y: [0, top], color: color, weight: 1.2)
      }
      let mean = MeanAndDeviation(of: quantity.values).mean
      let marks: [Series] =
        quantity.unit.isEmpty
        ? [
          line(String(format: "median %.2f", median), median, style.color(1)),
          line("Poisson", 1, style.ink),
        ]
        : [
          line(String(format: "median %.1f %@", median, quantity.unit), median, style.color(1)),
          line(String(format: "mean %.1f %@", mean, quantity.unit), mean, style.ink),
        ]
      return Panel(
        x: Axis(quantity.label, unit: quantity.unit, from: 0, to: highest),
        y: Axis(quantity.counted, from: 0, to: top),
        series: [
          Series(.bars, x: histogram.middles, y: histogram.counts, color: style.color(5))
        ] + marks, legend: .above,
        column: column)
    }
    return Figure(
      panels: panels, width: 40 + 250 * Double(panels.count), height: 250, style: style)
  }
}
