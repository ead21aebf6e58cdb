import Foundation
import SynfireCore

/// Downloads a data set with the `curl` program, so that neither a cut connection, a stalled server
/// nor a corrupt copy leaves anything behind that could be taken for the data.
///
/// Every file is written to FILE.gz.part, which the next attempt, or the next run, goes on from. It is
/// moved to FILE.gz only when the sha256 of its raw content is right; a corrupt one is deleted.
public struct DataFetch: Sendable {
  /// What happens on the way, to be shown.
  public enum Event: Sendable, Equatable {
    case alreadyWhole(file: String)
    /// A connection is made; `offset` bytes are there already.
    case connecting(url: String, offset: Int)
    case received(file: String, bytes: Int)
    case failed(url: String, reason: String)
    case finished(file: String, path: String)
  }

  /// Attempts at one mirror that bring nothing new before the next mirror is tried.
  public var attempts = 4
  /// Seconds between attempts.
  public var pause = 2.0
  /// Seconds to wait for a connection.
  public var connectSeconds = 20
  /// A connection that brings less than `stallBytes` a second for so many seconds has stalled.
  public var stallSeconds = 20
  public var stallBytes = 512

  public init() {}

  /// Fetches the files that are not there and whole into DIRECTORY/NAME, making the folder if need be.
  ///
  /// - Parameters:
  ///   - mirror: an address to use in place of the data set's own mirrors.
  ///   - report: called on the way, on the calling thread.
  /// - Throws: `TasksError` if there is no `curl`, the folder cannot be written, or no mirror has a
  ///   whole copy; what was wrong with each is said.
  public func fetch(
    _ dataSet: DataSet, into directory: String, mirror: String? = nil,
    report: (Event) -> Void = { _ in }
  ) throws {
    let folder = "\(directory)/\(dataSet.name)"
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw TasksError(
        "the folder cannot be made", place: folder,
        remedy: "Name a directory that you may write with --data DIR or SYNFIRE_DATA.")
    }
    // A folder that nothing was put into is taken away again; one with files in it stays.
    defer { rmdir(folder) }
    let places = try DataFiles(dataSet: dataSet.name, directory: directory)
    for file in dataSet.files {
      if let path = places.find(file.name), file.complaint(path: path) == nil {
        report(.alreadyWhole(file: file.name))
        continue
      }
      let mirrors = mirror.map { [$0] } ?? dataSet.mirrors
      try fetch(file, from: mirrors, to: "\(folder)/\(file.name).gz", report: report)
    }
  }

  private func fetch(
    _ file: DataSetFile, from mirrors: [String], to path: String, report: (Event) -> Void
  ) throws {
    let part = path + ".part"
    // A run that was killed after the last byte left a whole part.
    if partSize(part) > 0, file.complaint(path: part) == nil {
      return try moveIntoPlace(part, path, file, report)
    }
    var failures: [String] = []
    var isMalformed = false
    for mirror in mirrors {
      let url = mirror + (mirror.hasSuffix("/") ? "" : "/") + file.name + ".gz"
      var fruitless = 0
      var corruptions = 0
      while fruitless < attempts, corruptions < 2 {
        if fruitless + corruptions > 0 { Thread.sleep(forTimeInterval: pause) }
        let offset = partSize(part)
        report(.connecting(url: url, offset: offset))
        let transfer = try Transfer(url: url, part: part, offset: offset, settings: self)
          .run(limit: file.bytes + file.bytes / 64 + 65_536) {
            report(.received(file: file.name, bytes: $0))
          }
        var reason: String
        switch transfer {
        case .complete:
          guard let complaint = file.complaint(path: part) else {
            return try moveIntoPlace(part, path, file, report)
          }
          reason = "the download was corrupt and is deleted: \(complaint)"
          corruptions += 1
          try remove(part)
        case .tooLong:
          reason = "the download was longer than the file and is deleted"
          corruptions += 1
          try remove(part)
        case .failed(let code, let message):
          reason = message
          isMalformed = isMalformed || code == Transfer.malformedAddress
          if offset > 0, Transfer.cannotResume(code: code, message: message) {
            reason += "; starting again from the beginning"
            fruitless += 1
            try remove(part)
          } else if Transfer.isFinal.contains(code) {
            fruitless = attempts
          } else {
            fruitless = partSize(part) > offset ? 1 : fruitless + 1
          }
        }
        failures.append("\(url): \(reason)")
        report(.failed(url: url, reason: reason))
      }
    }
    throw TasksError(
      "\(file.name) could not be downloaded:\n    " + failures.joined(separator: "\n    "),
      place: path,
      remedy: "Try again later, which goes on from what is there; name another source with "
        + "--mirror URL; or put the file there by hand.", isUserMistake: isMalformed)
  }

  private func moveIntoPlace(
    _ part: String, _ path: String, _ file: DataSetFile, _ report: (Event) -> Void
  ) throws {
    guard rename(part, path) == 0 else {
      throw TasksError(
        "the download cannot be moved into place: \(String(cString: strerror(errno)))",
        place: path, remedy: "Check that you may write there.")
    }
    report(.finished(file: file.name, path: path))
  }

  private func partSize(_ part: String) -> Int {
    let attributes = try? FileManager.default.attributesOfItem(atPath: part)
    return (attributes?[.size] as? NSNumber)?.intValue ?? 0
  }

  private func remove(_ part: String) throws {
    guard unlink(part) == 0 || errno == ENOENT else {
      throw TasksError(
        "cannot be deleted: \(String(cString: strerror(errno)))", place: part,
        remedy: "Check that you may write there.")
    }
  }
}
