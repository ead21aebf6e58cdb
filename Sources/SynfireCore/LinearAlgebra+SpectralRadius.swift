import CLAPACK

extension LinearAlgebra {
  /// The largest magnitude of the eigenvalues of the square matrix A.
  ///
  /// - Throws: `CoreError`, also when A is not square.
  public static func spectralRadius(_ a: Tensor<Double>) throws -> Double {
    let place = "spectral radius"
    let (size, columns) = try sizes(of: a, place)
    guard size == columns else {
      throw CoreError("the matrix has \(size) rows and \(columns) columns", place: place)
    }
    var n = Int32(size)
    // Rows for columns: A and its transpose have the same eigenvalues.
    var matrix = a.values
    var (real, imaginary) = (
      [Double](repeating: 0, count: size), [Double](repeating: 0, count: size)
    )
    var (info, one, length) = (Int32(0), Int32(1), Int32(-1))
    var unused = 0.0
    var other = 0.0
    var best = 0.0
    dgeev_(
      "N", "N", &n, &matrix, &n, &real, &imaginary, &unused, &one, &other, &one, &best, &length,
      &info)
    try check(info, place)
    length = Int32(best)
    var work = [Double](repeating: 0, count: Int(length))
    dgeev_(
      "N", "N", &n, &matrix, &n, &real, &imaginary, &unused, &one, &other, &one, &work, &length,
      &info)
    try check(info, place)
    return zip(real, imaginary).reduce(0) {
      max($0, ($1.0 * $1.0 + $1.1 * $1.1).squareRoot())
    }
  }
}
