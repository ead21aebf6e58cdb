import SynfireCore
import Testing

/// Products and updates of symmetric matrices against plain loops.
@Suite struct SymmetricMatrixTests {
  static let sizes = [1, 3, 7, 8, 9, 16, 17, 23, 40, 255, 256, 301]

  private func random(_ size: Int) -> SymmetricMatrix {
    var stream = RandomStream(seed: 4, stream: "matrix")
    return SymmetricMatrix(
      size: size, lowerTriangle: (0..<size * (size + 1) / 2).map { _ in stream.normal() })
  }

  /// Rows of random numbers, padded with zeros.
  private func vectors(_ count: Int, _ matrix: SymmetricMatrix) -> AlignedBuffer<Double> {
    var stream = RandomStream(seed: 5, stream: "vectors")
    let buffer = AlignedBuffer<Double>(count: count * matrix.rowLength)
    for index in 0..<count {
      for column in 0..<matrix.size {
        buffer.pointer[index * matrix.rowLength + column] = stream.normal()
      }
    }
    return buffer
  }

  @Test(arguments: sizes) func product(size: Int) throws {
    let matrix = random(size)
    let vector = vectors(1, matrix)
    let result = AlignedBuffer<Double>(count: matrix.rowLength)
    try matrix.multiply(vector.pointer, into: result.pointer, pool: WorkerPool(threads: 1))
    for row in 0..<size {
      var expected = 0.0
      for column in 0..<size { expected += matrix[row, column] * vector.pointer[column] }
      #expect(abs(result.pointer[row] - expected) < 1e-12 * Double(size + 8))
    }
    for row in size..<matrix.rowLength { #expect(result.pointer[row] == 0) }
  }

  @Test(arguments: sizes, [1, 5]) func outerProducts(size: Int, depth: Int) throws {
    let before = random(size)
    let vectors = vectors(depth, before)
    let weights = (0..<depth).map { 0.3 + Double($0) }
    var matrix = before
    try matrix.subtractOuterProducts(
      vectors.pointer, weights: weights, scale: 1.25, pool: WorkerPool(threads: 2))
    for row in 0..<size {
      for column in 0..<size {
        var expected = 1.25 * before[row, column]
        for index in 0..<depth {
          let start = index * matrix.rowLength
          expected -=
            weights[index] * vectors.pointer[start + row] * vectors.pointer[start + column]
        }
        #expect(abs(matrix[row, column] - expected) < 1e-12 * Double(depth + 8))
        #expect(matrix[row, column] == matrix[column, row])
      }
    }
  }

  /// A copy keeps what it had.
  @Test func copies() throws {
    let before = random(20)
    var matrix = before
    try matrix.subtractOuterProducts(
      vectors(1, before).pointer, weights: [1], scale: 2, pool: WorkerPool(threads: 1))
    #expect(before.lowerTriangle == random(20).lowerTriangle)
    #expect(matrix.lowerTriangle != before.lowerTriangle)
  }
}
