import SynfireCore

/// Principal components of activity: orthonormal directions in neuron space by decreasing variance.
///
/// With the mean removed the components are eigenvectors of the covariance (divisor samples - 1);
/// without, of the second-moment matrix (divisor samples), as DePasquale et al. (2016) use them.
/// Source: Jolliffe, Principal Component Analysis (2002), chapter 1. The sign of a component is
/// arbitrary; here its element of largest magnitude is positive.
public struct PrincipalComponents: Sendable, Equatable {
  /// What was subtracted from every sample, one number a neuron; zeros if the mean was kept.
  public let mean: [Double]
  /// Axes [component, neuron], as many components as neurons; rows are orthonormal.
  public let components: Tensor<Double>
  /// The variance along each component, decreasing, in the squared unit of the activity.
  public let variances: [Double]

  /// Finds the components of activity [sample.., neuron], such as [time, trial, neuron].
  ///
  /// - Throws: `AnalysisError` for fewer than two axes, fewer than two samples or a non-finite
  ///   element; `CoreError` if the eigenvalues do not converge.
  public init<Scalar>(of activity: Tensor<Scalar>, removesMean: Bool = true) throws {
    guard activity.shape.count >= 2, let neurons = activity.shape.last, neurons > 0,
      activity.count / neurons >= 2
    else {
      throw AnalysisError(
        "principal components need axes [sample.., neuron] with at least two samples, got shape "
          + "\(activity.shape)", place: "activity")
    }
    try activity.checkFinite(called: "activity")
    var samples = activity.doubles
    let count = samples.count / neurons
    mean =
      removesMean ? Self.center(&samples, neurons: neurons) : Array(repeating: 0, count: neurons)
    var matrix = Self.secondMoments(of: samples, neurons: neurons)
    let divisor = Double(removesMean ? count - 1 : count)
    for index in matrix.values.indices { matrix.values[index] /= divisor }
    let (values, vectors) = try LinearAlgebra.symmetricEigen(matrix)

    let order = values.indices.sorted { values[$0] > values[$1] }
    // Rounding can leave an eigenvalue of a singular covariance slightly negative.
    variances = order.map { max(0, values[$0]) }
    var components = Tensor<Double>(axes: ["component", "neuron"], shape: [neurons, neurons])
    for (rank, column) in order.enumerated() {
      var vector = (0..<neurons).map { vectors[$0, column] }
      if let largest = vector.max(by: { abs($0) < abs($1) }), largest < 0 {
        vector = vector.map { -$0 }
      }
      components.values.replaceSubrange(rank * neurons..<(rank + 1) * neurons, with: vector)
    }
    self.components = components
  }

  /// The fraction of the variance along each component; zeros for constant activity.
  public var explainedVariance: [Double] {
    let total = variances.reduce(0, +)
    return variances.map { total > 0 ? $0 / total : 0 }
  }

  /// The fraction of the variance along each component and those before it.
  public var cumulativeVariance: [Double] {
    var sum = 0.0
    return explainedVariance.map {
      sum += $0
      return sum
    }
  }

  /// The participation ratio of the variances; see `participationRatio(of:)`.
  public var participationRatio: Double { Self.participationRatio(of: variances) }

  /// (sum of variances)^2 / sum of squared variances: the effective number of dimensions.
  ///
  /// 1 when one component holds all variance, n when n components share it equally; 0 for no
  /// variance. Source: Gao et al., bioRxiv 214262 (2017), equation 3.
  public static func participationRatio(of variances: [Double]) -> Double {
    let sum = variances.reduce(0, +)
    let squares = variances.reduce(0) { $0 + $1 * $1 }
    return squares > 0 ? sum * sum / squares : 0
  }

  /// Coordinates of activity [.., neuron] along the first components, axes [.., component].
  public func project<Scalar>(
    _ activity: Tensor<Scalar>, components count: Int
  ) throws -> Tensor<Double> {
    guard activity.shape.last == mean.count else {
      throw AnalysisError(
        "shape \(activity.shape), expected the last axis to have \(mean.count) neurons",
        place: "activity")
    }
    guard count >= 1, count <= variances.count else {
      throw AnalysisError("\(count) components asked for, there are \(variances.count)")
    }
    let offset = (0..<count).map { component in
      mean.indices.reduce(0) { $0 + components[component, $1] * mean[$1] }
    }
    var projected = coordinates(
      of: activity, along: Array(components.values.prefix(count * mean.count)), count: count,
      axis: "component")
    for index in projected.values.indices { projected.values[index] -= offset[index % count] }
    return projected
  }

  /// Subtracts each neuron's mean over samples, and returns the means.
  private static func center(_ samples: inout [Double], neurons: Int) -> [Double] {
    var mean = [Double](repeating: 0, count: neurons)
    for start in stride(from: 0, to: samples.count, by: neurons) {
      for neuron in 0..<neurons { mean[neuron] += samples[start + neuron] }
    }
    let count = Double(samples.count / neurons)
    for neuron in 0..<neurons { mean[neuron] /= count }
    for start in stride(from: 0, to: samples.count, by: neurons) {
      for neuron in 0..<neurons { samples[start + neuron] -= mean[neuron] }
    }
    return mean
  }

  /// The sum over samples of the outer product of a sample with itself, axes [row, column].
  private static func secondMoments(of samples: [Double], neurons: Int) -> Tensor<Double> {
    var matrix = Tensor<Double>(axes: ["row", "column"], shape: [neurons, neurons])
    samples.withUnsafeBufferPointer { samples in
      matrix.values.withUnsafeMutableBufferPointer { matrix in
        for start in stride(from: 0, to: samples.count, by: neurons) {
          for row in 0..<neurons {
            let value = samples[start + row]
            if value == 0 { continue }
            for column in row..<neurons {
              matrix[row * neurons + column] += value * samples[start + column]
            }
          }
        }
      }
    }
    for row in 0..<neurons {
      for column in 0..<row {
        matrix.values[row * neurons + column] = matrix.values[column * neurons + row]
      }
    }
    return matrix
  }
}
