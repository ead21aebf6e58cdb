import Foundation
import SynfireCore

/// One run of `curl`, whose output is appended to a file here: if this program dies, curl does too.
struct Transfer {
  enum Outcome {
    case complete
    case tooLong
    case failed(code: Int32, message: String)
  }

  /// Whether a failure comes from going on in the middle: the server knows no ranges, the offset is
  /// bad, or nothing follows it (HTTP status 416).
  static func cannotResume(code: Int32, message: String) -> Bool {
    code == 33 || code == 36 || (code == 22 && message.contains("416"))
  }

  /// Exit codes of curl that another attempt will not change: unsupported or malformed address, HTTP
  /// error, no ranges.
  static let isFinal: Set<Int32> = [1, malformedAddress, 22, 33]
  static let malformedAddress: Int32 = 3

  let url: String
  let part: String
  let offset: Int
  let settings: DataFetch

  /// Downloads from `offset` to the end, or until there are `limit` bytes.
  ///
  /// - Throws: `TasksError` if there is no curl, or the file cannot be written.
  func run(limit: Int, received: (Int) -> Void) throws -> Outcome {
    let file = try openPart()
    defer { fclose(file) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["curl"] + arguments
    let output = Pipe()
    let complaints = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = complaints
    do { try process.run() } catch {
      throw TasksError(
        "curl could not be started: \(error.localizedDescription)", remedy: Self.needsCurl)
    }
    var total = offset
    var problem: TasksError?
    while true {
      let data = output.fileHandleForReading.availableData
      if data.isEmpty { break }
      total += data.count
      if total > limit { break }
      let written = data.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
      if written < data.count {
        problem = writeError()
        break
      }
      received(total)
    }
    // Not SIGTERM, which curl would inherit as blocked from a thread that blocks it.
    if problem != nil || total > limit { kill(process.processIdentifier, SIGKILL) }
    let message = complaints.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    if fflush(file) != 0 || fsync(fileno(file)) != 0 { problem = problem ?? writeError() }
    if let problem { throw problem }
    if total > limit { return .tooLong }
    let code = process.terminationStatus
    if process.terminationReason == .exit, code == 0 { return .complete }
    if code == 127 {
      throw TasksError("there is no curl program", remedy: Self.needsCurl)
    }
    let text = String(decoding: message, as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    return .failed(code: code, message: text.isEmpty ? "curl ended with status \(code)" : text)
  }

  private static let needsCurl =
    "Install curl (Debian: apt install curl), or put the files there by hand."

  private var arguments: [String] {
    var result = [
      "--fail", "--location", "--silent", "--show-error",
      "--connect-timeout", "\(settings.connectSeconds)",
      "--speed-limit", "\(settings.stallBytes)", "--speed-time", "\(settings.stallSeconds)",
    ]
    if offset > 0 { result += ["--continue-at", "\(offset)"] }
    // A proxy that is set for the outside cannot reach a mirror on this machine.
    if let host = URL(string: url)?.host, ["localhost", "127.0.0.1", "::1"].contains(host) {
      result += ["--noproxy", "*"]
    }
    return result + ["--", url]
  }

  private func openPart() throws -> UnsafeMutablePointer<FILE> {
    guard let file = fopen(part, "ab") else { throw writeError() }
    return file
  }

  private func writeError() -> TasksError {
    TasksError(
      "cannot be written: \(String(cString: strerror(errno)))", place: part,
      remedy: "Check that you may write there and that the disk is not full.")
  }
}
