import SynfireCore

/// The low-dimensional space in which a mode-based network computes.
///
/// Filtered activity r of N neurons becomes the P numbers Xi^T r, with Xi the input or the output
/// modes. Source: Lin and Huang, Phys. Rev. E 110, 024306 (2024).
public struct ModeSpace: Sendable, Equatable {
  /// The directions that activity is multiplied with, axes [mode, neuron].
  public let directions: Tensor<Double>

  /// The space of modes [neuron, mode], as they are: neither normalised nor orthogonal.
  public init<Scalar>(modes: Tensor<Scalar>) throws {
    try modes.check(axes: 2, called: "modes")
    let (neurons, count) = (modes.shape[0], modes.shape[1])
    let values = modes.doubles
    var directions = Tensor<Double>(axes: ["mode", "neuron"], shape: [count, neurons])
    for mode in 0..<count {
      for neuron in 0..<neurons { directions[mode, neuron] = values[neuron * count + mode] }
    }
    self.directions = directions
  }

  /// The part of mode space that the input does not drive directly.
  ///
  /// Gram-Schmidt over the columns of [input weights, modes] in that order; the directions are what
  /// is left of the modes, at unit length.
  ///
  /// - Parameters:
  ///   - modes: [neuron, mode].
  ///   - inputWeights: [neuron, channel].
  /// - Throws: `AnalysisError` for shapes that do not fit and for dependent columns.
  public init<Scalar>(
    orthogonalizing modes: Tensor<Scalar>, against inputWeights: Tensor<Scalar>
  ) throws {
    try modes.check(axes: 2, called: "modes")
    try inputWeights.check(axes: 2, called: "input weights")
    let basis = try OrthonormalBasis(
      columnsOf: [inputWeights.converted(), modes.converted()])
    let (channels, count) = (inputWeights.shape[1], modes.shape[1])
    directions = Tensor(
      axes: ["mode", "neuron"], shape: [count, modes.shape[0]],
      values: Array(basis.vectors.values.dropFirst(channels * modes.shape[0])))
  }

  /// Coordinates in mode space of activity [time, trial, neuron], axes [time, trial, mode].
  ///
  /// - Throws: `AnalysisError` when the last axis is not the neurons of the modes.
  public func project<Scalar>(_ activity: Tensor<Scalar>) throws -> Tensor<Double> {
    guard activity.shape.last == directions.shape[1] else {
      throw AnalysisError(
        "shape \(activity.shape), expected the last axis to have \(directions.shape[1]) neurons",
        place: "activity")
    }
    try activity.checkFinite(called: "activity")
    return coordinates(
      of: activity, along: directions.values, count: directions.shape[0], axis: "mode")
  }
}
