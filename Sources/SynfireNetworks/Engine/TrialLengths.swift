/// How many steps the trials of a block have: none more than the one before, so that those which have not
/// ended are the first ones at every step.
public struct TrialLengths: Sendable, Equatable {
  /// Steps of the longest trial.
  public let longest: Int
  /// Steps of each trial; nil where all have the same.
  private let each: [Int]?

  /// Trials of the same length.
  public init(steps: Int) {
    longest = steps
    each = nil
  }

  /// - Parameter lengths: of at least one trial, falling or equal.
  public init(falling lengths: [Int]) {
    longest = lengths[0]
    each = lengths.last! < longest ? lengths : nil
  }

  var areRagged: Bool { each != nil }

  /// How many of `trials` trials have a step.
  func active(at time: Int, of trials: Int) -> Int {
    guard let each else { return time < longest ? trials : 0 }
    return each.prefix { $0 > time }.count
  }

  subscript(trial: Int) -> Int { each?[trial] ?? longest }

  /// Going back, the steps of presynaptic activity whose aligned group of 64 is complete once the drive of
  /// a step has its adjoint, counted from `past` steps before the first; nil while there is none.
  func completedGroup(_ time: Int, latency: Int, past: Int) -> Range<Int>? {
    let source = time - latency
    guard source + past >= 0, source & 63 == 0 || time == 0 else { return nil }
    return source + past..<min((source | 63) + 1, longest - latency) + past
  }
}
