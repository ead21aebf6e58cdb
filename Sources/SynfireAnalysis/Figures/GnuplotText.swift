import Foundation

/// How values and texts are written in gnuplot scripts and data files.
enum GnuplotText {
  /// A single-quoted literal in which nothing is markup: what the enhanced text mode would act on
  /// (`\ { } ^ _ @ & ~`) is escaped, line breaks become spaces.
  static func literal(_ text: String) -> String { "'\(escaped(text))'" }

  /// The same in bold.
  static func bold(_ text: String) -> String { text.isEmpty ? "''" : "'{/:Bold \(escaped(text))}'" }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\", "{", "}", "^", "_", "@", "&", "~": result += "\\\(character)"
      case "'": result += "''"
      case "\n", "\r", "\r\n", "\t": result += " "
      default: result.append(character)
      }
    }
    return result
  }

  /// A number with the fewest digits that give it back; `NaN` if it is not finite.
  static func number(_ value: Double) -> String { value.isFinite ? "\(value)" : "NaN" }

  /// A number for people to read, with up to six digits.
  static func short(_ value: Double) -> String { String(format: "%g", value) }

  /// A number with a minus sign in place of the hyphen.
  static func typographic(_ number: String) -> String {
    number.replacingOccurrences(of: "-", with: "−")
  }

  /// `[lower:upper]`, a side without a limit being `*`.
  static func range(_ axis: Figure.Axis) -> String {
    "[\(axis.lower.map(number) ?? "*"):\(axis.upper.map(number) ?? "*")]"
  }

  /// `#AARRGGBB`, the first byte gnuplot's transparency.
  static func color(_ color: String, opacity: Double) -> String {
    let transparency = Int((255 * (1 - min(1, max(0, opacity)))).rounded())
    return String(format: "'#%02X", transparency) + "\(color.dropFirst())'"
  }
}
