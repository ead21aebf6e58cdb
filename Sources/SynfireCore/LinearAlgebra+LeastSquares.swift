import CLAPACK

extension LinearAlgebra {
  /// The decomposition A = Q R, with r = min(rows, columns).
  ///
  /// - Returns: Q [row, r] with orthonormal columns and the upper triangular R [r, column], whose
  ///   diagonal is not negative.
  public static func qr(
    _ a: Tensor<Double>
  ) throws -> (orthonormal: Tensor<Double>, triangular: Tensor<Double>) {
    let place = "QR decomposition"
    let (rows, columns) = try sizes(of: a, place)
    let rank = min(rows, columns)
    var (m, n, r) = (Int32(rows), Int32(columns), Int32(rank))
    var elements = transposed(a.values, rows: rows, columns: columns)
    var reflectors = [Double](repeating: 0, count: rank)
    var info: Int32 = 0
    var (work, lengthOfWork) = ([0.0], Int32(-1))
    for isQuery in [true, false] {
      dgeqrf_(&m, &n, &elements, &m, &reflectors, &work, &lengthOfWork, &info)
      try check(info, place)
      guard isQuery else { break }
      lengthOfWork = Int32(work[0])
      work = [Double](repeating: 0, count: Int(lengthOfWork))
    }
    var triangular = [Double](repeating: 0, count: rank * columns)
    for row in 0..<rank {
      for column in row..<columns {
        triangular[row * columns + column] = elements[column * rows + row]
      }
    }
    (work, lengthOfWork) = ([0.0], -1)
    for isQuery in [true, false] {
      dorgqr_(&m, &r, &r, &elements, &m, &reflectors, &work, &lengthOfWork, &info)
      try check(info, place)
      guard isQuery else { break }
      lengthOfWork = Int32(work[0])
      work = [Double](repeating: 0, count: Int(lengthOfWork))
    }
    var orthonormal = transposed(
      Array(elements[..<(rows * rank)]), rows: rank, columns: rows)
    for index in 0..<rank where triangular[index * columns + index] < 0 {
      for column in index..<columns { triangular[index * columns + column].negate() }
      for row in 0..<rows { orthonormal[row * rank + index].negate() }
    }
    return (matrix(rows, rank, orthonormal), matrix(rank, columns, triangular))
  }

  /// The columns of A made orthonormal from the first to the last: column j of the result is in the
  /// span of the first j + 1 columns of A and at an angle below 90 degrees to column j.
  ///
  /// - Throws: `CoreError`, also when A has more columns than rows or a column that depends linearly
  ///   on those before it (to 1e-12 of the largest).
  public static func orthonormalized(_ a: Tensor<Double>) throws -> Tensor<Double> {
    let place = "orthonormal basis"
    let (rows, columns) = try sizes(of: a, place)
    guard columns <= rows else {
      throw CoreError("\(columns) columns of \(rows) numbers cannot be independent", place: place)
    }
    let (orthonormal, triangular) = try qr(a)
    let diagonal = (0..<columns).map { triangular[$0, $0] }
    let least = 1e-12 * (triangular.values.map(abs).max() ?? 0)
    if let column = diagonal.firstIndex(where: { $0 <= least }) {
      throw CoreError("column \(column) depends linearly on those before it", place: place)
    }
    return orthonormal
  }

  /// The X of least norm among those that minimise the norm of A X - B, column by column.
  ///
  /// - Parameters:
  ///   - a: [row, column].
  ///   - b: [row, right-hand side], with as many rows as `a`.
  ///   - relativeTolerance: singular values of A below this part of the largest count as zero.
  /// - Returns: X [column, right-hand side], and the number of singular values that count.
  public static func leastSquares(
    _ a: Tensor<Double>, _ b: Tensor<Double>, relativeTolerance: Double = 1e-12
  ) throws -> (solution: Tensor<Double>, rank: Int) {
    let place = "least squares"
    let (rows, columns) = try sizes(of: a, place)
    let (rowsOfB, sides) = try sizes(of: b, place)
    guard rows == rowsOfB else {
      throw CoreError("A has \(rows) rows and B has \(rowsOfB)", place: place)
    }
    var (m, n, k, ldb) = (Int32(rows), Int32(columns), Int32(sides), Int32(max(rows, columns)))
    var elements = transposed(a.values, rows: rows, columns: columns)
    var solution = [Double](repeating: 0, count: Int(ldb) * sides)
    for row in 0..<rows {
      for side in 0..<sides { solution[side * Int(ldb) + row] = b.values[row * sides + side] }
    }
    var values = [Double](repeating: 0, count: min(rows, columns))
    var tolerance = relativeTolerance
    var (rank, info): (Int32, Int32) = (0, 0)
    var (work, lengthOfWork) = ([0.0], Int32(-1))
    var integers = [Int32(0)]
    for isQuery in [true, false] {
      dgelsd_(
        &m, &n, &k, &elements, &m, &solution, &ldb, &values, &tolerance, &rank, &work,
        &lengthOfWork, &integers, &info)
      try check(info, place)
      guard isQuery else { break }
      lengthOfWork = Int32(work[0])
      work = [Double](repeating: 0, count: Int(lengthOfWork))
      integers = [Int32](repeating: 0, count: max(1, Int(integers[0])))
    }
    var result = [Double](repeating: 0, count: columns * sides)
    for row in 0..<columns {
      for side in 0..<sides { result[row * sides + side] = solution[side * Int(ldb) + row] }
    }
    return (matrix(columns, sides, result), Int(rank))
  }
}
