/// A number that a source publishes for an experiment, shown beside the measured one.
public struct PublishedNumber: Sendable, Equatable {
  /// The name of the metric, as in `--json`.
  public let metric: String
  public let value: Double
  /// The measured number agrees when it is no further than this from `value`.
  public let band: Double
  public let source: String
  /// Keys, short or dotted, and the values with which the number was found.
  public let conditions: [Condition]
  /// Whether the experiment, with its overrides, meets all conditions.
  public let applies: Bool

  public struct Condition: Sendable, Equatable {
    public let key: String
    public let value: String
  }

  /// The metrics that a report knows.
  public static let metrics = [
    "accuracy", "error", "loss", "meanSquaredError", "decisionAccuracy", "firingRate",
    "factorError", "outputError", "reachingError", "cyclingError",
    "meanReturn", "episodeLength", "distance",
  ]
}

extension PublishedNumber {
  /// - Parameter current: the text of the value that a key has in the experiment; nil if unknown.
  init(from mapping: ConfigurationMapping, current: (String) -> String?) throws {
    metric = try mapping.value("metric") { scalar in
      guard PublishedNumber.metrics.contains(scalar.text) else {
        throw scalar.unknownWord(among: PublishedNumber.metrics)
      }
      return scalar.text
    }
    value = try mapping.value("value") { try $0.metricValue() }
    band = try mapping.value("band") { try $0.metricValue() }
    source = try mapping.value("source") { try $0.string() }
    conditions = try mapping.table("when").map { entry in
      let key = mapping.path(of: "when.\(entry.key)")
      let scalar = try ConfigurationScalar(entry.value, key: key)
      guard current(entry.key) != nil else {
        throw scalar.rejected(
          "\(entry.key) is no key of the experiment", remedy: "use a short key or a dotted path")
      }
      return Condition(key: entry.key, value: scalar.text)
    }
    applies = conditions.allSatisfy { PublishedNumber.agree(current($0.key), $0.value) }
  }

  /// Texts agree when they are the same, or the same number.
  private static func agree(_ first: String?, _ second: String) -> Bool {
    guard let first else { return false }
    if first == second { return true }
    guard let a = Double(first), let b = Double(second) else { return false }
    return a == b
  }
}

extension ConfigurationScalar {
  /// A metric: a plain number, per cent or hertz.
  func metricValue() throws -> Double {
    guard let decimal = DecimalText(prefixOf: text), !isQuoted else { return try number(.any) }
    switch decimal.rest {
    case "%": return decimal.value(timesTenTo: -2)
    case "Hz", "kHz": return try frequency(.any)
    default: return try number(.any)
    }
  }
}
