import SynfireFormats

extension JSONValue {
  /// An object of metrics.
  public init(metrics: [String: Double]) {
    self = .object(metrics.mapValues { .number($0) })
  }

  /// The text with one entry a line, keys sorted; lists of plain values, such as shapes, on one line.
  public var indentedText: String { indented(by: 0) }

  private func indented(by indent: Int) -> String {
    let space = String(repeating: " ", count: indent + 2)
    let end = "\n" + String(repeating: " ", count: indent)
    switch self {
    case .object(let members) where !members.isEmpty:
      let lines = members.sorted { $0.key < $1.key }.map { key, value in
        space + JSONValue.string(key).text + ": " + value.indented(by: indent + 2)
      }
      return "{\n" + lines.joined(separator: ",\n") + end + "}"
    case .array(let values) where values.contains { !$0.isPlain }:
      let lines = values.map { space + $0.indented(by: indent + 2) }
      return "[\n" + lines.joined(separator: ",\n") + end + "]"
    case .array(let values):
      return "[" + values.map(\.text).joined(separator: ", ") + "]"
    default: return text
    }
  }

  private var isPlain: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }
}
