/// A value that replaces one of the experiment file: `--set key=value`.
public struct Override: Sendable, Equatable {
  /// A short key of the experiment, or a dotted path such as `network.layers.hidden.neurons`.
  public let key: String
  /// YAML: `200`, `20 ms`, `[0, 1]`, `{kind: sgd, learningRate: 0.1}`; `none` leaves an optional
  /// value out.
  public let value: String

  public init(key: String, value: String) {
    self.key = key
    self.value = value
  }

  /// Reads `key=value`.
  ///
  /// - Throws: `ExperimentError` when there is no key, no `=` or no value.
  public init(parsing text: String) throws {
    let place = ConfigurationPlace(override: text)
    guard let equals = text.firstIndex(of: "=") else {
      throw ExperimentError("there is no \"=\"", at: place, remedy: "write --set key=value")
    }
    key = String(text[..<equals]).trimmingSpaces()
    value = String(text[text.index(after: equals)...]).trimmingSpaces()
    if key.isEmpty || value.isEmpty {
      throw ExperimentError(
        key.isEmpty ? "there is no key before \"=\"" : "there is no value after \"=\"", at: place,
        remedy: "write --set key=value")
    }
  }

  /// The values with this one in its place, or places if the key is short for several.
  ///
  /// - Parameter original: the values before all overrides.
  /// - Throws: `ExperimentError` when the value is not YAML, or nothing is at the key.
  func applied(
    to values: ConfigurationNode, original: ConfigurationNode, shortcuts: [Experiment.Shortcut]
  ) throws -> ConfigurationNode {
    let node = try ConfigurationNode(yaml: value, file: "", override: key)
    let place = ConfigurationPlace(override: key)
    let paths = Override.expanded(key, shortcuts)
    return try paths.reduce(values) { values, path in
      let steps = ConfigurationNode.steps(path)
      // A new key may only be added below the top, where its mapping will judge it.
      let isKnown = steps.count > 1 || values[path] != nil
      guard isKnown, let changed = values.replacing(steps[...], by: node) else {
        try Override.requireGroups(above: steps, of: values, original)
        let candidates = shortcuts.map(\.key) + values.paths
        let nearest = NearestSpelling.ofPath(key, among: candidates)
        throw ExperimentError(
          "unknown key \"\(path)\"", at: place, key: key,
          remedy: nearest.map { "did you mean \($0)?" } ?? Override.hint(shortcuts))
      }
      return changed
    }
  }

  /// The long keys of a key whose first step may be a short one.
  private static func expanded(_ key: String, _ shortcuts: [Experiment.Shortcut]) -> [String] {
    let steps = ConfigurationNode.steps(key)
    guard let shortcut = shortcuts.first(where: { $0.key == steps[0] }) else { return [key] }
    return shortcut.paths.map { ([$0] + steps.dropFirst()).joined(separator: ".") }
  }

  /// - Throws: `ExperimentError` about the earlier override that put something else in the place of a group
  ///   of settings on the way to a key.
  private static func requireGroups(
    above steps: [String], of values: ConfigurationNode, _ original: ConfigurationNode
  ) throws {
    for count in 1..<steps.count {
      let path = steps[..<count].joined(separator: ".")
      guard case .mapping? = original.value(at: path)?.content, let node = values.value(at: path)
      else { continue }
      if case .mapping = node.content { continue }
      throw ExperimentError.noGroup(node, path: path)
    }
  }

  private static func hint(_ shortcuts: [Experiment.Shortcut]) -> String {
    shortcuts.isEmpty
      ? "keys are dotted paths of the file, such as learning.optimizer.learningRate"
      : "short keys are \(shortcuts.map(\.key).joined(separator: ", "));"
        + " others are dotted paths of the file"
  }
}

extension ConfigurationNode {
  /// The same values with `node` at a path; nil when the path leads nowhere.
  func replacing(_ steps: ArraySlice<String>, by node: ConfigurationNode)
    -> ConfigurationNode?
  {
    guard let step = steps.first else { return node }
    let rest = steps.dropFirst()
    switch content {
    case .list(var elements):
      guard let index = elements.position(of: step),
        let changed = elements[index].replacing(rest, by: node)
      else { return nil }
      elements[index] = changed
      return ConfigurationNode(.list(elements), at: place)
    case .mapping(var entries):
      guard let index = entries.firstIndex(where: { $0.key == step }) else {
        guard rest.isEmpty else { return nil }
        entries.append(Entry(key: step, place: node.place, value: node))
        return ConfigurationNode(.mapping(entries), at: place)
      }
      guard let changed = entries[index].value.replacing(rest, by: node) else { return nil }
      entries[index] = Entry(key: step, place: entries[index].place, value: changed)
      return ConfigurationNode(.mapping(entries), at: place)
    case .scalar:
      // What was left out becomes a mapping, which must then be complete.
      guard isNone else { return nil }
      return ConfigurationNode(.mapping([]), at: node.place).replacing(steps, by: node)
    }
  }
}
