import SynfireCore

/// An error of `SynfireTasks`: data that are not there, or a task that cannot be set up as asked.
public struct TasksError: SynfireError {
  public let what: String
  public let place: String
  public let remedy: String
  public let isUserMistake: Bool

  public init(_ what: String, place: String = "", remedy: String = "", isUserMistake: Bool = true) {
    self.what = what
    self.place = place
    self.remedy = remedy
    self.isUserMistake = isUserMistake
  }
}
