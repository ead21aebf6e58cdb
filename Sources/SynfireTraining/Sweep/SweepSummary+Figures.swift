import SynfireAnalysis

extension SweepSummary {
  /// A key of the grid whose values are numbers.
  private struct NumericKey {
    let key: String
    /// The unit that all values have; empty for none.
    let unit: String
    let grid: SweepGrid

    /// Nil unless all values are finite numbers of one unit.
    init?(_ grid: SweepGrid) {
      let decimals = grid.values.map { DecimalText(prefixOf: $0) }
      guard grid.values.count > 1, let unit = decimals[0]?.rest,
        decimals.allSatisfy({ $0?.rest == unit && $0!.value().isFinite }),
        unit.allSatisfy({ $0.isLetter || $0 == "%" })
      else { return nil }
      key = grid.key
      self.unit = unit
      self.grid = grid
    }

    func number(in values: [String: String]) -> Double? {
      values[key].flatMap { DecimalText(prefixOf: $0) }?.value()
    }
  }

  /// The key that figures are drawn against: the modes, or the first whose values are numbers.
  private var abscissa: NumericKey? {
    let numeric = sweep.grids.compactMap(NumericKey.init)
    return numeric.first { $0.key == "modes" } ?? numeric.first
  }

  /// The figures: loss curves, and each metric against the key of the abscissa.
  func figures() throws -> [(name: String, figure: Figure)] {
    var figures: [(name: String, figure: Figure)] = []
    let curves = try settings.map { setting in
      (label(of: setting, without: nil), try LearningCurve(seeds: setting.results.map(\.losses)))
    }
    var losses = Figure.learningCurves(curves, quantity: "Loss", start: 1, isOrdered: true)
    // The names of settings are long.
    losses.width = 620
    figures.append(("loss-curves", losses))
    guard let abscissa else { return figures }
    for metric in metrics {
      let lines = lines(of: metric, against: abscissa)
      guard lines.contains(where: { $0.x.count > 1 }) else { continue }
      let name = metric == "batchesToLoss" ? "training-speed" : metric.hyphenated
      figures.append((name, figure(of: metric, lines, against: abscissa)))
    }
    return figures
  }

  private func figure(
    of metric: String, _ lines: [Figure.SweptLine], against abscissa: NumericKey
  ) -> Figure {
    // Fractions of right answers are shown in per cent, as everywhere.
    let isFraction = metric == "error" || metric.lowercased().hasSuffix("accuracy")
    let shown = lines.map { line in
      Figure.SweptLine(
        label: line.label, x: line.x,
        results: line.results.map { $0.map { isFraction ? 100 * $0 : $0 } })
    }
    let title = MetricText.title(of: metric)
    return .swept(
      shown, quantity: title.prefix(1).uppercased() + title.dropFirst(),
      unit: isFraction ? "%" : metric == "firingRate" ? "Hz" : "",
      against: abscissa.key == "modes" ? "Number of modes P" : abscissa.key,
      axisUnit: abscissa.unit)
  }

  private func lines(of metric: String, against abscissa: NumericKey) -> [Figure.SweptLine] {
    var order: [String] = []
    var points: [String: [(x: Double, results: [Double])]] = [:]
    func add(_ label: String, _ values: [String: String], _ results: [Double]) {
      guard !results.isEmpty, let x = abscissa.number(in: values) else { return }
      if points[label] == nil { order.append(label) }
      points[label, default: []].append((x, results))
    }
    for setting in settings {
      let name = beside.isEmpty ? nil : sweep.experiment.name
      let label = [name, label(of: setting, without: abscissa.key)].compactMap(\.self)
        .filter { !$0.isEmpty }.joined(separator: ", ")
      add(label, setting.values, setting.results.compactMap { $0.metrics[metric] })
    }
    // Sweeps of the same experiment are told apart by their folders.
    for other in beside {
      for setting in other.settings {
        // What is neurons here may be units there: the only key of a sweep stands for that of this one.
        var values = setting.values
        if values[abscissa.key] == nil, values.count == 1, let only = values.first {
          values = [abscissa.key: only.value]
        }
        let label =
          [other.experiment == sweep.experiment.name ? other.folder : other.experiment]
          + values.filter { $0.key != abscissa.key }.sorted { $0.key < $1.key }
          .map { "\($0.key) = \($0.value)" }
        add(label.joined(separator: ", "), values, setting.results[metric] ?? [])
      }
    }
    return order.map { label in
      let sorted = points[label]!.sorted { $0.x < $1.x }
      return Figure.SweptLine(label: label, x: sorted.map(\.x), results: sorted.map(\.results))
    }
  }

  /// What each line needs of the key of the abscissa, such as neurons, for the same error as the first line,
  /// in sentences; empty for one line and for lines without an error in common.
  public var comparisons: [String] {
    guard let abscissa else { return [] }
    return metrics.filter { $0.hasSuffix("Error") }.flatMap { metric -> [String] in
      let lines = lines(of: metric, against: abscissa)
      return lines.dropFirst().compactMap { line in
        guard
          let ratio = EqualErrorRatio(
            of: (line.x, line.results.map(\.median)),
            to: (lines[0].x, lines[0].results.map(\.median)))
        else { return nil }
        let text = [ratio.median, ratio.ratios.min()!, ratio.ratios.max()!].map(MetricText.number)
        return "\(abscissa.key) for equal \(metric): \(line.label) needs \(text[0]) times "
          + "(\(text[1]) to \(text[2])) those of \(lines[0].label)"
      }
    }
  }
}
