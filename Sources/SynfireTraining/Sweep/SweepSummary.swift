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
  /// Other sweeps, over the same key, whose results are drawn beside these.
  public let beside: [SweepRecord]

  public init(_ sweep: Sweep, results: [Sweep.Result], beside: [SweepRecord] = []) {
    self.sweep = sweep
    self.beside = beside
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
          "values": .array(setting.results.compactMap { $0.metrics[name].map { .number($0) } }),
        ]
      }
      return .object(object)
    }
    return [
      "experiment": .string(sweep.experiment.name), "settings": .array(entries),
      "comparisons": .array(comparisons.map { .string($0) }),
    ]
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
