import SynfireCore

/// An error of `SynfireAnalysis`: data that an analysis cannot use, or a figure that cannot be drawn.
public struct AnalysisError: SynfireError {
  public let what: String
  public let place: String
  public let remedy: String
  public let isUserMistake: Bool

  public init(
    _ what: String, place: String = "", remedy: String = "", isUserMistake: Bool = true
  ) {
    self.what = what
    self.place = place
    self.remedy = remedy
    self.isUserMistake = isUserMistake
  }
}
