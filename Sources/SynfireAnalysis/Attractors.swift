import SynfireCore

/// Where the trajectories of each class of trials end, and how far apart the ends are.
///
/// The end of a trial is the mean of its last steps; the attractor of a class is the mean of the
/// ends of its trials. Source: Lin and Huang (2024), figure 4.
public struct Attractors: Sendable, Equatable {
  /// How far two attractors are from each other.
  public struct Separation: Sendable, Equatable {
    public let first: Int
    public let second: Int
    /// Euclidean distance of the centres.
    public let distance: Double
    /// Within-class standard deviation along the line that joins the centres, pooled over the two
    /// classes: the root of the mean squared deviation over all their trials.
    public let deviationAlongLine: Double
    /// Within-class root-mean-square distance from the centre in all dimensions, pooled likewise.
    public let radius: Double

    /// distance / deviationAlongLine: the discriminability (d') of the two classes.
    public var separation: Double { distance > 0 ? distance / deviationAlongLine : 0 }
    /// distance / radius, never larger than `separation`.
    public var conservativeSeparation: Double { distance > 0 ? distance / radius : 0 }
  }

  /// The names of the classes that have trials.
  public let names: [String]
  /// Axes [class, mode].
  public let centers: Tensor<Double>
  /// Population standard deviation over trials along each mode, axes [class, mode].
  public let deviations: Tensor<Double>
  /// How many trials each class has.
  public let trials: [Int]
  /// Every pair of classes.
  public let separations: [Separation]

  /// The pair that is closest in units of its within-class deviation; nil for a single class.
  ///
  /// Its `separation` is the separation of the attractors: the smallest over pairs of (distance of
  /// the centres) / (pooled within-class standard deviation along the line that joins them).
  public var closest: Separation? { separations.min { $0.separation < $1.separation } }

  /// Averages the last steps of trajectories [time, trial, mode].
  ///
  /// - Throws: `AnalysisError` if there are fewer steps than `lastSteps`, if trials and classes
  ///   differ in number, or if no class has a trial.
  public init(
    of trajectories: Tensor<Double>, classes: TrialClasses, lastSteps: Int = 10
  ) throws {
    try trajectories.check(axes: 3, called: "trajectories")
    let (steps, modes) = (trajectories.shape[0], trajectories.shape[2])
    guard lastSteps >= 1, lastSteps <= steps, classes.ofTrial.count == trajectories.shape[1] else {
      throw AnalysisError(
        "the last \(lastSteps) of \(steps) steps, \(classes.ofTrial.count) classes for "
          + "\(trajectories.shape[1]) trials", place: "attractors")
    }
    let ends = (0..<trajectories.shape[1]).map { trial in
      (0..<modes).map { mode in
        (steps - lastSteps..<steps).reduce(0) { $0 + trajectories[$1, trial, mode] }
          / Double(lastSteps)
      }
    }
    let kept = classes.names.indices.filter { classes.ofTrial.contains($0) }
    let groups = kept.map { index in classes.trials(of: index).map { ends[$0] } }
    names = kept.map { classes.names[$0] }
    trials = groups.map(\.count)
    let statistics = groups.map { group in
      (0..<modes).map { mode in MeanAndDeviation(of: group.map { $0[mode] }) }
    }
    let shape = [kept.count, modes]
    centers = Tensor(
      axes: ["class", "mode"], shape: shape, values: statistics.flatMap { $0.map(\.mean) })
    deviations = Tensor(
      axes: ["class", "mode"], shape: shape, values: statistics.flatMap { $0.map(\.deviation) })
    var separations: [Separation] = []
    for first in kept.indices {
      for second in first + 1..<max(first + 1, kept.count) {
        separations.append(
          Self.separation(
            (first, groups[first], statistics[first].map(\.mean)),
            (second, groups[second], statistics[second].map(\.mean))))
      }
    }
    self.separations = separations
  }

  private typealias Group = (index: Int, ends: [[Double]], center: [Double])

  private static func separation(_ first: Group, _ second: Group) -> Separation {
    let line = zip(second.center, first.center).map { $0 - $1 }
    let distance = line.reduce(0) { $0 + $1 * $1 }.squareRoot()
    var (along, all) = (0.0, 0.0)
    for group in [first, second] {
      for end in group.ends {
        let offset = zip(end, group.center).map { $0 - $1 }
        let product = zip(offset, line).reduce(0) { $0 + $1.0 * $1.1 }
        let component = distance > 0 ? product / distance : 0
        along += component * component
        all += offset.reduce(0) { $0 + $1 * $1 }
      }
    }
    let count = Double(first.ends.count + second.ends.count)
    return Separation(
      first: first.index, second: second.index, distance: distance,
      deviationAlongLine: (along / count).squareRoot(), radius: (all / count).squareRoot())
  }
}
