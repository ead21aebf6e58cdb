import Foundation

/// Instances of an environment that are lent to whoever needs one for a while, on any thread.
///
/// Work that is shared out to threads, member by member, so does with one instance a thread. Which instance a
/// borrower gets is left to chance: begin with `reset` or `restore`, and nothing depends on it.
public final class EnvironmentPool: @unchecked Sendable {
  public let description: EnvironmentDescription
  private let lock = NSLock()
  private var idle: [any Environment] = []

  /// Makes no instance yet.
  public init(_ description: EnvironmentDescription) { self.description = description }

  public var space: EnvironmentSpace { description.space }

  /// Lends an instance to `body`, which may not keep it; makes one if all are lent.
  ///
  /// - Throws: `TasksError` if an instance is wanted and cannot be made; what `body` throws.
  public func withEnvironment<Result>(
    _ body: (any Environment) throws -> Result
  ) throws -> Result {
    let environment = try lock.withLock { idle.popLast() } ?? description.make()
    defer { lock.withLock { idle.append(environment) } }
    return try body(environment)
  }
}
