import CIntrinsics
import CLAPACK

/// What one core of this machine can do, and what part of it the matrix products reach.
///
/// Rates are in GFLOP/s, a multiplication and an addition counting as two, and are the best of
/// several rounds on the calling thread.
public enum MachinePeak {
  /// The rate of fused multiply-adds that depend on nothing but registers.
  public static func fusedMultiplyAddRate(rounds: Int = 20) -> Double {
    let iterations = 20_000
    var sink = SIMD16<Float>()
    let seconds = best(rounds) { sink += multiplyAdds(iterations, start: sink[0]) }
    // Never true; keeps the loop from being dropped.
    if sink[0] == 1 { return 0 }
    return Double(iterations * chains) * 16 * 2 / seconds * 1e-9
  }

  /// The rate of `PackedMatrix.multiply`, `rows` x `inner` times `inner` x `columns`.
  public static func packedProductRate(
    rows: Int, inner: Int, columns: Int, rounds: Int = 20
  ) -> Double {
    let (a, b, c) = operands(rows * inner, inner * columns, rows * columns)
    var matrix = PackedMatrix(rows: inner, columns: columns)
    matrix.pack(b.pointer, rowStride: columns, columnStride: 1)
    let repeats = repetitions(rows, inner, columns)
    let seconds = best(rounds) {
      for _ in 0..<repeats {
        matrix.multiply(
          a.pointer, rows: rows, stride: inner, into: c.pointer, stride: columns, accumulate: false)
      }
    }
    return rate(rows, inner, columns, repeats, seconds)
  }

  /// The rate of `OuterProduct.accumulate`, `rows` being the length of the summed axis.
  public static func outerProductRate(
    rows: Int, inner: Int, columns: Int, rounds: Int = 20
  ) -> Double {
    let (a, b, g) = operands(rows * inner, rows * columns, inner * columns)
    let repeats = repetitions(rows, inner, columns)
    let seconds = best(rounds) {
      for _ in 0..<repeats {
        OuterProduct.accumulate(
          a.pointer, columns: inner, stride: inner, b.pointer, columns: columns, stride: columns,
          rows: rows, into: g.pointer, stride: columns)
      }
    }
    return rate(rows, inner, columns, repeats, seconds)
  }

  /// The rate of the single-precision product of the linked BLAS library on one thread.
  public static func blasProductRate(
    rows: Int, inner: Int, columns: Int, rounds: Int = 20
  ) -> Double {
    openblas_set_num_threads(1)
    let (a, b, c) = operands(rows * inner, inner * columns, rows * columns)
    let repeats = repetitions(rows, inner, columns)
    let seconds = best(rounds) {
      for _ in 0..<repeats {
        // Row-major C = A B is column-major C' = B' A'.
        var (m, n, k) = (Int32(columns), Int32(rows), Int32(inner))
        var (one, zero) = (Float(1), Float(0))
        sgemm_("N", "N", &m, &n, &k, &one, b.pointer, &m, a.pointer, &k, &zero, c.pointer, &m)
      }
    }
    return rate(rows, inner, columns, repeats, seconds)
  }

  /// Sums that are kept in registers at once.
  private static var chains: Int { synfire_has_wide_registers() ? 16 : 6 }

  @inline(never)
  private static func multiplyAdds(_ iterations: Int, start: Float) -> SIMD16<Float> {
    let factor = SIMD16<Float>(repeating: 0.5 + start)
    let term = SIMD16<Float>(repeating: 0.25)
    var (a, b, c, d) = (term, term + 1, term + 2, term + 3)
    var (e, f, g, h) = (term + 4, term + 5, term + 6, term + 7)
    var (i, j, k, l) = (term + 8, term + 9, term + 10, term + 11)
    var (m, n, o, p) = (term + 12, term + 13, term + 14, term + 15)
    for _ in 0..<iterations {
      a = term.addingProduct(a, factor)
      b = term.addingProduct(b, factor)
      c = term.addingProduct(c, factor)
      d = term.addingProduct(d, factor)
      e = term.addingProduct(e, factor)
      f = term.addingProduct(f, factor)
      guard synfire_has_wide_registers() else { continue }
      g = term.addingProduct(g, factor)
      h = term.addingProduct(h, factor)
      i = term.addingProduct(i, factor)
      j = term.addingProduct(j, factor)
      k = term.addingProduct(k, factor)
      l = term.addingProduct(l, factor)
      m = term.addingProduct(m, factor)
      n = term.addingProduct(n, factor)
      o = term.addingProduct(o, factor)
      p = term.addingProduct(p, factor)
    }
    let total = ((a + b) + (c + d)) + ((e + f) + (g + h)) + ((i + j) + (k + l))
    return (total + ((m + n) + (o + p))) * 1e-9
  }

  private typealias Buffer = AlignedBuffer<Float>

  private static func operands(_ a: Int, _ b: Int, _ c: Int) -> (Buffer, Buffer, Buffer) {
    let buffers = (Buffer(count: a), Buffer(count: b), Buffer(count: c))
    var stream = RandomStream(seed: 0, stream: "machine peak")
    stream.fillUniform(UnsafeMutableBufferPointer(start: buffers.0.pointer, count: a))
    stream.fillUniform(UnsafeMutableBufferPointer(start: buffers.1.pointer, count: b))
    return buffers
  }

  /// Products a round, so that a round takes about a millisecond.
  private static func repetitions(_ rows: Int, _ inner: Int, _ columns: Int) -> Int {
    max(1, 50_000_000 / max(1, rows * inner * columns))
  }

  private static func rate(
    _ rows: Int, _ inner: Int, _ columns: Int, _ repeats: Int, _ seconds: Double
  ) -> Double {
    2 * Double(rows) * Double(inner) * Double(columns) * Double(repeats) / seconds * 1e-9
  }

  /// The least time of a round, in seconds.
  private static func best(_ rounds: Int, _ body: () -> Void) -> Double {
    var least = Double.infinity
    for _ in 0..<max(1, rounds) {
      let time = ContinuousClock().measure(body).components
      least = min(least, Double(time.seconds) + Double(time.attoseconds) * 1e-18)
    }
    return least
  }
}
