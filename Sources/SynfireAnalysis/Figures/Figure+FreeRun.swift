import SynfireCore

extension Figure {
  /// Trials of a network that runs by itself, beside what it should do.
  public struct FreeRunTrials: Sendable {
    /// Factors, then outputs, axes [time, trial, output].
    public var readout: Tensor<Float>
    /// Likewise; those of the first shown trial are drawn.
    public var targets: Tensor<Float>
    /// Nil when units do not spike.
    public var spikes: SpikeTensor?
    public var factors: Int
    /// The trials that are drawn: alike ones.
    public var shown: [Int]
    /// Steps of these trials.
    public var steps: Int
    /// Neurons whose spikes are drawn.
    public var neurons: [Int]
    /// Normalised squared errors of all trials, of the factors and of the outputs (empty without outputs);
    /// not a number where there is none.
    public var factorErrors: [Double]
    public var outputErrors: [Double]

    public init(
      readout: Tensor<Float>, targets: Tensor<Float>, spikes: SpikeTensor?, factors: Int,
      shown: [Int], steps: Int, neurons: [Int], factorErrors: [Double], outputErrors: [Double]
    ) {
      self.readout = readout
      self.targets = targets
      self.spikes = spikes
      self.factors = factors
      self.shown = shown
      self.steps = steps
      self.neurons = neurons
      self.factorErrors = factorErrors
      self.outputErrors = outputErrors
    }
  }

  /// Spikes of some neurons over trials, leading factors and outputs of these trials over their targets, and
  /// the errors of all trials.
  ///
  /// - Parameter timeStep: dt in seconds.
  /// - Throws: `AnalysisError` for tensors and trials that do not belong together.
  public static func freeRun(
    _ run: FreeRunTrials, timeStep: Double, style: FigureStyle = .standard
  ) throws -> Figure {
    let shape = run.readout.shape
    guard shape.count == 3, run.targets.shape == shape, !run.shown.isEmpty,
      run.shown.allSatisfy({ $0 >= 0 && $0 < shape[1] }), run.steps >= 1, run.steps <= shape[0],
      run.factors >= 1, run.factors <= shape[2], run.factorErrors.count == shape[1]
    else {
      throw AnalysisError(
        "readout \(shape), targets \(run.targets.shape), \(run.factors) factors, trials \(run.shown)",
        place: "free run")
    }
    if let spikes = run.spikes {
      guard spikes.steps == shape[0], spikes.trials == shape[1], !run.neurons.isEmpty,
        run.neurons.allSatisfy({ $0 >= 0 && $0 < spikes.neurons })
      else {
        throw AnalysisError(
          "spikes of \(spikes.steps) steps and \(spikes.trials) trials beside a readout \(shape), "
            + "neurons \(run.neurons)", place: "free run")
      }
    }
    let outputs = shape[2] - run.factors
    let rows = max(3, min(4, outputs))
    var panels: [Panel] = []
    if let spikes = run.spikes { panels.append(raster(of: run, spikes, timeStep, style)) }
    for (column, first, all, name) in [
      (0, 0, run.factors, "Factor"), (1, run.factors, outputs, "Output"),
    ] {
      // At the bottom of their column.
      let shown = min(rows, all)
      for row in 0..<shown {
        panels.append(
          traces(
            of: run, number: first + row, "\(name) \(row + 1)", timeStep, isLast: row == shown - 1,
            color: style.color(column), style, (column, rows - shown + row + 1)))
      }
    }
    panels.append(errors(of: run, rows: 1 + rows - min(rows, outputs), style))
    return Figure(
      panels: panels, columnWidths: [1, 1],
      rowHeights: [2.6] + [Double](repeating: 1, count: rows - 1) + [1.35], width: 760,
      height: 270 + 80 * Double(rows), style: style)
  }

  /// Trials of a neuron beneath each other, neurons above each other.
  private static func raster(
    of run: FreeRunTrials, _ spikes: SpikeTensor, _ timeStep: Double, _ style: FigureStyle
  ) -> Panel {
    let height = run.shown.count + 2
    var series = [0, 1].map { _ in (x: [Double](), y: [Double]()) }
    for (place, neuron) in run.neurons.enumerated() {
      for (line, trial) in run.shown.enumerated() {
        for step in 0..<run.steps where spikes[step, trial, neuron] {
          series[place % 2].x.append(Double(step) * timeStep)
          series[place % 2].y.append(Double(place * height + run.shown.count - line))
        }
      }
    }
    let top = Double(run.neurons.count * height)
    let stride = max(1, run.neurons.count / 8)
    let ticks = run.neurons.indices.filter { $0 % stride == 0 }.map {
      Tick((Double($0) + 0.5) * Double(height), "\(run.neurons[$0] + 1)")
    }
    return Panel(
      title: run.shown.count > 1 ? "Spikes of \(run.shown.count) trials" : "Spikes of a trial",
      x: Axis("", from: 0, to: Double(run.steps) * timeStep, ticks: []),
      y: Axis("Neuron", from: 0, to: top, ticks: ticks),
      series: zip(series, [style.ink, style.color(0)]).map { points, color in
        // Of silent neurons the panel is empty, and not an error.
        Series(
          .dots, x: points.x.isEmpty ? [-1] : points.x, y: points.x.isEmpty ? [0] : points.y,
          color: color, weight: min(2, max(0.9, 160 / top)))
      })
  }

  private static func errors(
    of run: FreeRunTrials, rows: Int, _ style: FigureStyle
  ) -> Panel {
    let x = run.factorErrors.indices.map { Double($0 + 1) }
    func points(_ label: String, _ errors: [Double], _ color: String) -> [Series] {
      let found = errors.filter(\.isFinite)
      guard !found.isEmpty else { return [] }
      let median = found.median
      return [
        Series(.points, label, x: x, y: errors, color: color, weight: 0.8),
        Series(.reference, x: [1, max(2, x.last!)], y: [median, median], color: color),
      ]
    }
    let all = (run.factorErrors + run.outputErrors).filter { $0 > 0 }
    return Panel(
      title: "Squared error over squared target",
      x: Axis("Trial", from: 0, to: max(2, x.last! + 1)),
      y: Axis("", isLogarithmic: (all.max() ?? 1) > 8 * (all.min() ?? 1), from: nil),
      series: points("factors", run.factorErrors, style.color(0))
        + points("outputs", run.outputErrors, style.color(1)), legend: .above, column: 1,
      rowSpan: rows)
  }

  private static func traces(
    of run: FreeRunTrials, number: Int, _ label: String, _ timeStep: Double, isLast: Bool,
    color: String, _ style: FigureStyle, _ place: (column: Int, row: Int)
  ) -> Panel {
    let drawn = thinned(run.steps)
    let times = drawn.map { Double($0) * timeStep }
    var (x, y): ([Double], [Double]) = ([], [])
    for trial in run.shown.prefix(10) {
      x += times + [.nan]
      y += drawn.map { Double(run.readout[$0, trial, number]) } + [.nan]
    }
    let target = drawn.map { Double(run.targets[$0, run.shown[0], number]) }
    let (lowest, highest) = (target.min()!, target.max()!)
    let room = max(0.25 * (highest - lowest), 1e-9)
    return Panel(
      x: Axis(
        isLast ? "Time" : "", unit: isLast ? "s" : "", from: 0, to: Double(run.steps) * timeStep,
        ticks: isLast ? nil : []),
      y: Axis(label, from: lowest - room, to: highest + room),
      series: [
        Series(.line, x: x, y: y, color: color, opacity: 0.45, weight: 0.5),
        Series(.line, x: times, y: target, color: "#000000", weight: 0.7),
      ], column: place.column, row: place.row)
  }
}
