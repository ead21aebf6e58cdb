import CLAPACK

/// Decompositions of dense matrices in Double, by LAPACK (Anderson et al. 1999).
///
/// A matrix is a tensor with axes [row, column]. Every function throws `CoreError` for a tensor
/// that has not two axes or an empty one, for elements that are not finite (their position is named)
/// and for an iteration that does not converge. LAPACK runs on one thread, so that results do not
/// depend on the number of cores.
public enum LinearAlgebra {
  static let oneThread: Void = openblas_set_num_threads(1)

  /// The library that computes them, with its version and kernels.
  public static var library: String {
    String(cString: openblas_get_config())
  }

  /// The sizes of a matrix whose elements are finite.
  static func sizes(
    of matrix: Tensor<Double>, _ place: String
  ) throws -> (rows: Int, columns: Int) {
    _ = oneThread
    guard matrix.shape.count == 2, matrix.shape[0] > 0, matrix.shape[1] > 0,
      max(matrix.shape[0], matrix.shape[1]) <= Int32.max >> 1
    else {
      throw CoreError(
        "a matrix [row, column] is needed, but the shape is \(matrix.shape)", place: place)
    }
    if let position = matrix.firstNonFinite {
      let value = matrix[position[0], position[1]]
      throw CoreError(
        "the element at row \(position[0]), column \(position[1]) is \(value)", place: place,
        remedy: "Find out where the first non-finite number comes from.")
    }
    return (matrix.shape[0], matrix.shape[1])
  }

  /// A matrix from its elements, row by row.
  static func matrix(_ rows: Int, _ columns: Int, _ values: [Double]) -> Tensor<Double> {
    Tensor(axes: ["row", "column"], shape: [rows, columns], values: values)
  }

  /// The elements of a matrix column by column.
  static func transposed(_ values: [Double], rows: Int, columns: Int) -> [Double] {
    var result = [Double](repeating: 0, count: rows * columns)
    for row in 0..<rows {
      for column in 0..<columns { result[column * rows + row] = values[row * columns + column] }
    }
    return result
  }

  /// Throws what LAPACK reports.
  static func check(_ info: Int32, _ place: String) throws {
    guard info != 0 else { return }
    throw CoreError(
      info > 0
        ? "the iteration did not converge (LAPACK code \(info))"
        : "LAPACK refused argument \(-info)",
      place: place, remedy: "Check the scale and the conditioning of the matrix.",
      isUserMistake: false)
  }

  /// Eigenvalues and eigenvectors of the symmetric matrix A.
  ///
  /// - Returns: the eigenvalues in descending order, and a matrix [row, column] whose column j is the
  ///   unit eigenvector of eigenvalue j.
  /// - Throws: `CoreError`, also when A is not square, or differs from its transpose by more than
  ///   1e-8 of its largest element.
  public static func symmetricEigen(
    _ a: Tensor<Double>
  ) throws -> (values: [Double], vectors: Tensor<Double>) {
    let place = "eigenvalues of a symmetric matrix"
    let (size, columns) = try sizes(of: a, place)
    guard size == columns else {
      throw CoreError("the matrix has \(size) rows and \(columns) columns", place: place)
    }
    let largest = a.values.reduce(0) { max($0, abs($1)) }
    for row in 0..<size {
      for column in 0..<row
      where abs(a.values[row * size + column] - a.values[column * size + row]) > 1e-8 * largest {
        throw CoreError(
          "elements (\(row), \(column)) and (\(column), \(row)) differ: the matrix is not symmetric",
          place: place)
      }
    }
    var n = Int32(size)
    var vectors = a.values
    var values = [Double](repeating: 0, count: size)
    var info: Int32 = 0
    var (work, lengthOfWork) = ([0.0], Int32(-1))
    var (integers, lengthOfIntegers) = ([Int32(0)], Int32(-1))
    for isQuery in [true, false] {
      dsyevd_(
        "V", "U", &n, &vectors, &n, &values, &work, &lengthOfWork, &integers, &lengthOfIntegers,
        &info)
      try check(info, place)
      guard isQuery else { break }
      (lengthOfWork, lengthOfIntegers) = (Int32(work[0]), integers[0])
      work = [Double](repeating: 0, count: Int(lengthOfWork))
      integers = [Int32](repeating: 0, count: Int(lengthOfIntegers))
    }
    // LAPACK: ascending, eigenvectors one after another.
    var columnsOfVectors = [Double](repeating: 0, count: size * size)
    for index in 0..<size {
      for row in 0..<size {
        columnsOfVectors[row * size + size - 1 - index] = vectors[index * size + row]
      }
    }
    return (values.reversed(), matrix(size, size, columnsOfVectors))
  }

  /// The singular value decomposition A = U diag(s) V', with r = min(rows, columns).
  ///
  /// - Returns: U [row, r] with orthonormal columns, the singular values in descending order, and
  ///   V' [r, column] with orthonormal rows.
  public static func singularValues(
    _ a: Tensor<Double>
  ) throws -> (left: Tensor<Double>, values: [Double], rightTransposed: Tensor<Double>) {
    let place = "singular values"
    let (rows, columns) = try sizes(of: a, place)
    let rank = min(rows, columns)
    // LAPACK reads A by columns, that is A' = V diag(s) U'; what it writes by columns is V' and U.
    var (m, n, r) = (Int32(columns), Int32(rows), Int32(rank))
    var elements = a.values
    var values = [Double](repeating: 0, count: rank)
    var left = [Double](repeating: 0, count: rows * rank)
    var right = [Double](repeating: 0, count: rank * columns)
    var info: Int32 = 0
    var (work, lengthOfWork) = ([0.0], Int32(-1))
    var integers = [Int32](repeating: 0, count: 8 * rank)
    for isQuery in [true, false] {
      dgesdd_(
        "S", &m, &n, &elements, &m, &values, &right, &m, &left, &r, &work, &lengthOfWork,
        &integers, &info)
      try check(info, place)
      guard isQuery else { break }
      lengthOfWork = Int32(work[0])
      work = [Double](repeating: 0, count: Int(lengthOfWork))
    }
    return (matrix(rows, rank, left), values, matrix(rank, columns, right))
  }
}
