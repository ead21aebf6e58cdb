import SynfireCore
import SynfireTasks
import Testing

/// What holds for every environment.
@Suite struct EnvironmentTests {
  /// Those that can be made here.
  static let environments = EnvironmentCatalogue.standard.environments.filter {
    (try? $0.make()) != nil
  }

  /// Outputs of a network that has not learned anything.
  func outputs(_ space: EnvironmentSpace, step: Int) -> [Double] {
    var stream = RandomStream(seed: 9, stream: "outputs", step: UInt64(step))
    return (0..<space.actions.outputs).map { _ in 2.4 * stream.uniform() - 1.2 }
  }

  /// Rewards and observations of `steps` steps, ended episodes begun again.
  func rollout(_ environment: any Environment, from first: Int, steps: Int) throws -> [Double] {
    var seen: [Double] = []
    for step in first..<(first + steps) {
      let transition = try environment.step(outputs: outputs(environment.space, step: step))
      seen.append(transition.reward)
      seen += environment.observation
      if transition.ended {
        environment.reset(RandomStream(seed: 3, stream: "resets", step: UInt64(step)))
      }
    }
    return seen
  }

  @Test(arguments: environments)
  func whatIsSeenFitsTheDescription(_ description: EnvironmentDescription) throws {
    let environment = try description.make()
    #expect(environment.space == description.space)
    environment.reset(RandomStream(seed: 3, stream: "resets"))
    #expect(environment.observation.count == description.space.observations)
    let seen = try rollout(environment, from: 0, steps: 100)
    #expect(seen.count == 100 * (description.space.observations + 1))
    #expect(seen.filter { !$0.isFinite }.isEmpty)
    #expect(!environment.segments().isEmpty)
    for segment in environment.segments() {
      #expect(segment.radius > 0 && (segment.start + segment.end).sum().isFinite)
    }
  }

  @Test(arguments: environments)
  func theSameRandomnessGivesTheSameBits(_ description: EnvironmentDescription) throws {
    let (one, other) = (try description.make(), try description.make())
    // The other has a past.
    other.reset(RandomStream(seed: 4, stream: "resets"))
    _ = try rollout(other, from: 50, steps: 30)
    for environment in [one, other] { environment.reset(RandomStream(seed: 3, stream: "resets")) }
    #expect(one.observation == other.observation)
    #expect(try rollout(one, from: 0, steps: 150) == rollout(other, from: 0, steps: 150))
    other.reset(RandomStream(seed: 4, stream: "resets"))
    one.reset(RandomStream(seed: 3, stream: "resets"))
    #expect(one.observation != other.observation)
  }

  @Test(arguments: environments)
  func aSavedStateGoesOnToTheSameBits(_ description: EnvironmentDescription) throws {
    let (one, other) = (try description.make(), try description.make())
    one.reset(RandomStream(seed: 3, stream: "resets"))
    _ = try rollout(one, from: 0, steps: 37)
    let state = one.saved()
    let (observation, segments, position) = (one.observation, one.segments(), one.forwardPosition)
    let later = try rollout(one, from: 37, steps: 80)
    for environment in [one, other] {
      try environment.restore(saved: state)
      #expect(environment.observation == observation)
      #expect(environment.forwardPosition == position)
      #expect(environment.segments() == segments)
      #expect(environment.saved() == state)
      #expect(try rollout(environment, from: 37, steps: 80) == later)
    }
  }

  /// Looking does not change what comes.
  @Test(arguments: environments)
  func drawingChangesNothing(_ description: EnvironmentDescription) throws {
    let (one, other) = (try description.make(), try description.make())
    for environment in [one, other] { environment.reset(RandomStream(seed: 3, stream: "resets")) }
    for step in 0..<40 {
      _ = one.segments()
      #expect(try rollout(one, from: step, steps: 1) == rollout(other, from: step, steps: 1))
    }
  }

  @Test(arguments: environments)
  func wrongSizesAreErrors(_ description: EnvironmentDescription) throws {
    let environment = try description.make()
    let space = description.space
    environment.reset(RandomStream(seed: 3, stream: "resets"))
    #expect(throws: TasksError.self) {
      try environment.step(outputs: Array(repeating: 0, count: space.actions.outputs + 1))
    }
    #expect(throws: TasksError.self) { try environment.step(action: []) }
    #expect(throws: TasksError.self) { try environment.restore(saved: [0]) }
    try space.check(inputs: space.observations, outputs: space.actions.outputs)
    let error = #expect(throws: TasksError.self) {
      try space.check(inputs: space.observations, outputs: space.actions.outputs + 2)
    }
    #expect(error?.description.contains("Acting takes \(space.actions.outputs)") == true)
    #expect(throws: TasksError.self) {
      try space.check(inputs: space.observations + 1, outputs: space.actions.outputs)
    }
  }

  /// Members shared out to workers, each with an instance of its own, come to the same on any number.
  @Test(arguments: environments)
  func anyNumberOfWorkersGivesTheSameBits(_ description: EnvironmentDescription) throws {
    func returns(threads: Int) throws -> [[Double]] {
      let members = 12
      var results = Array(repeating: [Double](), count: members)
      try results.withUnsafeMutableBufferPointer { buffer in
        nonisolated(unsafe) let slots = buffer
        try WorkerPool(threads: threads).run(shards: 3) { shard in
          let environment = try description.make()
          for member in shard * 4..<(shard + 1) * 4 {
            environment.reset(RandomStream(seed: 5, stream: "resets", trial: UInt64(member)))
            slots[member] = try rollout(environment, from: member, steps: 25)
          }
        }
      }
      return results
    }
    let alone = try returns(threads: 1)
    #expect(Set(alone).count == 12)
    #expect(try alone == returns(threads: 2))
    #expect(try alone == returns(threads: 3))
  }

  @Test func anUnknownNameIsAnErrorThatNamesAll() throws {
    let error = #expect(throws: TasksError.self) {
      try EnvironmentCatalogue.standard.environment("CartPole")
    }
    #expect(error?.description.contains("CartPole-v1, Pendulum-v1") == true)
    #expect(try EnvironmentCatalogue.standard.environment("CartPole-v1").space == CartPole.space)
  }

  @Test func outputsBecomeActions() throws {
    func action(_ space: ActionSpace, _ outputs: [Double]) -> [Double] {
      var outputs = outputs
      return outputs.withUnsafeMutableBufferPointer { Array(space.action(of: $0)) }
    }
    let box = ActionSpace.continuous([-0.5...0.5, 0...4])
    #expect(box.outputs == 2 && box.values == 2)
    #expect(action(box, [0.5, 0.5]) == [0.25, 3])
    #expect(action(box, [-7, 7]) == [-0.5, 4])
    let unknown = action(box, [.nan, 0])
    #expect(unknown[0].isNaN && unknown[1] == 2)
    #expect(ActionSpace.choices(2).outputs == 1)
    #expect(action(.choices(2), [0]) == [0])
    #expect(action(.choices(2), [1e-9]) == [1])
    #expect(ActionSpace.choices(3).outputs == 3)
    #expect(ActionSpace.choices(3).values == 1)
    #expect(action(.choices(3), [-2, 1, 1]) == [1])
    #expect(action(.choices(3), [-1, -3, -2]) == [0])
    #expect(action(.choices(3), [-2, 1, .nan])[0].isNaN)
  }
}
