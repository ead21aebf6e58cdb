/// How numbers are distributed over bins of equal width.
struct Histogram {
  /// The middle of each bin.
  let middles: [Double]
  /// How many numbers each bin has.
  let counts: [Double]

  /// - Parameters:
  ///   - bins: how many; nil takes the square root of the number of numbers.
  ///   - lower: where the first bin begins; numbers below it are in that bin.
  ///   - upper: where the last bin ends; numbers above it are in that bin.
  init(of values: [Double], bins: Int? = nil, from lower: Double, to upper: Double) {
    let number = max(1, bins ?? Int(Double(values.count).squareRoot().rounded(.up)))
    let width = (upper - lower) / Double(number)
    var counts = [Double](repeating: 0, count: number)
    for value in values {
      counts[min(number - 1, max(0, Int(((value - lower) / width).rounded(.down))))] += 1
    }
    self.counts = counts
    middles = counts.indices.map { lower + (Double($0) + 0.5) * width }
  }

  var tallest: Double { counts.max() ?? 1 }
}
