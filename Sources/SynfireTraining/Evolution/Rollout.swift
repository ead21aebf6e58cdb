import SynfireCore
import SynfireTasks

/// A world with what it takes to act in it; belongs to one thread at a time.
final class Rollout {
  private let environment: any Environment
  private let space: EnvironmentSpace
  /// Steps after which an episode is cut off.
  var stepLimit: Int
  private let observation: AlignedBuffer<Double>
  private let outputs: AlignedBuffer<Double>
  private(set) var episode = Rollout.begun
  private var start: Double?
  private static let begun = Episode(total: 0, steps: 0, terminated: false, distance: nil)

  init(_ environment: any Environment, stepLimit: Int) {
    self.environment = environment
    self.stepLimit = stepLimit
    space = environment.space
    observation = AlignedBuffer(count: space.observations)
    outputs = AlignedBuffer(count: space.actions.outputs)
  }

  /// What is seen now.
  var seen: UnsafePointer<Double> { UnsafePointer(observation.pointer) }

  /// Begins an episode from a state drawn from this stream.
  func begin(_ randomness: RandomStream) {
    environment.reset(randomness)
    episode = Self.begun
    start = environment.forwardPosition
    look()
  }

  /// Acts for one step.
  ///
  /// - Parameter act: writes the outputs of a network for an observation.
  /// - Returns: whether the episode has ended.
  func step(_ act: (UnsafePointer<Double>, UnsafeMutablePointer<Double>) -> Void) -> Bool {
    act(seen, outputs.pointer)
    let action = space.actions.action(
      of: UnsafeMutableBufferPointer(start: outputs.pointer, count: space.actions.outputs))
    let transition = environment.step(action)
    episode.total += transition.reward
    episode.steps += 1
    episode.terminated = transition.terminated
    if let start, let now = environment.forwardPosition { episode.distance = now - start }
    look()
    return transition.ended || episode.steps >= stepLimit
  }

  private func look() {
    environment.observe(
      UnsafeMutableBufferPointer(start: observation.pointer, count: space.observations))
  }

  // MARK: Going on later

  /// Numbers that `save` writes.
  var stateCount: Int { environment.stateCount + 4 }

  func save(_ state: UnsafeMutablePointer<Double>) {
    let count = environment.stateCount
    environment.save(UnsafeMutableBufferPointer(start: state, count: count))
    state[count] = episode.total
    state[count + 1] = Double(episode.steps)
    state[count + 2] = episode.distance ?? .nan
    state[count + 3] = start ?? .nan
  }

  func restore(_ state: UnsafePointer<Double>) {
    let count = environment.stateCount
    environment.restore(UnsafeBufferPointer(start: state, count: count))
    let (distance, start) = (state[count + 2], state[count + 3])
    episode = Episode(
      total: state[count], steps: Int(state[count + 1]), terminated: false,
      distance: distance.isNaN ? nil : distance)
    self.start = start.isNaN ? nil : start
    look()
  }
}
