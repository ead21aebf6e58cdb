extension Collection<Double> {
  /// The value below which a part of the numbers lies, by linear interpolation between the sorted
  /// numbers: type 7 of Hyndman and Fan (1996), as NumPy's default; not-a-number when there are none.
  ///
  /// - Parameter part: 0 to 1; 0.5 is the median.
  public func quantile(_ part: Double) -> Double {
    let sorted = self.sorted()
    guard let last = sorted.last else { return .nan }
    let position = Swift.min(Swift.max(part, 0), 1) * Double(sorted.count - 1)
    let below = Int(position)
    guard below + 1 < sorted.count else { return last }
    return sorted[below] + (position - Double(below)) * (sorted[below + 1] - sorted[below])
  }

  /// The middle of the sorted numbers, the mean of the middle two of an even number.
  public var median: Double { quantile(0.5) }
}
