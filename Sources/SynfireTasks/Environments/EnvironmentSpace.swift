/// What is known of an environment without making one.
public struct EnvironmentSpace: Sendable, Equatable {
  public let name: String
  /// The limits of each value that is observed; infinite where there are none.
  public let observationLimits: [ClosedRange<Double>]
  public let actions: ActionSpace
  /// The steps after which an episode is truncated.
  public let stepLimit: Int
  /// Seconds a step.
  public let timeStep: Double

  public init(
    name: String, observationLimits: [ClosedRange<Double>], actions: ActionSpace, stepLimit: Int,
    timeStep: Double
  ) {
    self.name = name
    self.observationLimits = observationLimits
    self.actions = actions
    self.stepLimit = stepLimit
    self.timeStep = timeStep
  }

  /// How many values are observed.
  public var observations: Int { observationLimits.count }

  /// - Throws: `TasksError` if a network of these sizes cannot see or act here.
  public func check(inputs: Int, outputs: Int) throws {
    guard inputs == observations else {
      throw TasksError(
        "the network sees \(inputs) values", place: name,
        remedy: "There are \(observations) to observe here.")
    }
    try actions.check(outputs: outputs, place: name)
  }
}

/// An environment by name: what is known of it, and how instances are made.
///
/// It can be handed to any thread; each worker makes its own instance.
public struct EnvironmentDescription: Sendable, CustomStringConvertible {
  public let space: EnvironmentSpace
  /// What it is, in one line.
  public let summary: String
  private let maker: @Sendable () throws -> any Environment

  /// - Parameter maker: makes an instance; called once a worker, on any thread.
  public init(
    space: EnvironmentSpace, summary: String,
    maker: @escaping @Sendable () throws -> any Environment
  ) {
    self.space = space
    self.summary = summary
    self.maker = maker
  }

  public var name: String { space.name }
  public var description: String { name }

  /// A new instance, which is to be reset before it is used.
  ///
  /// - Throws: `TasksError` if a library or a file that it needs is missing, with what to do.
  public func make() throws -> any Environment { try maker() }
}
