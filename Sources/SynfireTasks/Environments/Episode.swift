import SynfireCore

/// What came of an episode.
public struct Episode: Sendable, Equatable {
  /// The sum of all rewards; not a number if one of them is not.
  public var total: Double
  public var steps: Int
  /// It ended by what happened in it; otherwise by the limit of steps.
  public var terminated: Bool
  /// How far it has come, in meters along x; nil where there is nowhere to go.
  public var distance: Double?

  public init(total: Double, steps: Int, terminated: Bool, distance: Double?) {
    self.total = total
    self.steps = steps
    self.terminated = terminated
    self.distance = distance
  }
}

extension Environment {
  /// Runs an episode from its beginning to its end. Allocates before the first step only.
  ///
  /// - Parameters:
  ///   - randomness: what the beginning is drawn from.
  ///   - policy: answers `space.observations` values that are seen with `space.actions.outputs` outputs, which
  ///     it writes all.
  public func episode(
    _ randomness: RandomStream,
    policy: (
      _ observation: UnsafeBufferPointer<Double>, _ outputs: UnsafeMutableBufferPointer<Double>
    ) throws -> Void
  ) rethrows -> Episode {
    reset(randomness)
    let start = forwardPosition
    let space = space
    var episode = Episode(total: 0, steps: 0, terminated: false, distance: nil)
    try withUnsafeTemporaryAllocation(
      of: Double.self, capacity: space.observations + space.actions.outputs
    ) { buffer in
      buffer.initialize(repeating: 0)
      let observation = UnsafeMutableBufferPointer(rebasing: buffer[..<space.observations])
      let outputs = UnsafeMutableBufferPointer(rebasing: buffer[space.observations...])
      var isOver = false
      while !isOver {
        observe(observation)
        try policy(UnsafeBufferPointer(observation), outputs)
        let transition = step(space.actions.action(of: outputs))
        episode.total += transition.reward
        episode.steps += 1
        episode.terminated = transition.terminated
        isOver = transition.ended
      }
    }
    if let start, let end = forwardPosition { episode.distance = end - start }
    return episode
  }
}
