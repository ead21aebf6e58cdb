import Foundation

/// A power law y = amplitude x^slope, fitted by least squares to log y against log x.
///
/// `rSquared` is (explained sum of squares) / (total sum of squares) of log y, 1 for constant y.
/// Source: the two-regime fit of Lin and Huang (2024), figure 5.
public struct PowerLawFit: Sendable, Equatable {
  /// The ranks that were fitted, counted from 1.
  public let ranks: ClosedRange<Int>
  public let slope: Double
  public let amplitude: Double
  public let rSquared: Double

  /// Fits the values at the given ranks; rank 1 is `values[0]`.
  ///
  /// - Throws: `AnalysisError` for fewer than two ranks, ranks beyond the values, or a value that is
  ///   not positive.
  public init(_ values: [Double], ranks: ClosedRange<Int>) throws {
    guard ranks.lowerBound >= 1, ranks.upperBound <= values.count, ranks.count >= 2 else {
      throw AnalysisError(
        "ranks \(ranks.lowerBound) to \(ranks.upperBound) of \(values.count) values",
        place: "power law", remedy: "Fit at least two ranks that exist; ranks count from 1.")
    }
    let chosen = ranks.map { values[$0 - 1] }
    guard chosen.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw AnalysisError("a value is not positive", place: "power law")
    }
    let x = ranks.map { log(Double($0)) }
    let y = chosen.map { log($0) }
    let (meanX, meanY) = (MeanAndDeviation(of: x).mean, MeanAndDeviation(of: y).mean)
    let (varianceX, covariance) = zip(x, y).reduce((0.0, 0.0)) {
      ($0.0 + ($1.0 - meanX) * ($1.0 - meanX), $0.1 + ($1.0 - meanX) * ($1.1 - meanY))
    }
    let total = y.reduce(0) { $0 + ($1 - meanY) * ($1 - meanY) }
    slope = covariance / varianceX
    amplitude = exp(meanY - slope * meanX)
    rSquared = total > 0 ? slope * covariance / total : 1
    self.ranks = ranks
  }

  /// The fitted y at a rank.
  public func value(at rank: Double) -> Double { amplitude * pow(rank, slope) }
}
