extension RandomStream {
  /// A number uniform on [0, 1), a multiple of 2^-53.
  @inlinable
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// True with probability `p`; never for `p <= 0` and always for `p >= 1`.
  @inlinable
  public mutating func bernoulli(_ p: Double) -> Bool { uniform() < p }

  /// A normal number of mean 0 and variance 1 (Box and Muller, 1958).
  public mutating func normal() -> Double {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * Double.pi * uniform())
  }

  /// An exponential number of mean 1.
  public mutating func exponential() -> Double { -log(1 - uniform()) }

  /// An integer uniform on 0 ..< n, without bias (Lemire, 2019).
  ///
  /// - Precondition: `n > 0`.
  @inlinable
  public mutating func integer(below n: Int) -> Int {
    precondition(n > 0, "no integer is below \(n) and not below 0")
    let range = UInt64(n)
    var product = next().multipliedFullWidth(by: range)
    if product.low < range {
      let rejected = (0 &- range) % range
      while product.low < rejected { product = next().multipliedFullWidth(by: range) }
    }
    return Int(product.high)
  }

  /// The integers 0 ..< n in random order, every order as likely (Fisher and Yates).
  public mutating func permutation(_ n: Int) -> [Int] {
    var order = Array(0..<max(0, n))
    for last in stride(from: order.count - 1, to: 0, by: -1) {
      order.swapAt(last, integer(below: last + 1))
    }
    return order
  }

  /// Sixty-four independent draws at once: every bit is 1 with probability `p`, exact to 2^-64.
  ///
  /// Bit `i` compares the binary digits of a uniform number with those of `p`, the most significant
  /// first, until they differ; all 64 comparisons share the words drawn, of which there are 8 on
  /// average. `p <= 0` gives no bit and `p >= 1` all of them, exactly.
  @inlinable
  public mutating func bernoulliBits(probability p: Double) -> UInt64 {
    if !(p > 0) { return 0 }
    if p >= 1 { return ~0 }
    return Self.bernoulliBits(digits: UInt64(p * 0x1p64)) { next() }
  }

  /// The same of a p whose 64 binary digits after the point are given, from words that `next` draws.
  @inlinable
  @inline(__always)
  public static func bernoulliBits(digits: UInt64, next: () -> UInt64) -> UInt64 {
    var digits = digits
    var undecided = ~UInt64(0)
    var result: UInt64 = 0
    // With no digits left every undecided uniform number is at least p.
    while undecided != 0, digits != 0 {
      let digit = UInt64(bitPattern: Int64(bitPattern: digits) >> 63)
      let random = next()
      result |= undecided & digit & ~random
      undecided &= ~(random ^ digit)
      digits <<= 1
    }
    return result
  }
}
