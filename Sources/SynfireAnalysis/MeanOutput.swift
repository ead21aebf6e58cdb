import SynfireCore

/// The output of a network over time, mean and standard deviation over the trials of each class.
public struct MeanOutput: Sendable, Equatable {
  /// The names of the classes that have trials.
  public let names: [String]
  /// How many trials each class has.
  public let trials: [Int]
  /// Axes [class, time], in the unit of the output.
  public let mean: Tensor<Double>
  /// Population standard deviation over trials, axes [class, time].
  public let deviation: Tensor<Double>

  /// Averages one output of a readout [time, trial, output].
  ///
  /// - Throws: `AnalysisError` when trials and classes differ in number or the output is not there.
  public init<Scalar>(
    of readout: Tensor<Scalar>, output: Int = 0, classes: TrialClasses
  ) throws {
    try readout.check(axes: 3, called: "readout")
    let (steps, count, outputs) = (readout.shape[0], readout.shape[1], readout.shape[2])
    guard count == classes.ofTrial.count, output >= 0, output < outputs else {
      throw AnalysisError(
        "output \(output) of \(outputs), \(classes.ofTrial.count) classes for \(count) trials",
        place: "readout")
    }
    let values = readout.doubles
    let kept = classes.names.indices.filter { classes.ofTrial.contains($0) }
    let rows = kept.map { index in
      let chosen = classes.trials(of: index)
      return (0..<steps).map { step in
        MeanAndDeviation(of: chosen.map { values[(step * count + $0) * outputs + output] })
      }
    }
    names = kept.map { classes.names[$0] }
    trials = kept.map { classes.trials(of: $0).count }
    mean = Tensor(
      axes: ["class", "time"], shape: [kept.count, steps],
      values: rows.flatMap { $0.map(\.mean) })
    deviation = Tensor(
      axes: ["class", "time"], shape: [kept.count, steps],
      values: rows.flatMap { $0.map(\.deviation) })
  }
}
