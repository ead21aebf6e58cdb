import SynfireCore

/// Constants of the constrained method of `RowwiseLeastSquares`. The source gives none; defaults keep the
/// cycling network of 800 neurons on its course for hundreds of seconds.
public struct ConstrainedLeastSquares: Sendable, Equatable {
  /// Trials that are led by the target factors before each phase, and before a test.
  public var settling = 50
  /// Trials over which the drive is averaged.
  public var averaging = 300
  /// See `RecursiveLeastSquares.Constants`.
  public var warmUpSteps: Int?
  /// Added to the squared traces, summed over steps.
  public var ridge = 1.0
  /// What a trial leaves of the weight of those before it.
  public var forgetting = 0.985
  public var limits = SignConstrainedRow.Limits()
  /// Trials in which the teacher has a share in what is fed back.
  public var blendedTrials = 30
  /// What such a trial leaves of the teacher's share, 1 in the first.
  public var teacherDecay = 0.86
  /// Trials, after the teacher is gone, that lengthen the runs without a led trial by one.
  public var trialsPerLongerRun = 10
  /// Most trials of such a run.
  public var longestRun = 10
  /// Deviations of the noise on the teacher's currents, parts of those currents' root mean square: along
  /// each factor, of each neuron by itself, and of all neurons together.
  public var factorNoise = 0.2
  public var neuronNoise = 0.3
  public var commonNoise = 1.0

  /// Correlation times of the three, in seconds.
  public static let noiseTimes = (factor: 0.050, neuron: 0.005, common: 0.300)

  public init() {}

  func check() throws {
    let place = "constrained least squares"
    guard min(settling, averaging, blendedTrials, warmUpSteps ?? 0) >= 0, trialsPerLongerRun > 0,
      longestRun > 0
    else {
      throw LearningError(
        "\(settling) trials to settle, \(averaging) to average, \(blendedTrials) blended, runs of up "
          + "to \(longestRun), longer every \(trialsPerLongerRun)", place: place)
    }
    guard teacherDecay > 0, teacherDecay <= 1, min(factorNoise, neuronNoise, commonNoise) >= 0
    else {
      throw LearningError(
        "a teacher's share that decays by \(teacherDecay), with noise of \(factorNoise), "
          + "\(neuronNoise) and \(commonNoise)", place: place)
    }
  }

  /// beta of a trial learned from, counted from 0.
  func teacherShare(ofLesson index: Int) -> Double {
    index < blendedTrials ? pow(teacherDecay, Double(index)) : 0
  }

  /// The number of trials learned from, after so many, until one is led.
  func run(afterLessons count: Int) -> Int {
    min(longestRun, 1 + max(0, count - blendedTrials) / trialsPerLongerRun)
  }
}
