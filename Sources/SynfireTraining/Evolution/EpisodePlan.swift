/// Which episodes a member of a population goes through, and how they begin.
public struct EpisodePlan: Sendable, Equatable {
  /// When a member stops.
  public enum Ending: String, Sendable, CaseIterable {
    /// At the end of its first episode.
    case first
    /// When every member has come to the end of one: those that were quicker begin again, and the return of
    /// a member is the mean over the episodes that it has completed (Wang et al. 2023, code).
    case everyMember
  }

  public var ending: Ending
  /// Whether a member starts in another state in each generation; otherwise in one of its own always
  /// (Wang et al. 2023, code).
  public var startsAnew: Bool
  /// Steps after which the episodes that are learned from are cut off: one limit after another, each for
  /// `limitDuration` generations and the last one for good. Those of evaluation members and of tests have the
  /// limit of the task, which nothing exceeds.
  ///
  /// In short episodes it pays less not to fall, and more to move (cf. Salimans et al. 2017, 2.1).
  public var stepLimits: [Int]
  public var limitDuration: Int

  public init(
    ending: Ending = .first, startsAnew: Bool = false, stepLimits: [Int] = [],
    limitDuration: Int = 1
  ) {
    self.ending = ending
    self.startsAnew = startsAnew
    self.stepLimits = stepLimits
    self.limitDuration = limitDuration
  }

  /// The limit in a generation, counted from 0; nil for no other than that of the task.
  public func stepLimit(inGeneration generation: Int) -> Int? {
    stepLimits.isEmpty
      ? nil : stepLimits[min(generation / limitDuration, stepLimits.count - 1)]
  }
}
