/// The mean and the population standard deviation (divisor n, as NumPy's default) of some numbers.
public struct MeanAndDeviation: Sendable, Equatable {
  public let mean: Double
  /// Population standard deviation, in the unit of the mean.
  public let deviation: Double
  /// How many numbers there were.
  public let count: Int

  /// The variance with divisor n - 1; nil for fewer than two numbers.
  public var unbiasedVariance: Double? {
    count < 2 ? nil : deviation * deviation * Double(count) / Double(count - 1)
  }

  public init(mean: Double, deviation: Double, count: Int) {
    self.mean = mean
    self.deviation = deviation
    self.count = count
  }

  /// The mean and deviation of `values`; both are not-a-number when there are none.
  public init(of values: [Double]) {
    count = values.count
    let sum = values.reduce(0, +)
    let mean = sum / Double(values.count)
    self.mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    deviation = (squares / Double(values.count)).squareRoot()
  }
}
