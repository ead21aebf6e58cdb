extension ConfigurationNode {
  private static let lineLength = 96

  /// YAML text of the node, the same for the same values: one key a line, short lists and mappings
  /// in flow form, texts quoted where YAML would read them otherwise.
  public var canonicalYAML: String {
    switch content {
    case .mapping(let entries) where !entries.isEmpty: blockEntries(entries, indent: 0)
    default: flow + "\n"
    }
  }

  private func blockEntries(_ entries: [Entry], indent: Int) -> String {
    entries.map { entry in
      String(repeating: " ", count: indent) + ConfigurationNode.scalar(entry.key, isQuoted: false)
        + ":" + entry.value.afterKey(indent: indent, used: indent + entry.key.count + 2)
    }.joined()
  }

  /// What follows `key:`, with the line break at its end.
  private func afterKey(indent: Int, used: Int) -> String {
    let flow = flow
    switch content {
    case .mapping(let entries) where !fits(flow, used):
      return "\n" + blockEntries(entries, indent: indent + 2)
    case .list(let elements) where !fits(flow, used):
      return "\n" + elements.map { $0.element(indent: indent + 2) }.joined()
    default:
      return " \(flow)\n"
    }
  }

  /// `- element`, with the line break at its end.
  private func element(indent: Int) -> String {
    let dash = String(repeating: " ", count: indent) + "- "
    guard case .mapping(let entries) = content, !fits(flow, indent + 2) else {
      return "\(dash)\(flow)\n"
    }
    return dash + blockEntries(entries, indent: indent + 2).dropFirst(indent + 2)
  }

  /// Flow form is for what is short and has no mapping inside.
  private func fits(_ flow: String, _ used: Int) -> Bool {
    used + flow.count <= ConfigurationNode.lineLength && depth <= 1
  }

  private var depth: Int {
    switch content {
    case .scalar: 0
    case .list(let elements): 1 + (elements.map(\.depth).max() ?? 0)
    case .mapping(let entries): 1 + (entries.map(\.value.depth).max() ?? 0)
    }
  }

  /// The node on one line.
  public var inlineYAML: String { flow }

  private var flow: String {
    switch content {
    case .scalar(let text, let isQuoted): ConfigurationNode.scalar(text, isQuoted: isQuoted)
    case .list(let elements): "[" + elements.map(\.flow).joined(separator: ", ") + "]"
    case .mapping(let entries):
      "{"
        + entries.map {
          "\(ConfigurationNode.scalar($0.key, isQuoted: false)): \($0.value.flow)"
        }.joined(separator: ", ") + "}"
    }
  }

  /// A scalar, quoted unless YAML reads the bare text as itself.
  private static func scalar(_ text: String, isQuoted: Bool) -> String {
    let isPlain =
      text.utf8.allSatisfy(plainBytes.contains) && text.utf8.first.map(firstBytes.contains) == true
    let startsAsList = text == "-" || text.hasPrefix("- ") || text.hasPrefix("---")
    if !isQuoted && isPlain && !startsAsList && !text.hasSuffix(" ") && !text.hasPrefix("...") {
      return text
    }
    return "\"" + text.unicodeScalars.map(escaped).joined() + "\""
  }

  /// Letters and signs of which a bare scalar may be made, here at least.
  private static let firstBytes = Set(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.+(/-".utf8)
  private static let plainBytes = firstBytes.union(") %=*".utf8)

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\"": return "\\\""
    case "\\": return "\\\\"
    case "\n": return "\\n"
    case "\t": return "\\t"
    default:
      let isControl =
        scalar.properties.generalCategory == .control || scalar.value == 0xFEFF
        || scalar.value == 0x2028 || scalar.value == 0x2029
      guard isControl else { return String(scalar) }
      let digits = String(scalar.value, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
  }
}
