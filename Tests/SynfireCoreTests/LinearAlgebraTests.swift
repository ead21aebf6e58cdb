import Foundation
import SynfireCore
import Testing

@Suite struct LinearAlgebraTests {
  typealias Matrix = Tensor<Double>

  private func matrix(_ rows: Int, _ columns: Int, _ values: [Double]) -> Matrix {
    Matrix(axes: ["row", "column"], shape: [rows, columns], values: values)
  }

  private func random(_ rows: Int, _ columns: Int) -> Matrix {
    var stream = RandomStream(seed: 3, stream: "\(rows) x \(columns)")
    return matrix(rows, columns, (0..<(rows * columns)).map { _ in stream.normal() })
  }

  private func transpose(_ a: Matrix) -> Matrix {
    let (rows, columns) = (a.shape[0], a.shape[1])
    return matrix(
      columns, rows,
      (0..<columns).flatMap { c in (0..<rows).map { a.values[$0 * columns + c] } })
  }

  private func product(_ a: Matrix, _ b: Matrix) -> Matrix {
    let (m, k, n) = (a.shape[0], a.shape[1], b.shape[1])
    var values = [Double](repeating: 0, count: m * n)
    for i in 0..<m {
      for l in 0..<k {
        for j in 0..<n { values[i * n + j] += a.values[i * k + l] * b.values[l * n + j] }
      }
    }
    return matrix(m, n, values)
  }

  private func diagonal(_ values: [Double]) -> Matrix {
    var result = matrix(values.count, values.count, values.flatMap { _ in values.map { _ in 0 } })
    for (index, value) in values.enumerated() { result[index, index] = value }
    return result
  }

  private func distance(_ a: Matrix, _ b: Matrix) -> Double {
    guard a.shape == b.shape else { return .infinity }
    return zip(a.values, b.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  private func identity(_ size: Int) -> Matrix { diagonal([Double](repeating: 1, count: size)) }

  @Test func eigenvaluesOfAKnownMatrix() throws {
    let (values, vectors) = try LinearAlgebra.symmetricEigen(matrix(2, 2, [2, 1, 1, 2]))
    #expect(abs(values[0] - 3) < 1e-14 && abs(values[1] - 1) < 1e-14)
    #expect(abs(abs(vectors[0, 0]) - 0.5.squareRoot()) < 1e-14)
    #expect(abs(vectors[0, 0] - vectors[1, 0]) < 1e-14)
    #expect(abs(vectors[0, 1] + vectors[1, 1]) < 1e-14)
  }

  @Test(arguments: [1, 2, 7, 60])
  func eigenvectors(size: Int) throws {
    let half = random(size, size)
    let a = matrix(size, size, zip(half.values, transpose(half).values).map { $0 + $1 })
    let (values, vectors) = try LinearAlgebra.symmetricEigen(a)
    #expect(values == values.sorted(by: >))
    #expect(distance(product(a, vectors), product(vectors, diagonal(values))) < 1e-11)
    #expect(distance(product(transpose(vectors), vectors), identity(size)) < 1e-12)
    #expect(vectors.axes == ["row", "column"])
  }

  @Test(arguments: [(1, 1), (5, 3), (3, 5), (40, 40), (100, 7), (7, 100)])
  func singularValues(rows: Int, columns: Int) throws {
    let a = random(rows, columns)
    let (left, values, right) = try LinearAlgebra.singularValues(a)
    let rank = min(rows, columns)
    #expect(left.shape == [rows, rank] && right.shape == [rank, columns])
    #expect(values == values.sorted(by: >) && values.allSatisfy { $0 >= 0 })
    #expect(distance(product(product(left, diagonal(values)), right), a) < 1e-12)
    #expect(distance(product(transpose(left), left), identity(rank)) < 1e-12)
    #expect(distance(product(right, transpose(right)), identity(rank)) < 1e-12)
  }

  @Test func singularValuesOfAKnownMatrix() throws {
    let (_, values, _) = try LinearAlgebra.singularValues(matrix(2, 3, [3, 2, 2, 2, 3, -2]))
    #expect(abs(values[0] - 5) < 1e-13 && abs(values[1] - 3) < 1e-13)
  }

  @Test(arguments: [(1, 1), (5, 3), (3, 5), (40, 40), (100, 7)])
  func qr(rows: Int, columns: Int) throws {
    let a = random(rows, columns)
    let (q, r) = try LinearAlgebra.qr(a)
    let rank = min(rows, columns)
    #expect(q.shape == [rows, rank] && r.shape == [rank, columns])
    #expect(distance(product(q, r), a) < 1e-12)
    #expect(distance(product(transpose(q), q), identity(rank)) < 1e-12)
    for row in 0..<rank {
      #expect(r[row, row] >= 0)
      for column in 0..<row { #expect(r[row, column] == 0) }
    }
  }

  @Test func orthonormalBasis() throws {
    let basis = try LinearAlgebra.orthonormalized(matrix(3, 2, [2, 1, 0, 1, 0, 0]))
    #expect(distance(basis, matrix(3, 2, [1, 0, 0, 1, 0, 0])) < 1e-15)
    #expect(throws: CoreError.self) {
      try LinearAlgebra.orthonormalized(matrix(3, 2, [1, 2, 2, 4, 3, 6]))
    }
    #expect(throws: CoreError.self) { try LinearAlgebra.orthonormalized(random(2, 3)) }
    #expect(throws: CoreError.self) {
      try LinearAlgebra.orthonormalized(matrix(2, 1, [0, 0]))
    }
  }

  @Test func leastSquaresFitsALine() throws {
    let a = matrix(4, 2, [1, 0, 1, 1, 1, 2, 1, 3])
    let b = matrix(4, 1, [1, 3, 2, 5])
    let (x, rank) = try LinearAlgebra.leastSquares(a, b)
    #expect(rank == 2)
    #expect(distance(x, matrix(2, 1, [1.1, 1.1])) < 1e-14)
  }

  @Test(arguments: [(30, 5, 3), (6, 6, 1), (5, 12, 2)])
  func residualsAreOrthogonalToTheColumns(rows: Int, columns: Int, sides: Int) throws {
    let (a, b) = (random(rows, columns), random(rows, sides + 20))
    let (x, rank) = try LinearAlgebra.leastSquares(a, b)
    #expect(rank == min(rows, columns))
    let fitted = product(a, x)
    let residual = matrix(rows, sides + 20, zip(fitted.values, b.values).map { $0 - $1 })
    let projection = product(transpose(a), residual)
    #expect(
      distance(projection, matrix(columns, sides + 20, projection.values.map { _ in 0 })) < 1e-11)
  }

  @Test func leastSquaresOfLeastNorm() throws {
    // Two equal columns share the weight.
    let a = matrix(3, 2, [1, 1, 2, 2, 3, 3])
    let (x, rank) = try LinearAlgebra.leastSquares(a, matrix(3, 1, [2, 4, 6]))
    #expect(rank == 1)
    #expect(distance(x, matrix(2, 1, [1, 1])) < 1e-13)
  }

  @Test func badInputIsAnError() throws {
    func complaint(_ body: () throws -> Void) -> String {
      do {
        try body()
        return "no error"
      } catch let error as CoreError {
        return error.isUserMistake ? error.description : "not the user's mistake"
      } catch {
        return "another error"
      }
    }
    let broken = matrix(2, 2, [1, 2, .nan, 4])
    let vector = Matrix(axes: ["row"], shape: [2], values: [1, 2])
    let empty = matrix(0, 3, [])
    let functions: [(Matrix) throws -> Void] = [
      { _ = try LinearAlgebra.symmetricEigen($0) }, { _ = try LinearAlgebra.singularValues($0) },
      { _ = try LinearAlgebra.qr($0) }, { _ = try LinearAlgebra.orthonormalized($0) },
      { _ = try LinearAlgebra.leastSquares($0, $0) },
    ]
    for function in functions {
      #expect(complaint { try function(broken) }.contains("row 1, column 0 is nan"))
      #expect(complaint { try function(vector) }.contains("[2]"))
      #expect(complaint { try function(empty) }.contains("[0, 3]"))
    }
    #expect(
      complaint { _ = try LinearAlgebra.symmetricEigen(matrix(2, 2, [1, 2, 3, 4])) }
        .contains("not symmetric"))
    #expect(
      complaint { _ = try LinearAlgebra.symmetricEigen(random(2, 3)) }.contains("3 columns"))
    #expect(
      complaint { _ = try LinearAlgebra.leastSquares(random(3, 2), random(4, 1)) }
        .contains("A has 3 rows and B has 4"))
  }
}
