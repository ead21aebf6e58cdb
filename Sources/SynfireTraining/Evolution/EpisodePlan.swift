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
  /// Steps after which the episodes that are learned from are cut off; nil for the limit of the task, which those
  /// of evaluation members and of tests always have.
  ///
  /// In short episodes it pays less not to fall, and more to move (cf. Salimans et al. 2017, 2.1).
  public var stepLimit: Int?

  public init(ending: Ending = .first, startsAnew: Bool = false, stepLimit: Int? = nil) {
    self.ending = ending
    self.startsAnew = startsAnew
    self.stepLimit = stepLimit
  }
}
