import Foundation
import SynfireCore

/// The principal angles between two subspaces of neuron space.
///
/// Cosines are the singular values of Qa^T Qb, with orthonormal bases Qa and Qb; angles below 45
/// degrees come from the sines, the singular values of Qb - Qa Qa^T Qb, because the arc cosine
/// loses half of the digits there. Source: Bjorck and Golub, Math. Comp. 27, 579 (1973).
public struct PrincipalAngles: Sendable, Equatable {
  /// In radians, 0 to pi/2, increasing; as many as the smaller subspace has dimensions.
  public let angles: [Double]

  /// The angles in degrees.
  public var degrees: [Double] { angles.map { $0 * 180 / .pi } }

  /// The angles between the spans of the columns of two matrices [neuron, column].
  ///
  /// - Throws: `AnalysisError` for different numbers of neurons or dependent columns.
  public init(between first: Tensor<Double>, and second: Tensor<Double>) throws {
    guard first.shape.count == 2, second.shape.count == 2, first.shape[0] == second.shape[0] else {
      throw AnalysisError(
        "shapes \(first.shape) and \(second.shape), expected [neuron, column] with equally many "
          + "neurons", place: "principal angles")
    }
    let larger = first.shape[1] >= second.shape[1] ? first : second
    let smaller = first.shape[1] >= second.shape[1] ? second : first
    let basis = try OrthonormalBasis(columnsOf: [larger]).vectors
    let others = try OrthonormalBasis(columnsOf: [smaller]).vectors
    let (count, neurons, dimensions) = (others.shape[0], others.shape[1], basis.shape[0])

    let overlaps = coordinates(of: others, along: basis.values, count: dimensions, axis: "vector")
    var residual = others.values
    for vector in 0..<count {
      for direction in 0..<dimensions {
        let overlap = overlaps[vector, direction]
        for neuron in 0..<neurons {
          residual[vector * neurons + neuron] -= overlap * basis[direction, neuron]
        }
      }
    }
    let cosines = try Self.squaredSingularValues(overlaps.values, rows: count)
    let sines = try Self.squaredSingularValues(residual, rows: count)
    // Cosines fall and sines rise along the angles.
    angles = zip(cosines.sorted(by: >), sines.sorted()).map { cosine, sine in
      cosine > 0.5 ? asin(min(1, max(0, sine).squareRoot())) : acos(max(0, cosine).squareRoot())
    }
  }

  /// The squared singular values of a matrix given by rows: the eigenvalues of A A^T.
  private static func squaredSingularValues(_ values: [Double], rows: Int) throws -> [Double] {
    let columns = values.count / rows
    let matrix = Tensor<Double>(axes: ["row", "column"], shape: [rows, columns], values: values)
    let gram = coordinates(of: matrix, along: values, count: rows, axis: "column")
    return try LinearAlgebra.symmetricEigen(gram).values
  }
}
