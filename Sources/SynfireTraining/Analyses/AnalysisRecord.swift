import Foundation
import SynfireFormats

/// The outcomes of the analyses of a run, kept as `figures/analyses.json` beside the figures.
public struct AnalysisRecord: Sendable {
  /// Batches that were trained when the figures were drawn.
  public let batch: Int
  public let outcomes: [RunAnalyses.Outcome]

  public init(batch: Int, outcomes: [RunAnalyses.Outcome]) {
    self.batch = batch
    self.outcomes = outcomes
  }

  private static func path(in folder: String) -> String { folder + "/analyses.json" }

  /// Writes the record into the folder of the figures.
  public func write(in folder: String) throws {
    let entries = outcomes.map { outcome -> JSONValue in
      [
        "kind": .string(outcome.kind.rawValue), "caption": .string(outcome.caption),
        "figure": outcome.figure.map { .string($0.lastPathComponent) } ?? .null,
        "reason": outcome.reason.map { .string($0) } ?? .null,
        "animation": outcome.animation.map { .string($0.lastPathComponent) } ?? .null,
        "numbers": .array(
          outcome.numbers.map { ["name": .string($0.name), "value": .number($0.value)] }),
      ]
    }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let object: JSONValue = ["batch": .integer(batch), "analyses": .array(entries)]
    try AtomicFile.write(object.indentedText + "\n", to: AnalysisRecord.path(in: folder))
  }

  /// Reads the record of the figures in a folder; nil if there is none that can be used.
  public init?(in folder: String) {
    guard let data = FileManager.default.contents(atPath: AnalysisRecord.path(in: folder)),
      let object = try? JSONValue(parsing: Array(data)), let batch = object["batch"]?.int,
      case .array(let entries)? = object["analyses"]
    else { return nil }
    self.batch = batch
    outcomes = entries.compactMap { entry in
      guard let kind = entry["kind"]?.string.flatMap(AnalysisKind.init) else { return nil }
      var numbers: [(name: String, value: Double)] = []
      if case .array(let values)? = entry["numbers"] {
        numbers = values.compactMap { value in
          guard let name = value["name"]?.string, let number = value["value"]?.double else {
            return nil
          }
          return (name, number)
        }
      }
      return RunAnalyses.Outcome(
        kind: kind, title: kind.title, caption: entry["caption"]?.string ?? "", numbers: numbers,
        figure: entry["figure"]?.string.map { URL(fileURLWithPath: folder + "/" + $0) },
        reason: entry["reason"]?.string,
        animation: entry["animation"]?.string.map { URL(fileURLWithPath: folder + "/" + $0) })
    }
  }
}
