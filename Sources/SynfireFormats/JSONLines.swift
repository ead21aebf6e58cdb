import Foundation
import Synchronization

/// A file with one JSON object a line (https://jsonlines.org), as the log of a run is.
public enum JSONLines {
  /// Reads all whole lines, and leaves out a last line without its line end, which is what a kill in
  /// the middle of a write leaves behind.
  ///
  /// - Throws: `FormatsError` naming the line when one is not a JSON object.
  public static func read(_ path: String) throws -> [[String: JSONValue]] {
    let bytes = try FileDescriptor.contents(of: path)
    let whole = bytes[..<wholeLength(bytes)]
    var objects: [[String: JSONValue]] = []
    for (index, line) in whole.split(separator: newline, omittingEmptySubsequences: false)
      .enumerated()
    {
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) { continue }
      guard case .object(let members)? = try? JSONValue(parsing: Array(line)) else {
        throw FormatsError(
          "line \(index + 1) is not a JSON object", place: path,
          remedy: "Remove the line.", kind: .damaged)
      }
      objects.append(members)
    }
    return objects
  }

  /// Cuts off a last line without its line end, in place. Returns whether there was one.
  @discardableResult
  public static func repair(_ path: String) throws -> Bool {
    let file = try FileDescriptor(path, O_RDWR, doing: "write")
    let length = try file.length()
    let whole = wholeLength(try file.read(length, at: 0))
    if whole == length { return false }
    try file.truncate(to: whole)
    return true
  }

  /// Keeps only the objects for which `isKept` holds, replacing the file in one step: a resumed run
  /// drops what was logged after its checkpoint.
  public static func filter(
    _ path: String, _ isKept: ([String: JSONValue]) throws -> Bool
  ) throws {
    let kept = try read(path).filter(isKept)
    try AtomicFile.write(kept.map { JSONValue.object($0).text + "\n" }.joined(), to: path)
  }

  private static let newline = UInt8(ascii: "\n")

  private static func wholeLength(_ bytes: [UInt8]) -> Int {
    bytes.lastIndex(of: newline).map { $0 + 1 } ?? 0
  }
}

/// Appends objects to a file, one a line, keys sorted; each line is with the system when `write`
/// returns. Infinities and NaN become `null`. Safe to use from several threads.
public final class JSONLinesWriter: Sendable {
  public let path: String
  private let file: Mutex<FileDescriptor>

  /// Opens a file, or creates it; a torn last line is cut off first.
  public init(_ path: String) throws {
    self.path = path
    let opened = try FileDescriptor(path, O_WRONLY | O_CREAT | O_APPEND, doing: "write")
    try JSONLines.repair(path)
    file = Mutex(opened)
  }

  /// Appends one object.
  public func write(_ object: [String: JSONValue]) throws {
    let line = Array((JSONValue.object(object).text + "\n").utf8)
    try file.withLock { try $0.write(line) }
  }

  /// Waits until the disk holds all lines.
  public func synchronize() throws { try file.withLock { try $0.synchronize() } }
}
