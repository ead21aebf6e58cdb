import Foundation
import Synfire
import Testing

/// The built program, run as a user runs it.
struct Program {
  struct Outcome {
    let code: Int32
    let output: String
    let errors: String

    /// The one JSON object that the program wrote.
    func object() throws -> JSONValue { try JSONValue(parsing: Array(output.utf8)) }
  }

  /// The executable beside the bundle of the tests.
  static let path: String = {
    let bundle = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let candidates = [
      bundle.appendingPathComponent("synfire"),
      Bundle.main.bundleURL.deletingLastPathComponent().appendingPathComponent("synfire"),
      package.appendingPathComponent(".build/release/synfire"),
    ]
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) }?.path ?? ""
  }()

  /// Runs the program to its end.
  static func run(_ arguments: [String], in folder: WorkFolder? = nil) throws -> Outcome {
    try Running(arguments, in: folder).wait()
  }

  /// A tiny experiment: seconds in all.
  static let tiny = [
    "smnn/context", "--set", "batches=6", "--set", "trialsPerBatch=10", "--set", "neurons=20",
    "--set", "training.validation={every: 3, trials: 10}", "--set", "training.test.trials=20",
    "--set", "training.checkpointEvery=1", "--set", "analysis=[]",
  ]

  /// A tiny network of adaptive neurons whose connections are moved.
  static let rewired: [String] = {
    let sparse = "connectivity={kind: sparse, density: 30 %, signs: {excitatory: 75 %}}"
    return [
      "lsnn/store-recall", "--set", "neurons=20", "--set", "trialsPerBatch=8",
      "--set", "task.slots=4", "--set", "task.slotDuration=20 ms",
      "--set", "task.expectedDelay=30 ms", "--set", "network.layers.hidden.input.\(sparse)",
      "--set", "network.layers.hidden.recurrent.\(sparse)",
      "--set", "learning.rewiring={kind: deep-r, l1: 0.1, temperature: 1e-7}",
      "--set", "training.goal=none", "--set", "training.test.trials=8", "--set", "analysis=[]",
    ]
  }()
}

/// A program that is running.
final class Running {
  let process = Process()
  private let output: URL
  private let errors: URL

  init(_ arguments: [String], in folder: WorkFolder? = nil) throws {
    let scratch = FileManager.default.temporaryDirectory
      .appendingPathComponent("synfire-output-\(UUID().uuidString)")
    output = scratch.appendingPathExtension("out")
    errors = scratch.appendingPathExtension("err")
    for file in [output, errors] {
      _ = FileManager.default.createFile(atPath: file.path, contents: nil)
    }
    process.executableURL = URL(fileURLWithPath: Program.path)
    process.arguments = arguments
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    process.standardInput = FileHandle.nullDevice
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder.path) }
    try process.run()
  }

  /// What it has written to standard error so far.
  var errorsSoFar: String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }

  /// Waits until standard error has a text, or the program has ended.
  func wait(for text: String) {
    while process.isRunning, !errorsSoFar.contains(text) { usleep(2000) }
  }

  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  func wait() throws -> Program.Outcome {
    process.waitUntilExit()
    defer {
      try? FileManager.default.removeItem(at: output)
      try? FileManager.default.removeItem(at: errors)
    }
    let wasKilled = process.terminationReason == .uncaughtSignal
    return Program.Outcome(
      code: process.terminationStatus + (wasKilled ? 128 : 0),
      output: try String(contentsOf: output, encoding: .utf8),
      errors: try String(contentsOf: errors, encoding: .utf8))
  }
}

/// A folder that goes with the object.
final class WorkFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "synfire-work-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func at(_ name: String) -> String { path + "/" + name }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: at(name)) }
}
