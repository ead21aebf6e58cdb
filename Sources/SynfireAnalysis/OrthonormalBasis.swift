import SynfireCore

/// Orthonormal vectors that span the same space as given columns, in the same order.
///
/// Gram-Schmidt in its modified form, run twice on each column so that the result is orthogonal to
/// rounding however ill-conditioned the columns are (Giraud, Langou and Rozloznik, 2005).
public struct OrthonormalBasis: Sendable, Equatable {
  /// Axes [vector, neuron]; vector k spans, with those before it, the first k + 1 columns.
  public let vectors: Tensor<Double>

  /// Orthonormalises the columns of matrices [neuron, column], taken one after another.
  ///
  /// - Throws: `AnalysisError` for different numbers of neurons, and for a column that lies in the
  ///   span of those before it (to 1e-10 of its length).
  public init(columnsOf matrices: [Tensor<Double>]) throws {
    guard let neurons = matrices.first?.shape.first,
      matrices.allSatisfy({ $0.shape.count == 2 && $0.shape[0] == neurons })
    else {
      throw AnalysisError(
        "shapes \(matrices.map(\.shape)), expected [neuron, column] with equally many neurons",
        place: "basis")
    }
    var basis: [[Double]] = []
    for matrix in matrices {
      try matrix.checkFinite(called: "basis")
      for column in 0..<matrix.shape[1] {
        var vector = (0..<neurons).map { matrix[$0, column] }
        let length = Self.length(vector)
        for _ in 0..<2 {
          for previous in basis {
            let overlap = zip(vector, previous).reduce(0) { $0 + $1.0 * $1.1 }
            for index in vector.indices { vector[index] -= overlap * previous[index] }
          }
        }
        let rest = Self.length(vector)
        guard rest > 1e-10 * length else {
          throw AnalysisError(
            "column \(basis.count) is a combination of the columns before it", place: "basis",
            remedy: "An orthogonalised projection needs linearly independent directions, and no "
              + "more of them than neurons.")
        }
        basis.append(vector.map { $0 / rest })
      }
    }
    vectors = Tensor(
      axes: ["vector", "neuron"], shape: [basis.count, neurons], values: basis.flatMap { $0 })
  }

  private static func length(_ vector: [Double]) -> Double {
    vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }
}
