import Foundation

extension Figure {
  /// A neuron in alike trials, [trial][step]: inputs in the unit of the drive, rates in Hz, spikes 0 and 1.
  public struct FactorRateExample: Sendable {
    public var neuron: Int
    public var factorInput: [[Double]]
    public var otherInput: [[Double]]
    public var rates: [[Double]]
    public var spikes: [[Double]]

    public init(
      neuron: Int, factorInput: [[Double]], otherInput: [[Double]], rates: [[Double]],
      spikes: [[Double]]
    ) {
      self.neuron = neuron
      self.factorInput = factorInput
      self.otherInput = otherInput
      self.rates = rates
      self.spikes = spikes
    }
  }

  /// How much the trials of a neuron differ.
  public struct FactorRateSpread: Sendable {
    public var factorInput: TrialSpread
    public var otherInput: TrialSpread
    public var rate: TrialSpread

    public init(factorInput: TrialSpread, otherInput: TrialSpread, rate: TrialSpread) {
      self.factorInput = factorInput
      self.otherInput = otherInput
      self.rate = rate
    }
  }

  /// The factor-based rate of an example neuron, as DePasquale et al. (2023) show it, with inputs from -20 to
  /// 20 and rates to 60 Hz (farther where more is there), and how much trials differ in several neurons.
  ///
  /// - Parameters:
  ///   - spreads: one a neuron; without them there is one column.
  ///   - timeStep: dt in seconds.
  /// - Throws: `AnalysisError` for an example without trials, or whose parts have other lengths.
  public static func factorBasedRate(
    _ example: FactorRateExample, spreads: [FactorRateSpread], timeStep: Double,
    style: FigureStyle = .standard
  ) throws -> Figure {
    let parts = [example.factorInput, example.otherInput, example.rates, example.spikes]
    guard let steps = example.spikes.first?.count, steps > 0,
      parts.allSatisfy({ $0.map(\.count) == example.spikes.map(\.count) }),
      example.spikes.allSatisfy({ $0.count == steps })
    else {
      throw AnalysisError(
        "parts of \(parts.map(\.count)) trials, expected equally many of one length",
        place: "factor-based rate")
    }
    let duration = Double(steps) * timeStep
    let drawn = thinned(steps)
    func traces(
      _ label: String, _ unit: String, _ trials: [[Double]], _ range: ClosedRange<Double>,
      _ color: String, row: Int
    ) -> Panel {
      let shown = trials.prefix(10)
      let all = shown.flatMap { trial in drawn.map { trial[$0] } }
      let isLast = row == 3
      return Panel(
        x: Axis(
          isLast ? "Time" : "", unit: isLast ? "s" : "", from: 0, to: duration,
          ticks: isLast ? nil : []),
        y: Axis(
          label, unit: unit, from: min(range.lowerBound, all.quantile(0.001)),
          to: max(range.upperBound, all.quantile(0.999))),
        series: [
          Series(
            .line, x: shown.flatMap { _ in drawn.map { Double($0) * timeStep } + [.nan] },
            y: shown.flatMap { trial in drawn.map { trial[$0] } + [.nan] }, color: color,
            opacity: 0.5, weight: 0.45)
        ], row: row)
    }
    var panels = [
      spikes(of: example, duration, timeStep, style),
      traces("Factor input", "", example.factorInput, -20...20, style.color(0), row: 1),
      traces("Other input", "", example.otherInput, -20...20, style.color(1), row: 2),
      traces("Rate", "Hz", example.rates, 0...60, style.color(2), row: 3),
    ]
    if !spreads.isEmpty {
      panels += [
        comparison(
          "Other input, sd over trials", "Factor input, sd over trials", "",
          spreads.map { ($0.otherInput.deviation, $0.factorInput.deviation) }, row: 0, style),
        comparison(
          "Rate, sd over time", "Rate, sd over trials", "Hz",
          spreads.map { ($0.rate.deviationOfMean, $0.rate.deviation) }, row: 2, style),
      ]
    }
    return Figure(
      panels: panels, columnWidths: spreads.isEmpty ? [1] : [1.35, 1],
      rowHeights: [1, 1, 1, 1.35], width: spreads.isEmpty ? 440 : 720, height: 520, style: style)
  }

  private static func spikes(
    of example: FactorRateExample, _ duration: Double, _ timeStep: Double, _ style: FigureStyle
  ) -> Panel {
    let trials = example.spikes.prefix(20)
    var (x, y): ([Double], [Double]) = ([], [])
    for (line, trial) in trials.enumerated() {
      for step in trial.indices where trial[step] != 0 {
        x.append(Double(step) * timeStep)
        y.append(Double(line + 1))
      }
    }
    return Panel(
      x: Axis("", from: 0, to: duration, ticks: []),
      y: Axis(
        "Trial", from: 0, to: Double(trials.count + 1),
        ticks: [1, trials.count].map { Tick(Double($0), "\($0)") }),
      series: [
        Series(
          .dots, x: x.isEmpty ? [-1] : x, y: x.isEmpty ? [0] : y, color: style.ink, weight: 1.8)
      ])
  }

  /// Points of neurons, and the line where both quantities are equal.
  private static func comparison(
    _ first: String, _ second: String, _ unit: String, _ points: [(x: Double, y: Double)], row: Int,
    _ style: FigureStyle
  ) -> Panel {
    let highest = 1.05 * (points.flatMap { [$0.x, $0.y] }.max() ?? 1)
    return Panel(
      x: Axis(first, unit: unit, from: 0, to: highest),
      y: Axis(second, unit: unit, from: 0, to: highest),
      series: [
        Series(.reference, x: [0, highest], y: [0, highest]),
        Series(.points, x: points.map(\.x), y: points.map(\.y), color: style.color(0), weight: 1.4),
      ], column: 1, row: row, rowSpan: 2)
  }
}
