import CLAPACK

extension LinearAlgebra {
  /// Solves A x = b for a positive definite A, in place.
  ///
  /// - Parameters:
  ///   - a: the lower triangle row by row, in `size` rows of that many elements; overwritten.
  ///   - b: becomes x.
  /// - Returns: whether A is positive definite, as far as Double can tell; if not, b is as it was.
  public static func solvePositiveDefinite(
    _ a: UnsafeMutablePointer<Double>, _ b: UnsafeMutablePointer<Double>, size: Int
  ) -> Bool {
    guard size > 0 else { return true }
    _ = oneThread
    // The lower triangle by rows is the upper one by columns.
    var (order, sides, info) = (Int32(size), Int32(1), Int32(0))
    var (leading, rows) = (order, order)
    dposv_("U", &order, &sides, a, &leading, b, &rows, &info)
    return info == 0
  }

  /// Whether all eigenvalues of a symmetric matrix are above 0, as far as Double can tell: whether it has a
  /// Cholesky decomposition, A = L L', whose diagonal is above 0.
  public static func isPositiveDefinite(_ matrix: SymmetricMatrix) -> Bool {
    _ = oneThread
    let (size, rowLength) = (matrix.size, matrix.rowLength)
    let rows = matrix.row(0)
    var elements = [Double](unsafeUninitializedCapacity: size * rowLength) { buffer, count in
      count = size * rowLength
      buffer.baseAddress!.initialize(from: rows, count: count)
    }
    // A symmetric matrix by columns is that by rows.
    var (order, leading, info) = (Int32(size), Int32(rowLength), Int32(0))
    dpotrf_("L", &order, &elements, &leading, &info)
    // What is not a number gets through the decomposition.
    return info == 0 && (0..<size).allSatisfy { elements[$0 * (rowLength + 1)].isFinite }
  }
}
