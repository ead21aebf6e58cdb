import Foundation

/// The text of an experiment, parsed but not yet resolved, since overrides may follow.
public struct ExperimentFile: Sendable {
  /// What messages call it: the path, or the name of a bundled experiment with `.yaml`.
  public let place: String
  /// As it was written, with comments.
  public let text: String
  private let root: ConfigurationNode

  /// - Throws: `ExperimentError` with the line when the text is not YAML.
  public init(text: String, place: String) throws {
    self.text = text
    self.place = place
    root = try ConfigurationNode(yaml: text, file: place)
  }

  /// - Throws: `ExperimentError` when the file cannot be read, is not UTF-8 or not YAML.
  public init(path: String) throws {
    let place = ConfigurationPlace(file: path)
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw ExperimentError(
        "there is no such file", at: place,
        remedy: "give the path of a YAML file, or a name that `synfire list` shows")
    }
    guard !isDirectory.boolValue else {
      throw ExperimentError(
        "this is a folder", at: place, remedy: "give the path of the YAML file in it")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ExperimentError(
        "the file cannot be read", at: place, remedy: "check its permissions")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw ExperimentError("not YAML: not UTF-8 text", at: place, remedy: "save it as UTF-8")
    }
    try self.init(text: text, place: path)
  }

  /// The experiment with overrides in their order.
  ///
  /// - Parameters:
  ///   - overrides: from `--set`; a later one of the same key wins.
  ///   - memory: bytes that parameters and trials may take in training, of this machine unless given.
  /// - Throws: `ExperimentError` for the first mistake in the file, or in an override.
  public func experiment(
    overrides: [Override] = [], memory: Int = ExperimentFile.memoryOfThisMachine
  ) throws -> Experiment {
    var (experiment, resolved) = try Experiment.read(root, memory: memory)
    guard !overrides.isEmpty else { return experiment }
    let original = resolved
    for override in overrides {
      resolved = try override.applied(
        to: resolved, original: original, shortcuts: experiment.shortcuts)
    }
    (experiment, _) = try Experiment.read(resolved, memory: memory)
    return experiment
  }

  /// Bytes of physical memory.
  public static var memoryOfThisMachine: Int {
    Int(clamping: ProcessInfo.processInfo.physicalMemory)
  }
}
