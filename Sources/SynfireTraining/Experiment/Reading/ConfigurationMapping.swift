/// Reads one mapping of an experiment file strictly: each key is asked for once, and a key that
/// nobody asked for is an error.
///
/// While it reads, it writes down every value, defaults included, in the order of asking. That is
/// the resolved mapping, from which the canonical text of an experiment is made; so nothing that is
/// read can be forgotten there, and defaults are written as they would be in a file.
final class ConfigurationMapping {
  /// The dotted path of the mapping; empty at the top of the file.
  let path: String
  let place: ConfigurationPlace
  private let entries: [ConfigurationNode.Entry]
  private var asked: [String] = []
  private var resolvedEntries: [ConfigurationNode.Entry] = []

  /// - Throws: `ExperimentError` when the node is not a mapping.
  init(_ node: ConfigurationNode, path: String) throws {
    guard case .mapping(let entries) = node.content else {
      throw ExperimentError.noGroup(node, path: path)
    }
    self.path = path
    self.place = node.place
    self.entries = entries
  }

  func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// How the value of a key is written.
  enum Form {
    case absent, scalar, list, mapping
  }

  func form(of key: String) -> Form {
    switch entries.first(where: { $0.key == key })?.value.content {
    case nil: .absent
    case .scalar: .scalar
    case .list: .list
    case .mapping: .mapping
    }
  }

  // MARK: Values

  /// The value of a key; `fallback` is the text that stands for a key that is left out.
  func value<Value>(
    _ key: String, default fallback: String? = nil,
    _ read: (ConfigurationScalar) throws -> Value
  ) throws -> Value {
    let node = try take(key, default: fallback)
    write(key, node)
    return try read(ConfigurationScalar(node, key: path(of: key)))
  }

  /// The value of a key that may be left out, or be `none`.
  func optional<Value>(_ key: String, _ read: (ConfigurationScalar) throws -> Value) throws
    -> Value?
  {
    let node = try take(key, default: "none")
    write(key, node)
    if node.isNone { return nil }
    return try read(ConfigurationScalar(node, key: path(of: key)))
  }

  /// The values of a list of scalars.
  func values<Value>(
    _ key: String, default fallback: String? = nil,
    _ read: (ConfigurationScalar) throws -> Value
  ) throws -> [Value] {
    let node = try take(key, default: fallback)
    write(key, node)
    return try elements(of: node, key).map { path, element in
      try read(ConfigurationScalar(element, key: path))
    }
  }

  // MARK: Mappings

  /// What a mapping under a key is read as.
  func nested<Value>(
    _ key: String, default fallback: String? = nil,
    _ read: (ConfigurationMapping) throws -> Value
  ) throws -> Value {
    let node = try take(key, default: fallback)
    return try readMapping(node, key, path(of: key), read)
  }

  /// What a mapping under a key is read as, when the key is there and not `none`.
  func optionalNested<Value>(_ key: String, _ read: (ConfigurationMapping) throws -> Value) throws
    -> Value?
  {
    let node = try take(key, default: "none")
    if node.isNone {
      write(key, node)
      return nil
    }
    return try readMapping(node, key, path(of: key), read)
  }

  /// What each mapping of a list is read as.
  func list<Value>(
    _ key: String, default fallback: String? = nil,
    _ read: (ConfigurationMapping) throws -> Value
  ) throws -> [Value] {
    let node = try take(key, default: fallback)
    var resolved: [ConfigurationNode] = []
    let values = try elements(of: node, key).map { path, element in
      let mapping = try ConfigurationMapping(element, path: path)
      let value = try read(mapping)
      resolved.append(try mapping.finish())
      return value
    }
    write(key, ConfigurationNode(.list(resolved), at: node.place))
    return values
  }

  /// The entries of a mapping whose keys the user chooses.
  func table(_ key: String) throws -> [ConfigurationNode.Entry] {
    let node = try take(key, default: "{}")
    write(key, node)
    return try ConfigurationMapping(node, path: path(of: key)).entries
  }

  /// What was read so far, with its defaults.
  var resolved: ConfigurationNode { ConfigurationNode(.mapping(resolvedEntries), at: place) }

  /// Ends the reading.
  ///
  /// - Returns: the mapping with its defaults.
  /// - Throws: `ExperimentError` when a key was not asked for.
  @discardableResult
  func finish() throws -> ConfigurationNode {
    if let stray = entries.first(where: { !asked.contains($0.key) }) { throw unknown(stray) }
    return resolved
  }

  /// An error about the value of a key.
  func rejected(_ key: String, _ what: String, remedy: String = "") -> ExperimentError {
    let node = entries.first { $0.key == key }?.value
    return ExperimentError(what, at: node?.place ?? place, key: path(of: key), remedy: remedy)
  }

  // MARK: -

  private func readMapping<Value>(
    _ node: ConfigurationNode, _ key: String, _ path: String,
    _ read: (ConfigurationMapping) throws -> Value
  ) throws -> Value {
    let mapping = try ConfigurationMapping(node, path: path)
    let value = try read(mapping)
    write(key, try mapping.finish())
    return value
  }

  private func elements(of node: ConfigurationNode, _ key: String) throws
    -> [(path: String, node: ConfigurationNode)]
  {
    guard case .list(let elements) = node.content else {
      throw ExperimentError(
        "a list is wanted, this is \(node.kindInWords)", at: node.place, key: path(of: key),
        remedy: "write [a, b], or one element a line after \"- \"")
    }
    return elements.enumerated().map { index, element in
      (path: "\(path(of: key)).\(element.nameOfElement ?? String(index))", node: element)
    }
  }

  private func write(_ key: String, _ node: ConfigurationNode) {
    resolvedEntries.append(ConfigurationNode.Entry(key: key, place: node.place, value: node))
  }

  private func take(_ key: String, default fallback: String?) throws -> ConfigurationNode {
    asked.append(key)
    if let entry = entries.first(where: { $0.key == key }) { return entry.value }
    if let fallback { return try ConfigurationNode(yaml: fallback, file: place.file, line: place) }
    // A missing key is most often a misspelt one: that is the better message.
    let strays = entries.filter { !asked.contains($0.key) }
    if let nearest = NearestSpelling.of(key, among: strays.map(\.key)),
      let stray = strays.first(where: { $0.key == nearest })
    {
      throw unknown(stray)
    }
    throw ExperimentError(
      "the key \"\(key)\" is missing", at: place, key: path,
      remedy: "add \"\(key): VALUE\"" + (path.isEmpty ? " to the file" : " to \(path)"))
  }

  private func unknown(_ entry: ConfigurationNode.Entry) -> ExperimentError {
    let present = Set(entries.map(\.key))
    let free = asked.filter { !present.contains($0) }
    let nearest =
      NearestSpelling.of(entry.key, among: free) ?? NearestSpelling.of(entry.key, among: asked)
    let list = "keys here are \(asked.joined(separator: ", "))"
    return ExperimentError(
      "unknown key \"\(entry.key)\"", at: entry.place, key: path(of: entry.key),
      remedy: nearest.map { "did you mean \($0)?" } ?? list)
  }
}

extension ConfigurationNode {
  /// The value that a default text stands for, at the place of the mapping that left it out.
  fileprivate init(yaml: String, file: String, line place: ConfigurationPlace) throws {
    let parsed = try ConfigurationNode(yaml: yaml, file: file)
    self = parsed.moved(to: place)
  }

  /// The same values, all at one place.
  func moved(to place: ConfigurationPlace) -> ConfigurationNode {
    switch content {
    case .scalar: ConfigurationNode(content, at: place)
    case .list(let elements):
      ConfigurationNode(.list(elements.map { $0.moved(to: place) }), at: place)
    case .mapping(let entries):
      ConfigurationNode(
        .mapping(
          entries.map { Entry(key: $0.key, place: place, value: $0.value.moved(to: place)) }),
        at: place)
    }
  }
}
