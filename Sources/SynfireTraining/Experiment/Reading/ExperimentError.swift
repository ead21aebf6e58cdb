import SynfireCore

/// What is wrong with an experiment file, an override or the name of an experiment.
///
/// Every such mistake is found before anything runs.
public struct ExperimentError: SynfireError, Equatable {
  public let what: String
  public let remedy: String
  /// Where the value stands: a file and a line, or `--set KEY`.
  public let source: ConfigurationPlace
  /// The dotted path of the key, such as `network.layers.hidden.neurons`; empty when no key is meant.
  public let key: String

  public init(_ what: String, at source: ConfigurationPlace, key: String = "", remedy: String = "")
  {
    self.what = what
    self.source = source
    self.key = key
    self.remedy = remedy
  }

  /// The line in the file, counted from 1; nil for overrides and names.
  public var line: Int? { source.line }

  /// `file:line: key`, or `--set KEY`.
  public var place: String {
    let parts = [source.description, source.override == key ? "" : key]
    return parts.filter { !$0.isEmpty }.joined(separator: ": ")
  }
}

extension ExperimentError {
  /// The error about something else in the place of a mapping.
  static func noGroup(_ node: ConfigurationNode, path: String) -> ExperimentError {
    ExperimentError(
      "a group of settings, keys with values, is wanted, this is \(node.kindInWords)",
      at: node.place, key: path,
      remedy: node.place.override == nil
        ? "write its keys below, one a line, indented"
        : "set them one by one, --set \(path).KEY=VALUE, or all, --set '\(path)={KEY: VALUE, ...}'")
  }
}

/// Where a value of an experiment was written.
public struct ConfigurationPlace: Sendable, Equatable, CustomStringConvertible {
  /// The path of the file, or the name of a bundled experiment.
  public let file: String
  /// Line and column, counted from 1.
  public let line: Int?
  public let column: Int?
  /// The key of the `--set` that gave the value, if one did.
  public let override: String?

  public init(file: String, line: Int? = nil, column: Int? = nil) {
    self.file = file
    self.line = line
    self.column = column
    self.override = nil
  }

  /// The place of a value that was given by `--set key=...`.
  public init(override key: String) {
    self.file = ""
    self.line = nil
    self.column = nil
    self.override = key
  }

  public var description: String {
    if let override { return "--set \(override)" }
    guard let line else { return file }
    return "\(file):\(line)"
  }
}
