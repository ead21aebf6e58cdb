import Foundation
import SynfireFormats

/// Where the files of a data set are: in a folder of its name within the data directory, or in the data
/// directory itself, as they are or with `.gz` after the name.
public struct DataFiles: Sendable {
  public let dataSet: String
  /// The data directory.
  public let directory: String
  /// How to get the files.
  private let remedy: String

  /// - Parameters:
  ///   - directory: the data directory; nil if the user has named none.
  ///   - origin: how to get the files where `synfire data fetch` does not.
  /// - Throws: `TasksError` if it is nil or empty, or there is no such directory.
  public init(dataSet: String, directory: String?, origin: String? = nil) throws {
    let remedy =
      "Name the directory with --data DIR or SYNFIRE_DATA"
      + (origin.map { ". \($0)" }
        ?? "; `synfire data fetch \(dataSet)` downloads the files into it.")
    guard let directory, !directory.isEmpty else {
      throw TasksError(
        "no data directory is given", place: dataSet, remedy: remedy)
    }
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory) else {
      throw TasksError(
        "there is no such data directory", place: directory, remedy: remedy)
    }
    guard isDirectory.boolValue else {
      throw TasksError(
        "the data directory is a file", place: directory, remedy: remedy)
    }
    self.dataSet = dataSet
    self.directory = directory
    self.remedy = remedy
  }

  /// Every path at which a file is looked for, in order.
  public func candidates(_ name: String) -> [String] {
    [directory + "/" + dataSet, directory].flatMap { folder in
      ["\(folder)/\(name).gz", "\(folder)/\(name)"]
    }
  }

  /// The path of a file, or nil.
  public func find(_ name: String) -> String? {
    candidates(name).first { FileManager.default.fileExists(atPath: $0) }
  }

  /// The path of a file.
  ///
  /// - Throws: `TasksError` that says where the file was looked for, and how to get it.
  public func path(_ name: String) throws -> String {
    if let found = find(name) { return found }
    throw TasksError(
      "\(name) of \(dataSet) is not there; looked for\n    "
        + candidates(name).joined(separator: "\n    "),
      place: directory, remedy: remedy)
  }
}
