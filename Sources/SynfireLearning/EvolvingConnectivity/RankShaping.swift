import SynfireCore

/// Centred ranks in place of fitness, so that only the order of the members counts (Wang et al. 2023, code).
public enum RankShaping: String, Sendable, Equatable, CaseIterable {
  /// Members of equal fitness have different ranks, by their index, as a stable sort gives them.
  case stable
  /// Members of equal fitness share the mean of their ranks.
  case average

  /// 2 rank - (n - 1) of every member, exact integers of sum 0; rank 0 is the worst.
  ///
  /// A fitness that is not a number is worse than any other.
  public func doubledRanks(_ fitness: [Double]) -> [Int] {
    let count = fitness.count
    let order = fitness.indices.sorted { a, b in
      let (x, y) = (fitness[a], fitness[b])
      if x.isNaN || y.isNaN { return x.isNaN == y.isNaN ? a < b : x.isNaN }
      return x == y ? a < b : x < y
    }
    var result = [Int](repeating: 0, count: count)
    var first = 0
    while first < count {
      var last = first
      if self == .average {
        let value = fitness[order[first]]
        while last + 1 < count, Self.isEqual(fitness[order[last + 1]], value) { last += 1 }
      }
      for place in first...last { result[order[place]] = first + last - (count - 1) }
      first = last + 1
    }
    return result
  }

  /// w = rank / (n - 1) - 1/2 of every member, from -1/2 to 1/2, of sum 0.
  public func weights(_ fitness: [Double]) -> [Double] {
    let scale = Double(2 * max(1, fitness.count - 1))
    return doubledRanks(fitness).map { Double($0) / scale }
  }

  private static func isEqual(_ a: Double, _ b: Double) -> Bool { a == b || a.isNaN && b.isNaN }
}
