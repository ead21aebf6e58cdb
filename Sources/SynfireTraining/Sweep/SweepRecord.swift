import Foundation
import SynfireFormats

/// The results of a sweep that has ended, as its `summary.json` has them.
public struct SweepRecord: Sendable {
  /// The name of the experiment.
  public let experiment: String
  /// The name of the folder.
  public let folder: String
  /// The values of the grid by key, and the results of all seeds by metric.
  public let settings: [(values: [String: String], results: [String: [Double]])]

  /// Reads the folder of a sweep.
  ///
  /// - Throws: `TrainingError` when it has no summary, or one that cannot be used.
  public init(in folder: String) throws {
    let path = folder + "/summary.json"
    guard let data = FileManager.default.contents(atPath: path) else {
      throw TrainingError(
        "there is no summary of a sweep", place: path,
        remedy: "name the folder of a sweep that has ended")
    }
    guard let json = try? JSONValue(parsing: Array(data)),
      let experiment = json["experiment"]?.string, case .array(let entries)? = json["settings"]
    else { throw TrainingError("this is no summary of a sweep", place: path) }
    self.experiment = experiment
    self.folder = URL(fileURLWithPath: folder).lastPathComponent
    settings = entries.compactMap { entry in
      guard case .object(let object) = entry else { return nil }
      let results = object.compactMapValues { value -> [Double]? in
        guard case .array(let values)? = value["values"] else { return nil }
        return values.compactMap(\.double)
      }
      return (object.compactMapValues(\.string), results)
    }
    guard settings.contains(where: { !$0.results.isEmpty }) else {
      throw TrainingError(
        "the summary has no results by seed", place: path, remedy: "run the sweep again")
    }
  }
}
