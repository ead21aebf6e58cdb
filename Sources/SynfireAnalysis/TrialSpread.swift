/// How a quantity of alike trials differs between them, at every step.
public struct TrialSpread: Sendable, Equatable {
  /// Over trials, one a step.
  public let steps: [MeanAndDeviation]

  /// - Parameter trials: [trial][step]; steps that not all trials have are left out.
  /// - Throws: `AnalysisError` for fewer than two trials, and trials without steps.
  public init(of trials: [[Double]]) throws {
    guard trials.count >= 2, let shortest = trials.map(\.count).min(), shortest > 0 else {
      throw AnalysisError(
        "\(trials.count) trials, expected two or more with steps", place: "spread over trials")
    }
    steps = (0..<shortest).map { step in MeanAndDeviation(of: trials.map { $0[step] }) }
  }

  /// The root of the mean over steps of the variance over trials (divisor n).
  public var deviation: Double {
    let squares = steps.reduce(0) { $0 + $1.deviation * $1.deviation }
    return (squares / Double(steps.count)).squareRoot()
  }

  /// The standard deviation over time of the mean over trials: what trials have in common.
  public var deviationOfMean: Double { MeanAndDeviation(of: steps.map(\.mean)).deviation }
}
