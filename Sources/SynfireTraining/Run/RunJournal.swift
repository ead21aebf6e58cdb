import Foundation
import SynfireCore
import SynfireFormats

/// The logs of a run: `log.jsonl` and the event files of TensorBoard.
///
/// A checkpoint holds how long each was. On resume they are cut to that length, so that no entry is
/// missing or there twice, whenever the run was killed.
final class RunJournal {
  private static let eventPrefix = "events.out.tfevents."
  private static let logName = "log.jsonl"
  private let log: JSONLinesWriter
  private let events: TensorBoardWriter
  /// Event files of earlier processes of this run, with their lengths.
  private let earlier: [String: Int]

  /// - Parameter lengths: of each log file at the checkpoint; empty for a new run.
  init(folder: RunFolder, lengths: [String: Int]) throws {
    try RunJournal.cut(folder.logPath, to: lengths[RunJournal.logName] ?? 0)
    var earlier: [String: Int] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
    where name.hasPrefix(RunJournal.eventPrefix) {
      let path = folder.path + "/" + name
      if let length = lengths[name] {
        try RunJournal.cut(path, to: length)
        earlier[name] = length
      } else {
        unlink(path)
      }
    }
    self.earlier = earlier
    log = try JSONLinesWriter(folder.logPath)
    events = try TensorBoardWriter(directory: folder.path)
  }

  /// Adds one row of metrics.
  func record(_ kind: String, batch: Int, values: [String: Double]) throws {
    var entry: [String: JSONValue] = ["event": .string(kind), "batch": .integer(batch)]
    for (name, value) in values.sorted(by: { $0.key < $1.key }) {
      entry[name] = .number(value)
      try events.scalar("\(kind)/\(name)", value, step: batch)
    }
    try log.write(entry)
  }

  /// Adds a remark.
  func note(_ kind: String, batch: Int, text: String) throws {
    try log.write([
      "event": .string(kind), "batch": .integer(batch), "message": .string(text),
    ])
  }

  /// Adds a histogram, for TensorBoard only.
  func histogram(_ name: String, batch: Int, values: [Float]) throws {
    try events.histogram(name, values, step: batch)
  }

  /// Adds a histogram over bins of equal width from 0 to 1, for TensorBoard only.
  func histogram(_ name: String, batch: Int, counts: [Double]) throws {
    try events.histogram(name, counts: counts, from: 0, to: 1, step: batch)
  }

  /// Waits until the logs are on the disk, and gives their lengths in bytes.
  func synchronize() throws -> [String: Int] {
    try log.synchronize()
    try events.synchronize()
    var lengths = earlier
    for path in [log.path, events.path] {
      let name = URL(fileURLWithPath: path).lastPathComponent
      lengths[name] = try FileDescriptor(path, O_RDONLY, doing: "read").length()
    }
    return lengths
  }

  /// Cuts a file that is longer; one that is not there stays so.
  private static func cut(_ path: String, to length: Int) throws {
    guard FileManager.default.fileExists(atPath: path) else { return }
    let file = try FileDescriptor(path, O_WRONLY, doing: "write")
    if try file.length() > length { try file.truncate(to: length) }
  }
}
