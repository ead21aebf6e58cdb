import SynfireCore

/// How much each mode of a network matters.
///
///     tau[m] = gamma (|xi_in[m]| + |xi_out[m]|) + |lambda[m]|
///     gamma  = sum of |lambda| / sum of (|xi_in| + |xi_out|)
///
/// with Euclidean norms of the columns; gamma makes the totals of both terms equal.
/// Source: Lin and Huang, Phys. Rev. E 110, 024306 (2024), figure 5.
public struct ModeImportance: Sendable, Equatable {
  /// tau of each mode, dimensionless, in the order of the modes.
  public let importance: [Double]
  /// |lambda| of each mode, in the order of the modes.
  public let scores: [Double]
  /// The factor that weighs norms against scores.
  public let gamma: Double
  /// The modes by decreasing importance.
  public let order: [Int]

  /// Ranks the modes of one network.
  ///
  /// - Parameters:
  ///   - inputModes: [neuron, mode].
  ///   - outputModes: [neuron, mode].
  ///   - scores: [mode].
  /// - Throws: `AnalysisError` for shapes that differ, non-finite elements, or modes all zero.
  public init<Scalar>(
    inputModes: Tensor<Scalar>, outputModes: Tensor<Scalar>, scores: Tensor<Scalar>
  ) throws {
    try inputModes.check(axes: 2, called: "input modes")
    try outputModes.check(axes: 2, called: "output modes")
    try scores.check(axes: 1, called: "scores")
    guard inputModes.shape[1] == scores.count, outputModes.shape[1] == scores.count else {
      throw AnalysisError(
        "shapes \(inputModes.shape), \(outputModes.shape) and \(scores.shape), expected "
          + "[neuron, mode] twice and [mode]", place: "modes")
    }
    let norms = zip(Self.norms(inputModes), Self.norms(outputModes)).map { $0 + $1 }
    let magnitudes = scores.doubles.map(abs)
    let total = norms.reduce(0, +)
    guard total > 0 else { throw AnalysisError("every element is zero", place: "modes") }
    let gamma = magnitudes.reduce(0, +) / total
    let importance = zip(norms, magnitudes).map { gamma * $0 + $1 }
    self.gamma = gamma
    self.scores = magnitudes
    self.importance = importance
    order = importance.indices.sorted {
      importance[$0] == importance[$1] ? $0 < $1 : importance[$0] > importance[$1]
    }
  }

  /// tau by rank, decreasing.
  public var rankedImportance: [Double] { order.map { importance[$0] } }

  /// |lambda| in the order of decreasing tau.
  public var rankedScores: [Double] { order.map { scores[$0] } }

  /// Mean and deviation over networks (seeds) of tau at each rank.
  ///
  /// - Throws: `AnalysisError` for no networks or different numbers of modes.
  public static func rankAverage(of networks: [ModeImportance]) throws -> [MeanAndDeviation] {
    try average(networks.map(\.rankedImportance))
  }

  /// Mean and deviation over networks (seeds) of |lambda| at each rank of tau.
  public static func rankAverageOfScores(
    of networks: [ModeImportance]
  ) throws -> [MeanAndDeviation] {
    try average(networks.map(\.rankedScores))
  }

  private static func average(_ rows: [[Double]]) throws -> [MeanAndDeviation] {
    guard let count = rows.first?.count, rows.allSatisfy({ $0.count == count }) else {
      throw AnalysisError(
        "networks with \(rows.map(\.count)) modes", place: "mode importance",
        remedy: "Average over networks with equally many modes.")
    }
    return (0..<count).map { rank in MeanAndDeviation(of: rows.map { $0[rank] }) }
  }

  private static func norms<Scalar>(_ modes: Tensor<Scalar>) -> [Double] {
    let count = modes.shape[1]
    var squares = [Double](repeating: 0, count: count)
    for (index, value) in modes.doubles.enumerated() { squares[index % count] += value * value }
    return squares.map { $0.squareRoot() }
  }
}
