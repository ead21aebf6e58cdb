/// One value of an experiment file with the place where it was written: a scalar, a list or a
/// mapping whose keys keep their order.
public struct ConfigurationNode: Sendable, Equatable {
  public enum Content: Sendable, Equatable {
    /// The text of a scalar; a quoted one is never a number, a truth value or `none`.
    case scalar(String, isQuoted: Bool)
    case list([ConfigurationNode])
    case mapping([Entry])
  }

  public struct Entry: Sendable, Equatable {
    public let key: String
    public let place: ConfigurationPlace
    public var value: ConfigurationNode
  }

  public var content: Content
  public let place: ConfigurationPlace

  public init(_ content: Content, at place: ConfigurationPlace) {
    self.content = content
    self.place = place
  }

  /// True for the unquoted scalar `none`, by which an optional value is left out.
  public var isNone: Bool { content == .scalar("none", isQuoted: false) }

  /// What the node is, for messages.
  var kindInWords: String {
    switch content {
    case .scalar("", isQuoted: false): "nothing"
    case .scalar(let text, _): "\"\(text)\""
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }

  /// The value under a key of a mapping, or the element of a list that has this `name` or index.
  public subscript(step: String) -> ConfigurationNode? {
    switch content {
    case .scalar: nil
    case .mapping(let entries): entries.first { $0.key == step }?.value
    case .list(let elements): elements.position(of: step).map { elements[$0] }
    }
  }

  /// The value at a dotted path, such as `network.layers.hidden.neurons`.
  public func value(at path: String) -> ConfigurationNode? {
    ConfigurationNode.steps(path).reduce(self) { node, step in node?[step] }
  }

  /// The dotted paths of everything inside, mappings before their entries.
  public var paths: [String] {
    switch content {
    case .scalar: []
    case .mapping(let entries):
      entries.flatMap { entry in [entry.key] + entry.value.paths.map { "\(entry.key).\($0)" } }
    case .list(let elements):
      elements.enumerated().flatMap { index, element in
        let step = element.nameOfElement ?? String(index)
        return [step] + element.paths.map { "\(step).\($0)" }
      }
    }
  }

  /// The `name` by which paths can speak of an element of a list.
  var nameOfElement: String? {
    guard case .scalar(let text, _) = self["name"]?.content else { return nil }
    return text
  }

  static func steps(_ path: String) -> [String] {
    path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
  }
}

extension [ConfigurationNode] {
  /// The index of the element that has this `name`, or this index.
  func position(of step: String) -> Int? {
    if let named = firstIndex(where: { $0.nameOfElement == step }) { return named }
    guard let index = Int(step), indices.contains(index) else { return nil }
    return index
  }
}
