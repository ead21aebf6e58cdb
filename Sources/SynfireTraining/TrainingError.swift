import SynfireCore

/// An error of `SynfireTraining`: a run folder that cannot be used, a file of parameters or trials
/// that does not fit, a run that had to stop.
public struct TrainingError: SynfireError, Equatable {
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
