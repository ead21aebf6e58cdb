/// A quantity over training, mean and standard deviation over seeds.
public struct LearningCurve: Sendable, Equatable {
  /// One array a seed, one number a recorded batch.
  public let seeds: [[Double]]
  /// Over seeds at each recorded batch, as far as the shortest run goes.
  public let points: [MeanAndDeviation]

  /// - Throws: `AnalysisError` when there is no seed, or one without a record.
  public init(seeds: [[Double]]) throws {
    guard let shortest = seeds.map(\.count).min(), shortest > 0 else {
      throw AnalysisError("no recorded values", place: "learning curve")
    }
    self.seeds = seeds
    points = (0..<shortest).map { index in MeanAndDeviation(of: seeds.map { $0[index] }) }
  }

  public var mean: [Double] { points.map(\.mean) }
  public var deviation: [Double] { points.map(\.deviation) }

  /// The index, from 0, of the first value below a threshold, one a seed; nil if none is.
  ///
  /// Applied to losses with threshold 1.7 it is the training speed of Lin and Huang (2024), figure 2.
  public func firstBelow(_ threshold: Double) -> [Int?] {
    seeds.map { $0.firstIndex { $0 < threshold } }
  }

  /// Mean and deviation over the seeds that went below the threshold; nil if none did.
  public func meanFirstBelow(_ threshold: Double) -> MeanAndDeviation? {
    let reached = firstBelow(threshold).compactMap { $0.map(Double.init) }
    return reached.isEmpty ? nil : MeanAndDeviation(of: reached)
  }
}
