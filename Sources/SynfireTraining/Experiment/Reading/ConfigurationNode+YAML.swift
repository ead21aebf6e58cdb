import Yams

extension ConfigurationNode {
  /// No experiment file comes near this many values; a file of nested aliases goes far beyond.
  private static let largestNodeCount = 100_000

  /// Reads one YAML document.
  ///
  /// - Parameters:
  ///   - yaml: the text.
  ///   - file: what messages call the file.
  ///   - override: the key of the `--set` whose value the text is; its nodes have no lines.
  /// - Throws: `ExperimentError` with file and line when the text is not YAML.
  public init(yaml: String, file: String, override: String? = nil) throws {
    let place = override.map(ConfigurationPlace.init(override:)) ?? ConfigurationPlace(file: file)
    let root: Node?
    do {
      root = try Yams.compose(yaml: yaml)
    } catch let error as YamlError {
      throw ConfigurationNode.error(of: error, at: place)
    }
    guard let root else {
      throw ExperimentError(
        "there is nothing in it", at: place,
        remedy: "start from a bundled experiment: synfire describe smnn/context --yaml")
    }
    var budget = ConfigurationNode.largestNodeCount
    try self.init(root, within: place, budget: &budget)
  }

  private init(_ node: Node, within file: ConfigurationPlace, budget: inout Int) throws {
    let place = ConfigurationNode.place(of: node, within: file)
    budget -= 1
    guard budget >= 0 else {
      throw ExperimentError(
        "more than \(ConfigurationNode.largestNodeCount) values after aliases are expanded",
        at: place, remedy: "write out the aliases (&name, *name)")
    }
    switch node {
    case .scalar(let scalar):
      let isPlain = scalar.style == .plain || scalar.style == .any
      self.init(.scalar(scalar.string, isQuoted: !isPlain), at: place)
    case .sequence(let sequence):
      var elements: [ConfigurationNode] = []
      for element in sequence {
        elements.append(try ConfigurationNode(element, within: file, budget: &budget))
      }
      self.init(.list(elements), at: place)
    case .mapping(let mapping):
      var entries: [Entry] = []
      for (key, value) in mapping {
        let keyPlace = ConfigurationNode.place(of: key, within: file)
        guard case .scalar(let name) = key else {
          throw ExperimentError("a key must be a word", at: keyPlace)
        }
        entries.append(
          Entry(
            key: name.string, place: keyPlace,
            value: try ConfigurationNode(value, within: file, budget: &budget)))
      }
      self.init(.mapping(entries), at: place)
    case .alias(let alias):
      throw ExperimentError("nothing is anchored as &\(alias.anchor.rawValue)", at: place)
    }
  }

  private static func place(of node: Node, within file: ConfigurationPlace) -> ConfigurationPlace {
    guard file.override == nil, let mark = node.mark else { return file }
    return ConfigurationPlace(file: file.file, line: mark.line, column: mark.column)
  }

  /// The error of the YAML library in our words: what it found, and where.
  private static func error(of error: YamlError, at file: ConfigurationPlace) -> ExperimentError {
    func place(_ mark: Mark) -> ConfigurationPlace {
      guard file.override == nil else { return file }
      return ConfigurationPlace(file: file.file, line: mark.line, column: mark.column)
    }
    let remedy =
      "indent with spaces, write \"key: value\" with a space after the colon, and quote texts that"
      + " contain \": \" or \" #\""
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return ExperimentError("not YAML: \(problem)", at: place(mark), remedy: remedy)
    case .reader(let problem, let offset, _, let yaml):
      let line = offset.map { yaml.prefix($0).count { $0.isNewline } + 1 }
      return ExperimentError(
        "not YAML: \(problem)",
        at: file.override == nil ? ConfigurationPlace(file: file.file, line: line) : file,
        remedy: "the file must be UTF-8 text")
    case .duplicatedKeysInMapping(let duplicates, let context):
      let names = duplicates.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
      return ExperimentError(
        "\(names) is given twice in one mapping", at: place(context.mark),
        remedy: "keep one of the two")
    default:
      return ExperimentError("not YAML: \(error)", at: file, remedy: remedy)
    }
  }
}
