/// What a number with a unit measures.
public enum Dimension: String, Sendable, CaseIterable {
  case time, frequency, size, fraction

  /// The units, in the order in which messages list them.
  var units: [Unit] {
    switch self {
    case .time: [Unit("s"), Unit("ms", -3), Unit("us", -6), Unit("µs", -6), Unit("μs", -6)]
    case .frequency: [Unit("Hz"), Unit("kHz", 3)]
    case .size:
      [
        Unit("B"), Unit("KB", 3), Unit("MB", 6), Unit("GB", 9),
        Unit("KiB", times: 1024), Unit("MiB", times: 1_048_576), Unit("GiB", times: 1_073_741_824),
      ]
    case .fraction: [Unit("%", -2)]
    }
  }

  var unitsInWords: String {
    switch self {
    case .time: "s, ms or us"
    case .frequency: "Hz or kHz"
    case .size: "B, KB, MB, GB, KiB, MiB or GiB"
    case .fraction: "% (or none)"
    }
  }

  /// A quantity of this dimension, written as it should be.
  var example: String {
    switch self {
    case .time: "20 ms"
    case .frequency: "10 Hz"
    case .size: "2 GiB"
    case .fraction: "10 %"
    }
  }
}

/// A unit: a power of ten, or a factor, times the SI unit of its dimension.
struct Unit: Sendable {
  let symbol: String
  let exponent: Int
  let factor: Double

  init(_ symbol: String, _ exponent: Int = 0, times factor: Double = 1) {
    self.symbol = symbol
    self.exponent = exponent
    self.factor = factor
  }
}

/// A number with a unit, in SI units (seconds, hertz, bytes; a fraction is a plain number).
public struct Quantity: Sendable, Equatable {
  public let value: Double
  public let dimension: Dimension

  /// Why a text is not a quantity.
  public enum Failure: Error, Equatable {
    case notANumber
    case tooLarge
    case missingUnit
    case unknownUnit(String)
    case unitOf(Dimension, unit: String)
  }

  /// Reads `20 ms`, `20ms`, `0.5 kHz`, `2 GiB`, `10 %`. Powers of ten are applied to the decimal
  /// text, so that `20 ms` is the `Double` nearest to 0.02.
  ///
  /// - Throws: `Quantity.Failure`; only a fraction may be a bare number.
  public init(_ text: String, as dimension: Dimension) throws(Failure) {
    guard let number = DecimalText(prefixOf: text) else { throw .notANumber }
    let symbol = number.rest
    guard let unit = try Quantity.unit(symbol, of: dimension) else { throw .missingUnit }
    let scaled = number.value(timesTenTo: unit.exponent) * unit.factor
    guard scaled.isFinite else { throw .tooLarge }
    self.value = scaled
    self.dimension = dimension
  }

  private static func unit(_ symbol: String, of dimension: Dimension) throws(Failure) -> Unit? {
    if symbol.isEmpty { return dimension == .fraction ? Unit("") : nil }
    if let unit = dimension.units.first(where: { $0.symbol == symbol }) { return unit }
    for other in Dimension.allCases where other.units.contains(where: { $0.symbol == symbol }) {
      throw .unitOf(other, unit: symbol)
    }
    throw .unknownUnit(symbol)
  }
}

/// A decimal number at the start of a text, and what follows it.
struct DecimalText {
  let mantissa: Substring
  let exponent: Int
  /// What follows the number, without the spaces around it.
  let rest: String

  init?(prefixOf text: String) {
    var rest = text[...]
    rest.dropFirst { $0.isWhitespace }
    let start = rest
    rest.dropOne(of: "+-")
    let whole = rest.dropFirst(where: DecimalText.isDigit)
    var fraction = 0
    if rest.dropOne(of: ".") { fraction = rest.dropFirst(where: DecimalText.isDigit) }
    guard whole + fraction > 0 else { return nil }
    mantissa = start[..<rest.startIndex]

    // An "e" without digits belongs to what follows.
    var power = rest
    var exponent = 0
    if power.dropOne(of: "eE") {
      let sign = power
      power.dropOne(of: "+-")
      if power.dropFirst(where: DecimalText.isDigit) > 0 {
        guard let value = Int(sign[..<power.startIndex]), abs(value) < 10_000 else { return nil }
        exponent = value
        rest = power
      }
    }
    self.exponent = exponent
    self.rest = String(rest).trimmingSpaces()
  }

  private static func isDigit(_ character: Character) -> Bool {
    character.isASCII && character.isNumber
  }

  /// The number times a power of ten, rounded once.
  func value(timesTenTo power: Int = 0) -> Double {
    // The text was parsed above; a value beyond Double's range is given as infinity.
    Double("\(mantissa)e\(exponent + power)") ?? .infinity
  }
}

extension Substring {
  /// Drops the characters at the start that fit; returns how many there were.
  @discardableResult
  fileprivate mutating func dropFirst(where fits: (Character) -> Bool) -> Int {
    let kept = drop(while: fits)
    defer { self = kept }
    return count - kept.count
  }

  /// Drops one character at the start if it is one of these.
  @discardableResult
  fileprivate mutating func dropOne(of characters: String) -> Bool {
    guard let first, characters.contains(first) else { return false }
    removeFirst()
    return true
  }
}

extension String {
  func trimmingSpaces() -> String {
    var view = self[...]
    while view.first?.isWhitespace == true { view.removeFirst() }
    while view.last?.isWhitespace == true { view.removeLast() }
    return String(view)
  }
}
