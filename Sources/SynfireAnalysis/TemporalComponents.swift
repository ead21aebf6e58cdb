import SynfireCore

/// Temporal principal components: the time courses that the activity of all neurons is made of.
///
/// Activity A [time, neuron], the mean over time of each neuron removed, is U diag(s) V'. The columns of U
/// are orthonormal time courses; that of rank k holds the fraction s_k^2 / sum of s^2 of the variance. Two
/// populations whose components span the same time courses do the same in different coordinates, however
/// many neurons each has. Source: DePasquale, Churchland and Abbott (2016).
public struct TemporalComponents: Sendable, Equatable {
  /// Axes [time, component], as many components as the smaller of steps and neurons. The element of largest
  /// magnitude of each is positive, as the sign is arbitrary.
  public let components: Tensor<Double>
  /// In descending order, in the unit of the activity.
  public let singularValues: [Double]

  /// - Parameter activity: [time, neuron].
  /// - Throws: `AnalysisError` for fewer than two steps, an element that is not finite and activity that does
  ///   not vary in time; `CoreError` if the decomposition does not converge.
  public init(of activity: Tensor<Double>) throws {
    let place = "temporal components"
    try activity.check(axes: 2, called: place)
    let (steps, neurons) = (activity.shape[0], activity.shape[1])
    guard steps >= 2 else { throw AnalysisError("\(steps) steps", place: place) }
    var centered = activity
    for neuron in 0..<neurons {
      let mean = (0..<steps).reduce(0) { $0 + activity[$1, neuron] } / Double(steps)
      for step in 0..<steps { centered[step, neuron] -= mean }
    }
    // What is left of a constant is rounding.
    let scale = activity.values.reduce(0) { max($0, abs($1)) }
    guard centered.values.contains(where: { abs($0) > 1e-13 * scale }) else {
      throw AnalysisError(
        "the activity does not vary in time", place: place, remedy: "Record activity that varies.")
    }
    var (left, values, _) = try LinearAlgebra.singularValues(centered)
    let rank = values.count
    for component in 0..<rank {
      let largest = (0..<steps).max { abs(left[$0, component]) < abs(left[$1, component]) }!
      guard left[largest, component] < 0 else { continue }
      for step in 0..<steps { left[step, component].negate() }
    }
    components = Tensor(axes: ["time", "component"], shape: [steps, rank], values: left.values)
    singularValues = values
  }

  /// The fraction of the variance that each component holds.
  public var explainedVariance: [Double] {
    let total = singularValues.reduce(0) { $0 + $1 * $1 }
    return singularValues.map { $0 * $0 / total }
  }

  /// The fraction of the variance that each component and those before it hold.
  public var cumulativeVariance: [Double] {
    var sum = 0.0
    return explainedVariance.map {
      sum += $0
      return sum
    }
  }

  /// The first components, axes [time, component].
  ///
  /// - Throws: `AnalysisError` when there are not as many.
  public func leading(_ count: Int) throws -> Tensor<Double> {
    let (steps, all) = (components.shape[0], components.shape[1])
    guard count >= 1, count <= all else {
      throw AnalysisError("\(count) temporal components asked for, there are \(all)")
    }
    return Tensor(
      axes: components.axes, shape: [steps, count],
      values: (0..<steps).flatMap { step in (0..<count).map { components[step, $0] } })
  }

  /// The principal angles between the spans of the first so many components of two populations that were
  /// recorded at the same steps.
  ///
  /// - Throws: `AnalysisError` for different numbers of steps, or more components than there are.
  public func angles(to other: TemporalComponents, components count: Int) throws
    -> PrincipalAngles
  {
    try PrincipalAngles(between: leading(count), and: other.leading(count))
  }
}
