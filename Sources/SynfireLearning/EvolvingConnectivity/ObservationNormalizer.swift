import SynfireCore

/// Running mean and standard deviation of observations, shared by a population (Wang et al. 2023, code).
///
/// It is frozen while a generation acts, and then updated once, by batches in the manner of Welford: with B
/// observations x,
///
///     count += B;  d = x - mean;  mean += sum d / count;  S += sum d (x - mean_new)
///     std = clip(sqrt(max(S, 0) / count), 1e-6, 1e6)
///
/// It starts with mean 0 and standard deviation 1, and does not clip what it has normalised.
public struct ObservationNormalizer: Sendable, Equatable {
  /// Which observations of a generation it is updated with.
  public enum Source: String, Sendable, Equatable, CaseIterable {
    /// All that members have seen.
    case visited
    /// The last one of every member, as in the authors' code. Where members stop at the end of their first
    /// episode, these are failing states only, and learning can come to a halt: start members anew then.
    case last
  }

  public let source: Source
  public private(set) var count: Double
  public private(set) var mean: [Double]
  /// S, the sum of squared deviations from the mean.
  public private(set) var squares: [Double]
  /// What observations are divided by.
  public private(set) var deviation: [Double]
  private var inverse: [Double]

  public init(observations: Int, source: Source = .visited) {
    self.source = source
    count = 0
    mean = [Double](repeating: 0, count: observations)
    squares = mean
    deviation = [Double](repeating: 1, count: observations)
    inverse = deviation
  }

  public var observations: Int { mean.count }

  /// Takes in the observations of a generation, whose sums are relative to the present mean.
  public mutating func update(_ sums: ObservationSums) {
    guard sums.count > 0 else { return }
    count += Double(sums.count)
    for index in mean.indices {
      // sum d (x - mean_new) = sum d^2 - (mean_new - mean) sum d
      let shift = sums.deviations[index] / count
      mean[index] += shift
      squares[index] += sums.squares[index] - shift * sums.deviations[index]
    }
    setDeviation()
  }

  /// Takes in a batch of observations, each of as many numbers as there are observations.
  public mutating func update(_ batch: [[Double]]) {
    var sums = ObservationSums(observations: observations)
    for observation in batch where observation.count == observations {
      sums.add(observation, relativeTo: mean)
    }
    update(sums)
  }

  /// normalized = (observation - mean) / std.
  public func normalize(
    _ observation: UnsafePointer<Double>, into normalized: UnsafeMutablePointer<Float>
  ) {
    for index in mean.indices {
      normalized[index] = Float((observation[index] - mean[index]) * inverse[index])
    }
  }

  private mutating func setDeviation() {
    guard count > 0 else { return }
    for index in mean.indices {
      deviation[index] = min(1e6, max(1e-6, (max(squares[index], 0) / count).squareRoot()))
      inverse[index] = 1 / deviation[index]
    }
  }

  /// `normalizer.count`, `normalizer.mean` and `normalizer.squares`, for a checkpoint.
  public var state: NamedTensors<Double> {
    func vector(_ name: String, _ values: [Double]) -> (String, Tensor<Double>) {
      (
        "normalizer.\(name)",
        Tensor(axes: ["observation"], shape: [values.count], values: values)
      )
    }
    return NamedTensors([
      ("normalizer.count", Tensor(axes: ["value"], shape: [1], values: [count])),
      vector("mean", mean), vector("squares", squares),
    ])
  }

  /// Goes on from such a state.
  ///
  /// - Throws: `LearningError` for a state of other observations.
  public mutating func restore(_ state: NamedTensors<Double>) throws {
    guard let count = state["normalizer.count"]?.values, count.count == 1,
      let mean = state["normalizer.mean"]?.values, mean.count == observations,
      let squares = state["normalizer.squares"]?.values, squares.count == observations
    else {
      throw LearningError(
        "the state has no normaliser of \(observations) observations", place: "normaliser",
        remedy: "Resume with the experiment that the state is from.")
    }
    (self.count, self.mean, self.squares) = (count[0], mean, squares)
    deviation = [Double](repeating: 1, count: observations)
    inverse = deviation
    setDeviation()
  }
}
