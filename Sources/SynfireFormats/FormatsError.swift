import SynfireCore

/// An error of `SynfireFormats`: a file that is missing, cut short, corrupt, or not what it should be.
public struct FormatsError: SynfireError {
  /// What went wrong, for callers that act on it, such as falling back to an older checkpoint.
  public enum Kind: Sendable, Equatable {
    /// The file is not there.
    case missing
    /// The file is cut short, or its bytes have changed since they were written.
    case damaged
    /// The file is whole, but its content is not what was asked for, or not of a known format.
    case unsuitable
    /// The device has no room left for what should be written.
    case diskFull
    /// The permissions do not let this user read or write.
    case denied
    /// The system failed to read or write.
    case system
  }

  public let what: String
  public let place: String
  public let remedy: String
  public let kind: Kind

  public init(
    _ what: String, place: String = "", remedy: String = "", kind: Kind = .unsuitable
  ) {
    self.what = what
    self.place = place
    self.remedy = remedy
    self.kind = kind
  }

  /// A full disk and a failing system are failures (exit code 1); all else is the user's input.
  public var isUserMistake: Bool { kind != .diskFull && kind != .system }
}
