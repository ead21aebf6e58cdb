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

  public init(ending: Ending = .first, startsAnew: Bool = false) {
    self.ending = ending
    self.startsAnew = startsAnew
  }
}
