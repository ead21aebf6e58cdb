import Foundation

/// Metrics as people read them: fractions in per cent, rates in hertz.
enum MetricText {
  static func text(_ value: Double, of metric: String) -> String {
    switch metric {
    case "accuracy", "error", "decisionAccuracy": String(format: "%.2f %%", 100 * value)
    case "firingRate": String(format: "%.1f Hz", value)
    default: String(format: "%.5g", value)
    }
  }

  /// `1:02:03`, `2:03` or `3 s`.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e7 else { return "?" }
    let whole = Int(seconds.rounded())
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    if hours > 0 { return String(format: "%d:%02d:%02d", hours, minutes, rest) }
    if minutes > 0 { return String(format: "%d:%02d", minutes, rest) }
    return "\(rest) s"
  }
}
