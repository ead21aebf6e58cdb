import Foundation
import SynfireCore
import Testing

/// Bands of 5 standard errors; the draws are fixed by their seed.
@Suite struct RandomDistributionTests {
  /// Pearson's statistic over its degrees of freedom, as a normal deviate (Wilson and Hilferty).
  private func deviate(_ counts: [Int], _ expected: [Double]) -> Double {
    let statistic = zip(counts, expected).reduce(0) {
      $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) / $1.1
    }
    let freedom = Double(counts.count - 1)
    let spread = 2 / (9 * freedom)
    return (cbrt(statistic / freedom) - (1 - spread)) / spread.squareRoot()
  }

  private func checkMoments(
    _ values: [Double], mean: Double, variance: Double, fourthMoment: Double
  ) {
    let count = Double(values.count)
    let measured = values.reduce(0, +) / count
    #expect(abs(measured - mean) < 5 * (variance / count).squareRoot())
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    let error = ((fourthMoment - variance * variance) / count).squareRoot()
    #expect(abs(squares - variance) < 5 * error)
  }

  /// Checks that values are normal: moments, symmetry and the shares of 40 intervals.
  private func checkNormal(_ values: [Double]) {
    checkMoments(values, mean: 0, variance: 1, fourthMoment: 3)
    let count = Double(values.count)
    let third = values.reduce(0) { $0 + $1 * $1 * $1 } / count
    #expect(abs(third) < 5 * (15 / count).squareRoot())
    let fourth = values.reduce(0) { $0 + $1 * $1 * $1 * $1 } / count
    #expect(abs(fourth - 3) < 5 * (96 / count).squareRoot())
    let edges = (1..<40).map { -4 + 0.2 * Double($0) }
    var counts = [Int](repeating: 0, count: 40)
    for value in values { counts[min(39, max(0, Int(((value + 4) / 0.2).rounded(.down))))] += 1 }
    let below = [0] + edges.map { 0.5 * erfc(-$0 / 2.0.squareRoot()) } + [1]
    let expected = (0..<40).map { (below[$0 + 1] - below[$0]) * count }
    #expect(abs(deviate(counts, expected)) < 5)
    let lagged = zip(values, values.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } / count
    #expect(abs(lagged) < 5 / count.squareRoot())
  }

  @Test func uniform() {
    var stream = RandomStream(seed: 1, stream: "uniform")
    let values = (0..<200_000).map { _ in stream.uniform() }
    #expect(values.allSatisfy { $0 >= 0 && $0 < 1 })
    checkMoments(values, mean: 0.5, variance: 1.0 / 12, fourthMoment: 1.0 / 80)
    var counts = [Int](repeating: 0, count: 100)
    for value in values { counts[Int(value * 100)] += 1 }
    #expect(abs(deviate(counts, [Double](repeating: 2000, count: 100))) < 5)
  }

  @Test(arguments: [0, 1, 15, 31, 32, 33, 100_001])
  func bulkUniform(count: Int) {
    var stream = RandomStream(seed: 2, stream: "bulk")
    let values = stream.uniforms(count)
    #expect(values.count == count)
    #expect(values.allSatisfy { $0 >= 0 && $0 < 1 })
    guard count > 1000 else { return }
    checkMoments(values.map(Double.init), mean: 0.5, variance: 1.0 / 12, fourthMoment: 1.0 / 80)
    // A shorter draw is the beginning of a longer one.
    var again = RandomStream(seed: 2, stream: "bulk")
    #expect(again.uniforms(33) == Array(values[..<33]))
  }

  @Test func normal() {
    var stream = RandomStream(seed: 4, stream: "normal")
    checkNormal((0..<200_000).map { _ in stream.normal() })
  }

  @Test func bulkNormal() {
    var stream = RandomStream(seed: 5, stream: "normal")
    let values = stream.normals(1_000_003)
    #expect(values.count == 1_000_003)
    #expect(values.allSatisfy { abs($0) < 6.8 })
    checkNormal(values.map(Double.init))
    // A second draw goes on where the first ended.
    var other = RandomStream(seed: 5, stream: "normal")
    let parts = other.normals(64) + other.normals(64)
    #expect(parts == Array(values[..<128]))
  }

  @Test func exponential() {
    var stream = RandomStream(seed: 6, stream: "exponential")
    let values = (0..<200_000).map { _ in stream.exponential() }
    #expect(values.allSatisfy { $0 >= 0 && $0.isFinite })
    checkMoments(values, mean: 1, variance: 1, fourthMoment: 9)
    let beyond = values.filter { $0 > 3 }.count
    let share = exp(-3.0)
    #expect(
      abs(Double(beyond) - share * 200_000) < 5 * (200_000 * share * (1 - share)).squareRoot())
  }

  @Test func bernoulli() {
    var stream = RandomStream(seed: 7, stream: "bernoulli")
    let hits = (0..<100_000).filter { _ in stream.bernoulli(0.3) }.count
    #expect(abs(Double(hits) - 30_000) < 5 * 21_000.0.squareRoot())
    #expect((0..<1000).allSatisfy { _ in !stream.bernoulli(0) && stream.bernoulli(1) })
  }

  @Test(arguments: [1, 2, 3, 7, 10, 1000])
  func integer(n: Int) {
    var stream = RandomStream(seed: 8, stream: "integer")
    var counts = [Int](repeating: 0, count: n)
    for _ in 0..<(n * 1000) { counts[stream.integer(below: n)] += 1 }
    if n == 1 { return }
    #expect(abs(deviate(counts, [Double](repeating: 1000, count: n))) < 5)
  }

  /// Without rejection, numbers of remainder 2 modulo 3 would come from 2 of 8 words, not 1 of 3.
  @Test func integerIsUnbiasedForLargeRanges() {
    var stream = RandomStream(seed: 8, stream: "large")
    let n = 3 << 61
    let hits = (0..<30_000).filter { _ in stream.integer(below: n) % 3 == 2 }.count
    #expect(abs(Double(hits) - 10_000) < 5 * (30_000.0 * 2 / 9).squareRoot())
    #expect((0..<1000).allSatisfy { _ in (0..<n).contains(stream.integer(below: n)) })
  }

  @Test func permutation() {
    var stream = RandomStream(seed: 10, stream: "permutation")
    #expect(stream.permutation(0) == [])
    #expect(stream.permutation(1) == [0])
    #expect(stream.permutation(500).sorted() == Array(0..<500))
    var counts: [[Int]: Int] = [:]
    for _ in 0..<24_000 { counts[stream.permutation(4), default: 0] += 1 }
    #expect(counts.count == 24)
    #expect(abs(deviate(Array(counts.values), [Double](repeating: 1000, count: 24))) < 5)
  }

  @Test func bernoulliBits() {
    var stream = RandomStream(seed: 11, stream: "pixels")
    let words = 2000
    for pixel in 0...255 {
      let p = Double(pixel) / 255
      var ones = [Int](repeating: 0, count: 64)
      var neighbours = 0
      for _ in 0..<words {
        let bits = stream.bernoulliBits(probability: p)
        if pixel == 0 { #expect(bits == 0) }
        if pixel == 255 { #expect(bits == ~0) }
        neighbours += (bits & (bits >> 1) & ~(1 << 63)).nonzeroBitCount
        for bit in 0..<64 { ones[bit] += Int(bits >> UInt64(bit) & 1) }
      }
      let variance = p * (1 - p)
      let total = Double(64 * words)
      #expect(abs(Double(ones.reduce(0, +)) - p * total) <= 5 * (variance * total).squareRoot())
      for count in ones {
        #expect(
          abs(Double(count) - p * Double(words)) <= 5.5 * (variance * Double(words)).squareRoot())
      }
      // Pairs of neighbouring bits are independent: their products have mean p^2.
      let pairs = Double(63 * words)
      #expect(abs(Double(neighbours) - p * p * pairs) <= 5 * (3 * variance * pairs).squareRoot())
    }
  }

  @Test func bernoulliBitsOfProbabilitiesAtTheEdges() {
    var stream = RandomStream(seed: 12, stream: "edges")
    for p in [-1, 0, -Double.infinity, .nan] {
      #expect(stream.bernoulliBits(probability: p) == 0)
    }
    for p in [1, 2, Double.infinity] { #expect(stream.bernoulliBits(probability: p) == ~0) }
    #expect((0..<1000).allSatisfy { _ in stream.bernoulliBits(probability: 0x1p-60) == 0 })
    #expect((0..<1000).allSatisfy { _ in stream.bernoulliBits(probability: 1 - 0x1p-50) == ~0 })
    let half = (0..<1000).reduce(0) { total, _ in
      total + stream.bernoulliBits(probability: 0.5).nonzeroBitCount
    }
    #expect(abs(Double(half) - 32_000) < 5 * 16_000.0.squareRoot())
  }
}
