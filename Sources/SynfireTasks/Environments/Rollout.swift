import SynfireCore

/// Episodes in a world, one after another; belongs to one thread at a time.
///
///     let rollout = Rollout(try EnvironmentCatalogue.standard.environment("CartPole-v1").make())
///     let episode = rollout.run(RandomStream(seed: 0, stream: "resets")) { seen, outputs in
///       outputs[0] = seen[2]
///     }
///
/// It allocates when it is made, and not again. Where several threads run episodes, each makes one for itself;
/// which of them an episode is run in changes no bit of it.
public final class Rollout {
  public let environment: any Environment
  private let space: EnvironmentSpace
  /// Steps after which an episode is cut off.
  public var stepLimit: Int
  private let observation: AlignedBuffer<Double>
  private let outputs: AlignedBuffer<Double>
  /// What has come of the episode so far.
  public private(set) var episode = Rollout.begun
  /// What the last step was paid; 0 before the first.
  public private(set) var reward = 0.0
  private var start: Double?
  private static let begun = Episode(total: 0, steps: 0, terminated: false, distance: nil)

  /// Writes the outputs of a network, `space.actions.outputs`, for what is seen, `space.observations` numbers.
  public typealias Policy = (
    _ observation: UnsafePointer<Double>, _ outputs: UnsafeMutablePointer<Double>
  ) throws -> Void

  /// - Parameter stepLimit: steps after which an episode is cut off; nil leaves that to the environment.
  public init(_ environment: any Environment, stepLimit: Int? = nil) {
    self.environment = environment
    space = environment.space
    self.stepLimit = stepLimit ?? space.stepLimit
    observation = AlignedBuffer(count: space.observations)
    outputs = AlignedBuffer(count: space.actions.outputs)
  }

  /// What is seen now.
  public var seen: UnsafePointer<Double> { UnsafePointer(observation.pointer) }

  /// What was last done, `space.actions.values` values in the units of the environment.
  public var action: UnsafeBufferPointer<Double> {
    UnsafeBufferPointer(start: outputs.pointer, count: space.actions.values)
  }

  /// Begins an episode from a state drawn from this stream.
  public func begin(_ randomness: RandomStream) {
    environment.reset(randomness)
    episode = Self.begun
    reward = 0
    start = environment.forwardPosition
    look()
  }

  /// Acts for one step.
  ///
  /// - Returns: whether the episode has ended.
  /// - Throws: what the policy throws; nothing has happened then.
  public func step(_ policy: Policy) rethrows -> Bool {
    try policy(seen, outputs.pointer)
    let action = space.actions.action(
      of: UnsafeMutableBufferPointer(start: outputs.pointer, count: space.actions.outputs))
    let transition = environment.step(action)
    reward = transition.reward
    episode.total += transition.reward
    episode.steps += 1
    episode.terminated = transition.terminated
    if let start, let now = environment.forwardPosition { episode.distance = now - start }
    look()
    return transition.ended || episode.steps >= stepLimit
  }

  /// Runs an episode from its beginning to its end.
  ///
  /// - Throws: what the policy throws, which ends the episode.
  @discardableResult
  public func run(_ randomness: RandomStream, policy: Policy) rethrows -> Episode {
    begin(randomness)
    while try !step(policy) {}
    return episode
  }

  private func look() {
    environment.observe(
      UnsafeMutableBufferPointer(start: observation.pointer, count: space.observations))
  }

  // MARK: Going on later

  /// Numbers that `save` writes.
  public var stateCount: Int { environment.stateCount + 4 }

  /// Writes everything that the rest of the episode depends on, and what has come of it so far.
  public func save(_ state: UnsafeMutablePointer<Double>) {
    let count = environment.stateCount
    environment.save(UnsafeMutableBufferPointer(start: state, count: count))
    state[count] = episode.total
    state[count + 1] = Double(episode.steps)
    state[count + 2] = episode.distance ?? .nan
    state[count + 3] = start ?? .nan
  }

  /// Goes back to what `save` has written, here or in another world of the same environment.
  public func restore(_ state: UnsafePointer<Double>) {
    let count = environment.stateCount
    environment.restore(UnsafeBufferPointer(start: state, count: count))
    let (distance, start) = (state[count + 2], state[count + 3])
    episode = Episode(
      total: state[count], steps: Int(state[count + 1]), terminated: false,
      distance: distance.isNaN ? nil : distance)
    self.start = start.isNaN ? nil : start
    reward = 0
    look()
  }
}
