import Foundation
import SynfireAnalysis
import SynfireFormats

/// The results of a sweep, by setting: mean and standard deviation over seeds.
public struct SweepSummary {
  /// The runs that differ only in their seed.
  public struct Setting {
    public let values: [String: String]
    public let results: [Sweep.Result]

    /// Mean and deviation over the seeds that have the metric; nil if none has it.
    public func metric(_ name: String) -> MeanAndDeviation? {
      let found = results.compactMap { $0.metrics[name] }
      return found.isEmpty ? nil : MeanAndDeviation(of: found)
    }
  }

  public let sweep: Sweep
  public let settings: [Setting]

  public init(_ sweep: Sweep, results: [Sweep.Result]) {
    self.sweep = sweep
    var settings: [Setting] = []
    for result in results {
      if let index = settings.firstIndex(where: { $0.values == result.values }) {
        settings[index] = Setting(
          values: result.values, results: settings[index].results + [result])
      } else {
        settings.append(Setting(values: result.values, results: [result]))
      }
    }
    self.settings = settings
  }

  /// The names of all metrics that were measured, sorted.
  public var metrics: [String] {
    Set(settings.flatMap { $0.results.flatMap { $0.metrics.keys } }).sorted()
  }

  /// Writes `summary.json` and the figures into the folder of the sweep.
  ///
  /// - Returns: the SVG files.
  /// - Throws: `AnalysisError` if gnuplot is missing, `FormatsError` if a file cannot be written.
  public func write() throws -> [URL] {
    try AtomicFile.write(json.indentedText + "\n", to: sweep.path + "/summary.json")
    let folder = URL(fileURLWithPath: sweep.path + "/figures")
    return try figures().map { name, figure in try figure.render(named: name, in: folder).svg }
  }

  /// The object of `summary.json`.
  public var json: JSONValue {
    let entries = settings.map { setting -> JSONValue in
      var object: [String: JSONValue] = setting.values.mapValues { .string($0) }
      object["seeds"] = .array(setting.results.map { .integer(Int($0.seed)) })
      for name in metrics {
        guard let value = setting.metric(name) else { continue }
        object[name] = [
          "mean": .number(value.mean), "deviation": .number(value.deviation),
          "count": .integer(value.count),
        ]
      }
      return .object(object)
    }
    return ["experiment": .string(sweep.experiment.name), "settings": .array(entries)]
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
    guard let key = abscissa else { return figures }
    let plots: [(name: String, metric: String)] = [
      ("training-speed", "batchesToLoss"), ("accuracy", "accuracy"),
      ("mean-squared-error", "meanSquaredError"), ("decision-accuracy", "decisionAccuracy"),
    ]
    for (name, metric) in plots {
      let lines = lines(of: metric, against: key)
      guard !lines.isEmpty else { continue }
      figures.append((name, figure(of: metric, lines, against: key)))
    }
    return figures
  }

  private func figure(
    of metric: String, _ lines: [Figure.ModeSweep], against key: String
  ) -> Figure {
    var figure: Figure
    switch metric {
    case "batchesToLoss": figure = .trainingSpeed(lines, threshold: RunReport.lossThreshold)
    case "meanSquaredError": figure = .meanSquaredErrorAgainstModes(lines)
    default:
      let percent = lines.map { line in
        Figure.ModeSweep(
          label: line.label, modes: line.modes,
          results: line.results.map {
            MeanAndDeviation(
              mean: 100 * $0.mean, deviation: 100 * $0.deviation, count: $0.count)
          })
      }
      figure = .againstModes(
        percent, quantity: metric == "accuracy" ? "Test accuracy" : "Right decisions", unit: "%")
    }
    if key != "modes" { figure.panels[0].x.label = key }
    return figure
  }

  /// The key that figures are drawn against: the modes, or the first whose values are whole numbers.
  private var abscissa: String? {
    let numeric = sweep.grids.filter { $0.values.allSatisfy { (Int($0) ?? 0) > 0 } }
    return numeric.first { $0.key == "modes" }?.key ?? numeric.first?.key
  }

  private func lines(of metric: String, against key: String) -> [Figure.ModeSweep] {
    var order: [String] = []
    var points: [String: [(Int, MeanAndDeviation)]] = [:]
    for setting in settings {
      guard let value = setting.metric(metric), let x = setting.values[key].flatMap({ Int($0) })
      else { continue }
      let label = label(of: setting, without: key)
      if points[label] == nil { order.append(label) }
      points[label, default: []].append((x, value))
    }
    return order.map { label in
      let sorted = points[label]!.sorted { $0.0 < $1.0 }
      return Figure.ModeSweep(label: label, modes: sorted.map(\.0), results: sorted.map(\.1))
    }
  }

  /// `neurons = 100, modes = 3`, in the order of the grids.
  func label(of setting: Setting, without key: String?) -> String {
    sweep.grids.filter { $0.key != key }.compactMap { grid in
      setting.values[grid.key].map { "\(grid.key) = \($0)" }
    }.joined(separator: ", ")
  }

  /// A table for people, one setting a line.
  public var text: String {
    let shown = metrics.filter { $0 != "loss" && $0 != "error" }
    var rows = [[""] + shown]
    for setting in settings {
      rows.append(
        [label(of: setting, without: nil)]
          + shown.map { name in
            guard let value = setting.metric(name) else { return "–" }
            return MetricText.text(value.mean, of: name)
              + (value.count > 1 ? " ± \(MetricText.text(value.deviation, of: name))" : "")
          })
    }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max()! }
    return rows.map { row in
      zip(row, widths).map { cell, width in
        cell + String(repeating: " ", count: width - cell.count)
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}
