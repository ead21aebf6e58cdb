import Foundation

/// Metrics as people read them.
public enum MetricText {
  /// Fractions in per cent, rates in hertz, all else with four digits.
  public static func text(_ value: Double, of metric: String) -> String {
    if metric == "firingRate" { return String(format: "%.1f Hz", value) }
    if metric == "error" || metric == "withoutReturn" || metric.lowercased().hasSuffix("accuracy") {
      return String(format: "%.2f %%", 100 * value)
    }
    return number(value)
  }

  /// The name of a metric in a table.
  public static func title(of metric: String) -> String {
    switch metric {
    case "meanSquaredError": "mean squared error"
    case "decisionAccuracy": "right decisions"
    case "switchedDecisionAccuracy": "right decisions after a switch"
    case "agreeingDecisionAccuracy": "the same where both streams agree"
    case "disagreeingDecisionAccuracy": "the same where they disagree"
    case "firingRate": "firing rate"
    case "factorError": "squared error of the factors, normalised"
    case "outputError": "squared error of the outputs, normalised"
    case "reachingError": "the same in reaching"
    case "cyclingError": "the same in cycling"
    case "meanReturn": "return, mean over episodes"
    case "episodeLength": "steps of an episode"
    case "distance": "distance in m"
    case "withoutReturn": "episodes without a return"
    case "batchesToLoss": "first batch with loss < \(RunReport.lossThreshold)"
    default: metric
    }
  }

  /// A number with four digits, a whole one with all.
  public static func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e6
      ? String(Int(value)) : String(format: "%.4g", value)
  }

  /// `1:02:03`, `2:03` or `3 s`.
  public static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e7 else { return "?" }
    let whole = Int(seconds.rounded())
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    if hours > 0 { return String(format: "%d:%02d:%02d", hours, minutes, rest) }
    if minutes > 0 { return String(format: "%d:%02d", minutes, rest) }
    return "\(rest) s"
  }
}
