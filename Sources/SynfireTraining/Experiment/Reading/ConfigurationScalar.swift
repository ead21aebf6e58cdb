/// One scalar of an experiment file, being read as the type that its key wants.
///
/// Every method throws `ExperimentError` with the place, the key, the value and what is wanted.
struct ConfigurationScalar {
  let text: String
  let isQuoted: Bool
  let place: ConfigurationPlace
  /// The dotted path of the key.
  let key: String

  /// - Throws: when the node is a list or a mapping, or nothing stands after the key.
  init(_ node: ConfigurationNode, key: String) throws {
    guard case .scalar(let text, let isQuoted) = node.content, isQuoted || !text.isEmpty else {
      throw ExperimentError(
        "a single value is wanted, this is \(node.kindInWords)", at: node.place, key: key,
        remedy: "write it on the line of the key: \(key.lastStep): VALUE")
    }
    self.text = text
    self.isQuoted = isQuoted
    self.place = node.place
    self.key = key
  }

  /// An error about this value.
  func rejected(_ what: String, remedy: String = "") -> ExperimentError {
    ExperimentError(what, at: place, key: key, remedy: remedy)
  }

  func string() throws -> String {
    guard !text.trimmingSpaces().isEmpty else { throw rejected("the text is empty") }
    return text
  }

  func boolean() throws -> Bool {
    switch text {
    case "true" where !isQuoted: return true
    case "false" where !isQuoted: return false
    default: throw rejected("\"\(text)\" is not a truth value", remedy: "write true or false")
    }
  }

  func integer(in range: ClosedRange<Int>) throws -> Int {
    guard !isQuoted, let value = Int(text) else {
      throw rejected("\"\(text)\" is not a whole number", remedy: wanted(range))
    }
    guard range.contains(value) else {
      throw rejected("\(value) is out of range", remedy: wanted(range))
    }
    return value
  }

  func integer(_ range: PartialRangeFrom<Int>) throws -> Int {
    try integer(in: range.lowerBound...Int.max)
  }

  private func wanted(_ range: ClosedRange<Int>) -> String {
    range.upperBound == Int.max
      ? "write a whole number of at least \(range.lowerBound)"
      : "write a whole number from \(range.lowerBound) to \(range.upperBound)"
  }

  /// A plain number without a unit.
  func number(_ limit: NumberLimit) throws -> Double {
    guard !isQuoted, let number = DecimalText(prefixOf: text) else {
      throw rejected("\"\(text)\" is not a number", remedy: "write a number such as 0.5 or 1e-3")
    }
    guard number.rest.isEmpty else {
      throw rejected(
        "\"\(text)\" has a unit, but this number has none",
        remedy: "write \(number.mantissa) alone")
    }
    return try checked(number.value(), limit)
  }

  /// Seconds.
  func time(_ limit: NumberLimit) throws -> Double { try quantity(.time, limit) }

  /// Hertz.
  func frequency(_ limit: NumberLimit) throws -> Double { try quantity(.frequency, limit) }

  /// From 0 to 1; may be written in per cent.
  func fraction() throws -> Double { try quantity(.fraction, .fraction) }

  /// Bytes.
  func size() throws -> Int {
    let bytes = try quantity(.size, .positive).rounded()
    guard bytes < Double(Int.max) else { throw rejected("\(text) is more than any machine has") }
    return Int(bytes)
  }

  /// One of a closed set of words; the file writes `everyStep` as `every-step`.
  func choice<Choice: RawRepresentable<String> & CaseIterable>() throws -> Choice {
    if let choice = Choice.allCases.first(where: { $0.rawValue.hyphenated == text }) {
      return choice
    }
    throw unknownWord(among: Choice.allCases.map(\.rawValue.hyphenated))
  }

  /// The error that says which words are known and which is nearest.
  func unknownWord(among known: [String]) -> ExperimentError {
    let list = "known are " + known.joined(separator: ", ")
    guard let nearest = NearestSpelling.of(text, among: known) else {
      return rejected("\"\(text)\" is not known here", remedy: list)
    }
    return rejected("\"\(text)\" is not known here", remedy: "did you mean \(nearest)? \(list)")
  }

  private func quantity(_ dimension: Dimension, _ limit: NumberLimit) throws -> Double {
    let example = "write it as in \(dimension.example); units are \(dimension.unitsInWords)"
    if isQuoted { throw rejected("a quoted text is not a quantity", remedy: example) }
    do {
      return try checked(Quantity(text, as: dimension).value, limit)
    } catch let failure as Quantity.Failure {
      throw rejected(explanation(of: failure, dimension), remedy: example)
    }
  }

  private func explanation(of failure: Quantity.Failure, _ dimension: Dimension) -> String {
    switch failure {
    case .notANumber: "\"\(text)\" is not a \(dimension.rawValue)"
    case .tooLarge: "\(text) is too large a number"
    case .missingUnit: "\(text) has no unit, a \(dimension.rawValue) needs one"
    case .unknownUnit(let unit): "\"\(unit)\" is not a unit of \(dimension.rawValue)"
    case .unitOf(let other, let unit):
      "\"\(unit)\" is a unit of \(other.rawValue), a \(dimension.rawValue) is wanted"
    }
  }

  private func checked(_ value: Double, _ limit: NumberLimit) throws -> Double {
    guard value.isFinite else { throw rejected("\(text) is too large a number") }
    // Subnormal numbers are zero to the engine.
    guard limit.contains(value.isSubnormal ? 0 : value) else {
      throw rejected("\(text) is out of range", remedy: "it must be \(limit.inWords)")
    }
    return value
  }
}

/// The numbers that a key accepts.
enum NumberLimit {
  case any, positive, nonNegative
  /// 0 to 1, both included.
  case fraction
  /// 0 to 1 without 1, as the decay of a running mean.
  case belowOne

  func contains(_ value: Double) -> Bool {
    switch self {
    case .any: true
    case .positive: value > 0
    case .nonNegative: value >= 0
    case .fraction: value >= 0 && value <= 1
    case .belowOne: value >= 0 && value < 1
    }
  }

  var inWords: String {
    switch self {
    case .any: "a number"
    case .positive: "greater than 0"
    case .nonNegative: "0 or greater"
    case .fraction: "from 0 to 1 (0 % to 100 %)"
    case .belowOne: "0 or greater, and less than 1"
    }
  }
}

extension String {
  /// `everyStep` as `every-step`.
  var hyphenated: String {
    map { $0.isUppercase ? "-\($0.lowercased())" : String($0) }.joined()
  }

  /// The last step of a dotted path.
  var lastStep: String { ConfigurationNode.steps(self).last ?? self }
}
