import SynfireCore

/// An error of `SynfireFormats`: a file that is missing, cut short, corrupt, or not what it should be.
public struct FormatsError: SynfireError {
  public let what: String
  public let place: String
  public let remedy: String

  public init(_ what: String, place: String = "", remedy: String = "") {
    self.what = what
    self.place = place
    self.remedy = remedy
  }
}
