extension Figure {
  /// Results of one kind of network for several numbers of modes.
  public struct ModeSweep: Sendable, Equatable {
    /// The name in the legend, such as `N = 100`.
    public let label: String
    public let modes: [Int]
    /// Over seeds, one entry a number of modes.
    public let results: [MeanAndDeviation]

    public init(label: String, modes: [Int], results: [MeanAndDeviation]) {
      self.label = label
      self.modes = modes
      self.results = results
    }
  }

  /// A result against the number of modes P, mean and standard deviation over seeds.
  ///
  /// - Parameters:
  ///   - isOrdered: colours the sweeps as a sequence instead of as categories.
  public static func againstModes(
    _ sweeps: [ModeSweep], quantity: String, unit: String = "", isLogarithmic: Bool = false,
    from lower: Double? = nil, to upper: Double? = nil, isOrdered: Bool = true, title: String = "",
    style: FigureStyle = .standard
  ) -> Figure {
    let colors = isOrdered ? style.sequence(sweeps.count) : sweeps.indices.map(style.color)
    let series = zip(sweeps, colors).map { sweep, color in
      Series(
        .errorBars, sweep.label, x: sweep.modes.map(Double.init), y: sweep.results.map(\.mean),
        deviation: sweep.results.map(\.deviation), color: color)
    }
    let modes = Set(sweeps.flatMap(\.modes).filter { $0 > 0 }).sorted()
    let (first, last) = (Double(modes.first ?? 1) / 1.15, Double(modes.last ?? 1) * 1.15)
    return Figure(
      panels: [
        Panel(
          title: title,
          x: Axis(
            "Number of modes P", isLogarithmic: true, from: first, to: last,
            // The numbers that were tried, as far as they have room.
            ticks: modes.count <= 10 ? modes.map { Tick(Double($0), "\($0)") } : nil),
          y: Axis(quantity, unit: unit, isLogarithmic: isLogarithmic, from: lower, to: upper),
          series: series)
      ], width: 450, height: 280, style: style)
  }

  /// Accuracy (fractions, shown in %) against P for spiking and rate networks (figure 2c).
  public static func accuracyAgainstModes(
    spiking: ModeSweep, rate: ModeSweep?, title: String = "", style: FigureStyle = .standard
  ) -> Figure {
    let sweeps = ([spiking] + (rate.map { [$0] } ?? [])).map { sweep in
      ModeSweep(
        label: sweep.label, modes: sweep.modes,
        results: sweep.results.map {
          MeanAndDeviation(mean: 100 * $0.mean, deviation: 100 * $0.deviation, count: $0.count)
        })
    }
    return againstModes(
      sweeps, quantity: "Test accuracy", unit: "%", isOrdered: false, title: title, style: style)
  }

  /// The first recorded batch with a loss below a threshold against P, a line for each network size
  /// (figure 2a).
  public static func trainingSpeed(
    _ sweeps: [ModeSweep], threshold: Double = 1.7, title: String = "",
    style: FigureStyle = .standard
  ) -> Figure {
    againstModes(
      sweeps, quantity: "First batch with loss < \(threshold)", from: 0, title: title,
      style: style)
  }

  /// Mean squared error against P, a line for each network size (figure 3a).
  public static func meanSquaredErrorAgainstModes(
    _ sweeps: [ModeSweep], title: String = "", style: FigureStyle = .standard
  ) -> Figure {
    againstModes(sweeps, quantity: "Mean squared error", from: 0, title: title, style: style)
  }
}
