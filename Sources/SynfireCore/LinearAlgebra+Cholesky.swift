import CLAPACK

extension LinearAlgebra {
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
