extension LinearAlgebra {
  /// The matrix product A B, axes [row, column].
  ///
  /// - Throws: `CoreError` for matrices that do not fit each other.
  public static func product(_ a: Tensor<Double>, _ b: Tensor<Double>) throws -> Tensor<Double> {
    guard a.shape.count == 2, b.shape.count == 2, a.shape[1] == b.shape[0] else {
      throw CoreError("matrices of shapes \(a.shape) and \(b.shape)", place: "matrix product")
    }
    let (rows, inner, columns) = (a.shape[0], a.shape[1], b.shape[1])
    var result = Tensor<Double>(axes: ["row", "column"], shape: [rows, columns])
    result.values.withUnsafeMutableBufferPointer { c in
      a.values.withUnsafeBufferPointer { a in
        b.values.withUnsafeBufferPointer { b in
          for row in 0..<rows {
            for k in 0..<inner {
              let weight = a[row * inner + k]
              for column in 0..<columns {
                c[row * columns + column] += weight * b[k * columns + column]
              }
            }
          }
        }
      }
    }
    return result
  }
}

extension Tensor where Scalar == Double {
  /// The unit matrix [row, column].
  public static func identity(_ size: Int) -> Tensor {
    var result = Tensor(axes: ["row", "column"], shape: [size, size])
    for index in 0..<size { result[index, index] = 1 }
    return result
  }

  /// A matrix with rows and columns exchanged.
  public var transposed: Tensor {
    precondition(shape.count == 2)
    return Tensor(
      axes: axes.reversed(), shape: shape.reversed(),
      values: (0..<shape[1]).flatMap { column in (0..<shape[0]).map { self[$0, column] } })
  }
}
