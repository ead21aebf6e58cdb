import Foundation
import SynfireFormats

/// Where the files of a data set are: in a folder of its name within the data directory, or in the data
/// directory itself, as they are or with `.gz` after the name.
public struct DataFiles: Sendable {
  public let dataSet: String
  /// The data directory.
  public let directory: String

  /// - Parameter directory: the data directory; nil if the user has named none.
  /// - Throws: `TasksError` if it is nil or empty, or there is no such directory.
  public init(dataSet: String, directory: String?) throws {
    guard let directory, !directory.isEmpty else {
      throw TasksError(
        "no data directory is given", place: dataSet, remedy: Self.remedy(dataSet))
    }
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory) else {
      throw TasksError(
        "there is no such data directory", place: directory, remedy: Self.remedy(dataSet))
    }
    guard isDirectory.boolValue else {
      throw TasksError(
        "the data directory is a file", place: directory, remedy: Self.remedy(dataSet))
    }
    self.dataSet = dataSet
    self.directory = directory
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
      place: directory, remedy: Self.remedy(dataSet))
  }

  private static func remedy(_ dataSet: String) -> String {
    "Name the directory with --data DIR or SYNFIRE_DATA; `synfire data fetch \(dataSet)` downloads "
      + "the files into it."
  }
}
