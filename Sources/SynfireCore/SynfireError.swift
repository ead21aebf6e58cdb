/// What every error of Synfire says: what is wrong, where, and what to do about it.
///
/// Each module has one type that conforms, so that a caller can tell them apart.
public protocol SynfireError: Error, Sendable, CustomStringConvertible {
  /// The complaint, with the offending values.
  var what: String { get }
  /// The file, line, key, tensor or layer that it is about; empty when `what` says it all.
  var place: String { get }
  /// What the user can do; empty when there is nothing but to report it.
  var remedy: String { get }
  /// True when the cause is the user's input (exit code 2), false for a failure (exit code 1).
  var isUserMistake: Bool { get }
}

extension SynfireError {
  public var isUserMistake: Bool { true }

  public var description: String {
    var text = place.isEmpty ? what : "\(place): \(what)"
    if !remedy.isEmpty { text += "\n  \(remedy)" }
    return text
  }
}

/// An error of one module: `Module` only tells the errors of different modules apart.
public struct ModuleError<Module: Sendable>: SynfireError, Equatable {
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

/// An error of `SynfireCore`: shapes, linear algebra, threads.
public typealias CoreError = ModuleError<CoreModule>

/// The module that `CoreError` comes from.
public enum CoreModule: Sendable {}
