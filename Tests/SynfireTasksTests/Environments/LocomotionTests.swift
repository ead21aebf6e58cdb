import Foundation
import SynfireCore
import SynfireTasks
import Testing

let needsMuJoCo = ConditionTrait.enabled(
  if: MuJoCoFolder.standard.usableVersion != nil, "needs make deps-mujoco")

/// Trajectories of Gymnasium 1.4.0 on MuJoCo 4.0.0.
@Suite(needsMuJoCo) struct LocomotionTests {
  enum Actions: Sendable {
    case zero
    /// 0.3 sin(0.1 t + i), times the limit of control i.
    case sine

    func callAsFunction(_ time: Int, _ space: EnvironmentSpace) -> [Double] {
      guard case .continuous(let limits) = space.actions else { return [] }
      return limits.enumerated().map { index, limit in
        self == .zero ? 0 : limit.upperBound * 0.3 * sin(0.1 * Double(time) + Double(index))
      }
    }
  }

  struct Reference: Sendable, CustomTestStringConvertible {
    let task: Locomotion
    let actions: Actions
    let total: Double
    let length: Int
    var rewards: [Int: Double] = [:]
    /// The first value observed after so many steps.
    var heights: [Int: Double] = [:]
    /// The sum over i of the value i that is observed after so many steps, times cos i.
    var observed: [Int: Double] = [:]

    var testDescription: String { "\(task.name) \(actions)" }
  }

  static let references: [Reference] = [
    Reference(
      task: .hopper(), actions: .zero, total: 132.96245631135332, length: 141,
      heights: [1: 1.24968608, 2: 1.24874432, 3: 1.24717472]),
    Reference(
      task: .hopper(), actions: .sine, total: 39.87651925604767, length: 45,
      rewards: [0: 1.0070762035238345, 1: 1.0158730494464914, 9: 1.1301387997536942],
      observed: [0: 1.25, 20: 2.8151976912586627, 45: 1.8461085518156053]),
    Reference(
      task: .walker2d(), actions: .zero, total: 112.87563716186926, length: 135),
    Reference(
      task: .walker2d(), actions: .sine, total: 9.14633407058959, length: 35,
      rewards: [0: 0.9875644894829787, 1: 0.9455550928822177, 9: 0.4022155259938608],
      observed: [0: 1.25, 20: -10.048508936709833, 35: -7.041711324564287]),
    Reference(
      task: .humanoid(), actions: .zero, total: 195.4890588929239, length: 40,
      heights: [1: 1.398891191096275]),
    Reference(
      task: .humanoid(), actions: .sine, total: 109.05771553109459, length: 23,
      rewards: [0: 4.988549600696444, 1: 4.988485838280577, 9: 3.633794455706875],
      observed: [0: -6.36238509407213, 20: -292.61907666720964, 23: -222.6691455588776]),
    Reference(
      task: .hopper(.v4), actions: .sine, total: 40.87651925604767, length: 45,
      observed: [0: 1.25, 20: 2.8151976912586627, 45: 1.8461085518156053]),
    Reference(
      task: .walker2d(.v4), actions: .sine, total: 9.91460669953008, length: 36,
      observed: [0: 1.25, 20: -9.94336583150639, 36: -8.698844752628931]),
    Reference(
      task: .humanoid(.v4), actions: .sine, total: 116.21091186016925, length: 23,
      rewards: [9: 4.9905801537639345],
      observed: [0: 8.611491216894073, 20: 247.88902096395967, 23: 177.14699871330285]),
  ]

  /// An instance that starts without noise.
  func make(_ task: Locomotion) throws -> any Environment {
    var task = task
    task.resetNoise = 0
    let environment = try task.environment().make()
    environment.reset(RandomStream(seed: 0, stream: "none"))
    return environment
  }

  @Test(arguments: references) func trajectories(_ reference: Reference) throws {
    let environment = try make(reference.task)
    var (total, length) = (0.0, 0)
    func compareObservation() {
      guard let expected = reference.observed[length] else { return }
      let sum = environment.observation.enumerated().reduce(0) {
        $0 + $1.element * cos(Double($1.offset))
      }
      #expect(abs(sum - expected) < 1e-9)
    }
    compareObservation()
    while true {
      let transition = try environment.step(action: reference.actions(length, environment.space))
      total += transition.reward
      if let expected = reference.rewards[length] {
        #expect(abs(transition.reward - expected) < 1e-9)
      }
      length += 1
      if let expected = reference.heights[length] {
        // Printed to eight digits for Hopper.
        let tolerance = reference.task.model == "hopper.xml" ? 0.5000001e-8 : 1e-9
        #expect(abs(environment.observation[0] - expected) < tolerance)
      }
      compareObservation()
      #expect(!transition.truncated)
      if transition.terminated { break }
      try #require(length < 1_000)
    }
    #expect(abs(total - reference.total) < 1e-9)
    #expect(length == reference.length)
  }

  /// Starts lie around the initial state, and are the same for the same randomness.
  @Test(arguments: [(Locomotion.hopper(), 5e-3), (.walker2d(), 5e-3), (.humanoid(), 1e-2)])
  func startsAreUniformAroundTheInitialState(task: Locomotion, noise: Double) throws {
    let rest = try make(task).observation
    let environment = try task.environment().make()
    let coordinates = task.observation == .planar ? rest.count : 45
    var differences: [Double] = []
    for episode in 0..<100 {
      environment.reset(RandomStream(seed: 1, stream: "resets", trial: UInt64(episode)))
      differences += zip(environment.observation, rest).prefix(coordinates).map { $0 - $1 }
    }
    #expect(differences.allSatisfy { abs($0) <= noise * (1 + 1e-9) })
    let most = differences.map(abs).max()!
    let mean = differences.reduce(0, +) / Double(differences.count)
    #expect(most > 0.98 * noise)
    #expect(abs(mean) < 5 * noise / (3 * Double(differences.count)).squareRoot())
  }

  /// The smaller observation is the beginning of the whole one, and the body moves alike.
  @Test func coordinatesAreTheBeginningOfTheWhole() throws {
    let whole = try make(.humanoid())
    let part = try make(.humanoid(observation: .coordinates))
    for time in 0..<20 {
      let actions = Actions.sine(time, whole.space)
      #expect(try whole.step(action: actions) == part.step(action: actions))
      #expect(Array(whole.observation.prefix(45)) == part.observation)
    }
  }

  /// Controls outside the limits count, and cost, as the limit.
  @Test func controlsAreClipped() throws {
    for task in [Locomotion.hopper(), .walker2d(), .humanoid()] {
      let (one, other) = (try make(task), try make(task))
      let limit = task.controlLimit
      for sign in [1.0, -1] {
        let actions = Array(repeating: sign * limit, count: task.controls)
        #expect(try one.step(action: actions.map { 100 * $0 }) == other.step(action: actions))
        #expect(try one.step(outputs: actions.map { 100 * $0 }) == other.step(action: actions))
        #expect(one.observation == other.observation)
      }
    }
  }

  @Test func episodesAreTruncatedAtTheLimit() throws {
    var task = Locomotion.hopper()
    task.healthyPitch = .infinity
    task.healthyHeights = (-.infinity, .infinity)
    task.stepLimit = 30
    let environment = try make(task)
    for step in 1...30 {
      let transition = try environment.step(action: [0, 0, 0])
      #expect(!transition.terminated && transition.truncated == (step == 30))
    }
  }

  /// It falls forward, and how far it has come says so; a hopper's is that of its torso.
  @Test func forwardPositionsAreWhatIsPaid() throws {
    // Of these nothing is taken off for contacts.
    for task in [Locomotion.hopper(), .walker2d(), .humanoid(.v4)] {
      let environment = try make(task)
      for time in 0..<15 {
        let before = try #require(environment.forwardPosition)
        let reward = try environment.step(action: Actions.zero(time, environment.space)).reward
        let after = try #require(environment.forwardPosition)
        let paid = task.healthyReward + task.forwardWeight * (after - before) / task.timeStep
        #expect(abs(reward - paid) < 1e-12)
      }
    }
  }

  @Test func segmentsAreTheBodyAsItStands() throws {
    let names = try make(.hopper()).segments().map(\.name)
    #expect(names == ["torso_geom", "thigh_geom", "leg_geom", "foot_geom"])
    let torso = try #require(try make(.hopper()).segments().first)
    // 0.4 m long and upright about the initial height of 1.25 m.
    #expect(largestDifference([torso.start.x, torso.end.x], [0, 0]) < 1e-12)
    #expect(largestDifference([torso.start.y, torso.end.y].sorted(), [1.05, 1.45]) < 1e-12)
    #expect(torso.radius == 0.05)
    #expect(try make(.walker2d()).segments().count == 7)
    let humanoid = try make(.humanoid()).segments()
    #expect(humanoid.count == 17)
    let head = try #require(humanoid.first { $0.name == "head" })
    #expect(head.start == head.end && abs(head.start.y - 1.59) < 1e-12 && head.radius == 0.09)
  }

  @Test(arguments: [Locomotion.hopper(), .walker2d(), .humanoid(), .humanoid(.v4)])
  func aControlThatIsNotANumberIsPassedOn(task: Locomotion) throws {
    let environment = try make(task)
    var actions = Actions.zero(0, environment.space)
    actions[1] = .nan
    #expect(try environment.step(action: actions).reward.isNaN)
    #expect(try environment.step(outputs: actions).reward.isNaN)
  }

  /// Physics that breaks down ends the episode with a reward that is not a number, whatever the engine does
  /// about it, and the next episode is as good as any.
  @Test(arguments: [Double.nan, 1e200, -.infinity])
  func brokenPhysicsIsPassedOn(value: Double) throws {
    let environment = try make(.hopper())
    let clean = environment.saved()
    // The first five positions observed are found in the state as they stand there.
    let height = try #require(clean.firstIndex(of: 1.25))
    var broken = clean
    broken[height + 1] = value
    try environment.restore(saved: broken)
    let transition = try environment.step(action: [0, 0, 0])
    #expect(transition.reward.isNaN && transition.terminated)
    environment.reset(RandomStream(seed: 0, stream: "none"))
    #expect(environment.saved() == clean)
    #expect(!FileManager.default.fileExists(atPath: "MUJOCO_LOG.TXT"))
  }
}
