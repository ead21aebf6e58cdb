import SynfireCore

/// An error of `SynfireLearning`: targets that do not fit, constants out of range, numbers that blew up.
public struct LearningError: SynfireError {
  public let what: String
  public let place: String
  public let remedy: String

  public init(_ what: String, place: String = "", remedy: String = "") {
    self.what = what
    self.place = place
    self.remedy = remedy
  }
}
