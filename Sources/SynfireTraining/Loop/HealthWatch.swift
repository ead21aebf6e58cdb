import Logging
import SynfireLearning

/// Looks for signs that a run is going wrong: numbers that are not finite, neurons that are silent or
/// never stop spiking, a gradient that vanished.
struct HealthWatch {
  /// Fractions of silent or saturated neurons above which a run is warned of.
  static let silentLimit = 0.9
  static let saturatedLimit = 0.5
  private var warned: Set<String> = []

  /// - Parameter place: where they are from.
  /// - Throws: `TrainingError` if a metric is not finite.
  static func requireFinite(_ metrics: [String: Double], place: String) throws {
    for (name, value) in metrics.sorted(by: { $0.key < $1.key }) where !value.isFinite {
      throw TrainingError(
        "\(name) is \(value)", place: place,
        remedy: "lower the learning rate or clip the gradient", isUserMistake: false)
    }
  }

  /// Warns, once of each kind.
  mutating func watch(_ metrics: StepMetrics, batch: Int, logger: Logger) {
    if metrics.silentFraction > HealthWatch.silentLimit {
      warn("silent", "\(percent(metrics.silentFraction)) of the neurons are silent", batch, logger)
    }
    if metrics.saturatedFraction > HealthWatch.saturatedLimit {
      warn(
        "saturated", "\(percent(metrics.saturatedFraction)) of the neurons are saturated", batch,
        logger)
    }
    // A rule without gradients has no learning rate either.
    if metrics.gradientNorm == 0, metrics.learningRate > 0 {
      warn("gradient", "the gradient is zero", batch, logger)
    }
  }

  private mutating func warn(_ kind: String, _ text: String, _ batch: Int, _ logger: Logger) {
    if warned.insert(kind).inserted { logger.warning("batch \(batch): \(text)") }
  }

  private func percent(_ fraction: Double) -> String { "\(Int((fraction * 100).rounded())) %" }
}

extension StepMetrics {
  /// The metrics under their names, for tables and logs.
  var columns: [String: Double] {
    [
      "loss": loss, "gradientNorm": gradientNorm, "learningRate": learningRate,
      "firingRate": firingRate, "silentFraction": silentFraction,
      "saturatedFraction": saturatedFraction,
    ].merging(others) { $1 }
  }
}
