import Foundation
import Synchronization
import SynfireCore
import SynfireTasks
import Testing

@Suite struct EpisodeTests {
  /// Counts down: rewarded by the output, it ends when the count is 0, or after five steps.
  final class Countdown: Environment {
    let space = EnvironmentSpace(
      name: "Countdown", observationLimits: [0...9], actions: .continuous([0...2]), stepLimit: 5,
      timeStep: 1)
    let stateCount = 2
    var count = 0.0
    var steps = 0.0

    func reset(_ randomness: RandomStream) {
      var randomness = randomness
      count = Double(1 + randomness.integer(below: 9))
      steps = 0
    }
    func observe(_ observation: UnsafeMutableBufferPointer<Double>) { observation[0] = count }
    func step(_ action: UnsafeBufferPointer<Double>) -> Transition {
      count -= 1
      steps += 1
      return Transition(reward: action[0], terminated: count == 0, truncated: steps == 5)
    }
    func save(_ state: UnsafeMutableBufferPointer<Double>) { (state[0], state[1]) = (count, steps) }
    func restore(_ state: UnsafeBufferPointer<Double>) { (count, steps) = (state[0], state[1]) }
    var forwardPosition: Double? { steps }
    func segments() -> [BodySegment] { [] }
  }

  private func start(_ episode: Int) -> RandomStream {
    RandomStream(seed: 1, stream: "starts", trial: UInt64(episode))
  }

  @Test func anEpisodeGoesFromBeginningToEnd() {
    let rollout = Rollout(Countdown())
    var lengths: Set<Int> = []
    for episode in 0..<50 {
      var seen: [Double] = []
      let outcome = rollout.run(start(episode)) { observation, outputs in
        seen.append(observation[0])
        outputs[0] = 0.5
      }
      let steps = min(5, Int(seen[0]))
      #expect(seen == (0..<steps).map { seen[0] - Double($0) })
      // An output of 0.5 is an action of 1.5.
      #expect(
        outcome
          == Episode(
            total: 1.5 * Double(steps), steps: steps, terminated: seen[0] <= 5,
            distance: Double(steps)))
      #expect(rollout.action.elementsEqual([1.5]) && rollout.reward == 1.5)
      lengths.insert(Int(seen[0]))
    }
    #expect(lengths == Set(1...9))
  }

  @Test func anEpisodeIsCutOff() {
    let rollout = Rollout(Countdown(), stepLimit: 2)
    for episode in 0..<20 {
      let outcome = rollout.run(start(episode)) { $1[0] = 0 }
      // Only one that began at 1 ends before.
      #expect(outcome.steps == 2 || outcome.steps == 1 && outcome.terminated)
      #expect(outcome.total == Double(outcome.steps))
    }
  }

  @Test func whatThePolicyThrowsEndsTheEpisode() {
    let environment = Countdown()
    let rollout = Rollout(environment)
    #expect(throws: TasksError.self) {
      try rollout.run(start(0)) { _, _ in throw TasksError("enough") }
    }
    #expect(environment.steps == 0 && rollout.episode.steps == 0)
  }

  /// An episode that is left and gone on with in another world comes to the same, bit by bit.
  @Test(arguments: [CartPole.description, Pendulum.description])
  func episodesGoOnElsewhere(description: EnvironmentDescription) throws {
    let (first, second) = (Rollout(try description.make()), Rollout(try description.make()))
    let policy: Rollout.Policy = { $1[0] = sin(20 * $0[2]) }
    let whole = try first.run(start(3), policy: policy)
    #expect(whole.steps > 4)
    first.begin(start(3))
    for _ in 0..<4 { _ = try first.step(policy) }
    var state = [Double](repeating: 0, count: first.stateCount)
    state.withUnsafeMutableBufferPointer { first.save($0.baseAddress!) }
    second.begin(start(4))
    state.withUnsafeBufferPointer { second.restore($0.baseAddress!) }
    #expect(second.episode == first.episode)
    while try !second.step(policy) {}
    #expect(second.episode == whole)
  }

  /// Which thread an episode is run on, and after which others, changes nothing.
  @Test func threadsChangeNoEpisode() throws {
    func totals(threads: Int) throws -> [Double] {
      let results = Mutex([Double](repeating: 0, count: 64))
      try WorkerPool(threads: threads).run(shards: 8) { shard in
        let rollout = Rollout(Countdown())
        for member in 8 * shard..<8 * shard + 8 {
          let episode = rollout.run(start(member)) { $1[0] = 0.1 * $0[0] }
          results.withLock { $0[member] = episode.total }
        }
      }
      return results.withLock { $0 }
    }
    #expect(try totals(threads: 3) == totals(threads: 1))
  }

  @Test func whatCannotBeMadeIsAnError() {
    let hopper = Locomotion.hopper().environment(folder: MuJoCoFolder("/nowhere/mujoco"))
    #expect(hopper.space.observations == 11)
    #expect(throws: TasksError.self) { try hopper.make().stateCount }
  }
}
