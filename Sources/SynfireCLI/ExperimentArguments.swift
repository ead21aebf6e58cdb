import ArgumentParser
import Foundation
import Synfire

/// The values that replace those of an experiment.
struct OverrideOptions: ParsableArguments {
  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Replace a value of the experiment, by its short key or its path. May be repeated.",
      valueName: "key=value"))
  var set: [String] = []

  @Option(help: "The seed of all random numbers.")
  var seed: UInt64?

  @Option(
    help: ArgumentHelp(
      """
      Most memory for training, such as 2GB. Long sequences are then cut into segments, which are run \
      forward twice; no bit of the result depends on it.
      """, valueName: "size"))
  var memory: String?

  /// The overrides in their order, the seed and the memory last.
  func overrides() throws -> [Override] {
    var overrides = try set.map { try Override(parsing: $0) }
    if let seed { overrides.append(Override(key: "seed", value: String(seed))) }
    if let memory { overrides.append(Override(key: "training.memory", value: memory)) }
    return overrides
  }
}

/// Where the data sets are.
struct DataOptions: ParsableArguments {
  @Option(
    name: .customLong("data"),
    help: ArgumentHelp(
      "The data directory; otherwise that of the environment variable SYNFIRE_DATA.",
      valueName: "dir"))
  var data: String?

  var directory: String? { data ?? ProcessInfo.processInfo.environment["SYNFIRE_DATA"] }
}

/// How many threads work.
struct ThreadOptions: ParsableArguments {
  @Option(help: "Worker threads; otherwise one a core. Results do not depend on them.")
  var threads: Int?

  var count: Int { threads ?? ProcessInfo.processInfo.activeProcessorCount }

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads) is outside 1...1024")
    }
  }
}

/// An experiment by name, by its YAML file or by a run of it.
struct Subject {
  let experiment: Experiment
  /// The run, if a run folder was named.
  let run: (folder: RunFolder, checkpoint: Checkpoint)?

  /// - Parameter name: a bundled experiment, the path of a YAML file, or a run folder.
  init(_ name: String, overrides: [Override]) throws {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: name, isDirectory: &isFolder)
    guard exists, isFolder.boolValue, !ExperimentLibrary.names.contains(name) else {
      experiment = try ExperimentLibrary.experiment(named: name, overrides: overrides)
      run = nil
      return
    }
    let folder = try RunFolder.read(at: name)
    let checkpoint = try Subject.checkpoint(in: folder)
    experiment = try ExperimentFile(text: checkpoint.configuration, place: folder.checkpointPath)
      .experiment(overrides: overrides)
    run = (folder, checkpoint)
  }

  /// The checkpoint of a run; of a damaged one the user is told.
  static func checkpoint(in folder: RunFolder) throws -> Checkpoint {
    let (checkpoint, notice) = try folder.readCheckpoint()
    if let notice { Console.warning(notice) }
    return checkpoint
  }

  /// The parameters of a file, or else of the run, or else initial ones.
  func parameters(file: String?, network: any ParameterizedNetwork) throws -> NamedTensors<Float> {
    if let file { return try ParameterFile.read(file, for: network) }
    if let run { return run.checkpoint.parameters }
    return network.initialParameters(seed: experiment.seed)
  }
}
