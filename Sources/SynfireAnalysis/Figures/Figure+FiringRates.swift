extension Figure {
  /// How firing rates are distributed over neurons.
  ///
  /// - Parameters:
  ///   - rates: one number a neuron, in Hz.
  ///   - bins: how many bars; nil takes the square root of the number of neurons.
  ///   - target: a rate in Hz that is aimed at, drawn as a line.
  /// - Throws: `AnalysisError` if there are no rates or one is not finite.
  public static func firingRates(
    _ rates: [Double], bins: Int? = nil, target: Double? = nil, title: String = "",
    style: FigureStyle = .standard
  ) throws -> Figure {
    guard !rates.isEmpty, rates.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
      throw AnalysisError(
        "\(rates.count) rates, expected at least one and all of them finite",
        place: "firing rates")
    }
    // Neurons that are all silent stand in the first bar, of an axis that means something.
    let highest = max(rates.max() ?? 0, 1.2 * (target ?? 0), 1)
    let histogram = Histogram(of: rates, bins: bins, from: 0, to: highest)
    let mean = MeanAndDeviation(of: rates).mean
    let tallest = histogram.tallest
    return Figure(
      panels: [
        Panel(
          title: title, x: Axis("Firing rate", unit: "Hz", from: 0, to: highest),
          y: Axis("Neurons", from: 0, to: tallest * 1.1),
          series: [
            Series(.bars, x: histogram.middles, y: histogram.counts, color: style.color(5)),
            Series(
              .reference, "mean \(roundedText(mean)) Hz", x: [mean, mean],
              y: [0, tallest * 1.1], color: style.ink),
          ]
            + (target.map {
              [
                Series(
                  .reference, "target \(roundedText($0)) Hz", x: [$0, $0], y: [0, tallest * 1.1],
                  color: style.color(1))
              ]
            } ?? []))
      ], width: 420, height: 260, style: style)
  }

  private static func roundedText(_ value: Double) -> String {
    "\((value * 10).rounded() / 10)"
  }
}
