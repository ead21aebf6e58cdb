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

  @Test func anEpisodeGoesFromBeginningToEnd() {
    let environment = Countdown()
    var lengths: Set<Int> = []
    for episode in 0..<50 {
      var seen: [Double] = []
      let outcome = environment.episode(
        RandomStream(seed: 1, stream: "starts", trial: UInt64(episode))
      ) { observation, outputs in
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
      lengths.insert(Int(seen[0]))
    }
    #expect(lengths == Set(1...9))
  }

  @Test func whatThePolicyThrowsEndsTheEpisode() {
    let environment = Countdown()
    #expect(throws: TasksError.self) {
      try environment.episode(RandomStream(seed: 1, stream: "starts")) { _, _ in
        throw TasksError("enough")
      }
    }
    #expect(environment.steps == 0)
  }

  /// As many instances are made as are in use at once, and none is lent to two.
  @Test func instancesAreLentToOneAtATime() throws {
    let made = Atomic<Int>(0)
    let description = EnvironmentDescription(space: Countdown().space, summary: "counts down") {
      made.wrappingAdd(1, ordering: .relaxed)
      return Countdown()
    }
    let pool = EnvironmentPool(description)
    #expect(made.load(ordering: .relaxed) == 0)
    let inUse = Mutex<[ObjectIdentifier: Int]>([:])
    func totals(threads: Int) throws -> [Double] {
      let results = Mutex([Double](repeating: 0, count: 64))
      try WorkerPool(threads: threads).run(shards: 64) { member in
        try pool.withEnvironment { environment in
          let identity = ObjectIdentifier(environment)
          inUse.withLock { $0[identity, default: 0] += 1 }
          let start = RandomStream(seed: 2, stream: "starts", trial: UInt64(member))
          let episode = environment.episode(start) { $1[0] = 0.1 * $0[0] }
          let users = inUse.withLock { $0[identity]! }
          #expect(users == 1)
          inUse.withLock { $0[identity]! -= 1 }
          results.withLock { $0[member] = episode.total }
        }
      }
      return results.withLock { $0 }
    }
    let alone = try totals(threads: 1)
    #expect(made.load(ordering: .relaxed) == 1)
    #expect(try totals(threads: 3) == alone)
    #expect((1...3).contains(made.load(ordering: .relaxed)))
  }

  @Test func whatCannotBeMadeIsAnError() {
    let pool = EnvironmentPool(
      Locomotion.hopper().environment(folder: MuJoCoFolder("/nowhere/mujoco")))
    #expect(pool.space.observations == 11)
    #expect(throws: TasksError.self) { try pool.withEnvironment { $0.stateCount } }
  }
}
