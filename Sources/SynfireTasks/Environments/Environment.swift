import SynfireCore

/// A body or a world in closed loop: it is seen, acted upon and rewarded once a step.
///
/// An instance is one world and belongs to one thread at a time; a worker makes one and runs episode after
/// episode in it. What comes next is a function of the state and the actions alone: `reset` takes its
/// randomness as a value, nothing else is drawn, and a state that was saved goes on to the same bits in any
/// instance of the same environment under the same mode of denormal numbers (`WorkerPool` flushes them).
///
/// Neither `reset`, `observe`, `step`, `save` nor `restore` allocates memory. A world whose physics breaks down
/// says so by a reward that is not a number and `terminated`; it never stops the program. To step on after the
/// end of an episode is allowed, and means nothing.
public protocol Environment: AnyObject {
  /// Sizes, limits and times, the same for all instances.
  var space: EnvironmentSpace { get }

  /// The number of values that a saved state has.
  var stateCount: Int { get }

  /// Begins an episode from a state drawn from this stream.
  func reset(_ randomness: RandomStream)

  /// Writes what is seen now.
  ///
  /// - Parameter observation: `space.observations` values.
  func observe(_ observation: UnsafeMutableBufferPointer<Double>)

  /// Acts for one step.
  ///
  /// - Parameter action: `space.actions.values` values in the units of `space.actions`, of which those
  ///   outside the limits count as the limit.
  func step(_ action: UnsafeBufferPointer<Double>) -> Transition

  /// Writes everything that the future depends on, the steps done in this episode included.
  ///
  /// - Parameter state: `stateCount` values.
  func save(_ state: UnsafeMutableBufferPointer<Double>)

  /// Goes back to a saved state, of this instance or another of the same environment.
  ///
  /// - Parameter state: `stateCount` values, as `save` has written them.
  func restore(_ state: UnsafeBufferPointer<Double>)

  /// How far it has come, in meters along x; nil where there is nowhere to go.
  var forwardPosition: Double? { get }

  /// The parts to draw, seen from the side. May allocate.
  func segments() -> [BodySegment]
}

/// What a step brought.
public struct Transition: Sendable, Equatable {
  public var reward: Double
  /// The episode has ended by what happened in it.
  public var terminated: Bool
  /// The episode has reached the limit of steps; its state is as good as any.
  public var truncated: Bool

  public init(reward: Double, terminated: Bool, truncated: Bool) {
    self.reward = reward
    self.terminated = terminated
    self.truncated = truncated
  }

  /// Terminated, truncated or both.
  public var ended: Bool { terminated || truncated }
}
