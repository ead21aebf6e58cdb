import Foundation

/// A folder for one test, removed with its last reference.
final class Scratch {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/synfire-formats-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a file in the folder.
  func file(_ name: String) -> String { path + "/" + name }

  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }
}

func contents(_ path: String) throws -> [UInt8] {
  [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
}

func put(_ bytes: [UInt8], _ path: String) throws {
  try Data(bytes).write(to: URL(fileURLWithPath: path))
}

/// A Python with numpy, h5py, safetensors and tensorboard, named by `SYNFIRE_PYTHON`.
enum Python {
  static let path = ProcessInfo.processInfo.environment["SYNFIRE_PYTHON"]
  static var isThere: Bool { path != nil }

  /// Runs a script; its assertions decide. Returns what it printed.
  @discardableResult
  static func run(_ script: String, _ arguments: String...) throws -> String {
    try execute(path!, ["-c", script] + arguments)
  }
}

struct CommandFailed: Error { let output: String }

@discardableResult
func execute(_ program: String, _ arguments: [String]) throws -> String {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: program)
  process.arguments = arguments
  let pipe = Pipe()
  process.standardOutput = pipe
  process.standardError = pipe
  try process.run()
  let output = String(
    decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  if process.terminationStatus != 0 { throw CommandFailed(output: output) }
  return output
}
