import Foundation

/// The experiments that are embedded in the program, and those in files of the user.
public enum ExperimentLibrary {
  /// A bundled experiment.
  public struct Listing: Sendable, Equatable {
    public let name: String
    public let purpose: String
  }

  /// The names of the bundled experiments, sorted.
  public static var names: [String] { BundledExperiments.texts.keys.sorted() }

  /// The bundled experiments with their purposes.
  public static func list() throws -> [Listing] {
    try names.map { name in
      let experiment = try file(named: name).experiment(memory: .max)
      return Listing(name: name, purpose: experiment.purpose)
    }
  }

  /// The file of a bundled experiment, or the YAML file at a path.
  ///
  /// - Throws: `ExperimentError` when there is neither; it names the most similar experiments.
  public static func file(named name: String) throws -> ExperimentFile {
    if let text = BundledExperiments.texts[name] {
      return try ExperimentFile(text: text, place: "\(name).yaml")
    }
    let looksLikePath = [".yaml", ".yml"].contains { name.lowercased().hasSuffix($0) }
    if looksLikePath || FileManager.default.fileExists(atPath: name) {
      return try ExperimentFile(path: name)
    }
    let nearest = NearestSpelling.several(name, among: names, count: 3)
    throw ExperimentError(
      "there is no experiment of this name, and no such file",
      at: ConfigurationPlace(file: name),
      remedy: "did you mean \(nearest.joined(separator: ", "))? `synfire list` shows all")
  }

  /// The experiment of a name or path, with overrides.
  public static func experiment(named name: String, overrides: [Override] = []) throws -> Experiment
  {
    try file(named: name).experiment(overrides: overrides)
  }
}
