import Foundation
import SynfireCore
import SynfireTasks
import Testing

@Suite struct PendulumTests {
  @Test func rewardsAndStatesOfThreeTorques() throws {
    let pendulum = Pendulum()
    try pendulum.restore(saved: [1, 0.5, 0])
    let expected: [(torque: Double, reward: Double, angle: Double, speed: Double)] = [
      (1.5, -1.02725, 1.067805161930, 1.356103238606),
      (-3, -1.328109463221, 1.153465746260, 1.713211686589),
      (0.2, -1.624032656101, 1.274907861944, 2.428842313689),
    ]
    for (torque, reward, angle, speed) in expected {
      let transition = try pendulum.step(action: [torque])
      #expect(abs(transition.reward - reward) < 1e-12)
      #expect(!transition.ended)
      #expect(largestDifference(Array(pendulum.saved()[0..<2]), [angle, speed]) < 1e-12)
      #expect(largestDifference(pendulum.observation, [cos(angle), sin(angle), speed]) < 1e-12)
    }
  }

  /// An angle counts as the nearest to upright that is the same; the cost at rest is its square.
  @Test(arguments: [
    (3.0, 3.0), (-3.0, 3.0), (3.5, 2.7831853071795862), (-3.5, 2.7831853071795862),
    (44.232297150257104, 0.25), (-44.232297150257104, 0.25),
  ])
  func anglesAreWrapped(angle: Double, wrapped: Double) throws {
    let pendulum = Pendulum()
    try pendulum.restore(saved: [angle, 0, 0])
    #expect(abs(try pendulum.step(action: [0]).reward + wrapped * wrapped) < 1e-12)
  }

  @Test func speedIsLimited() throws {
    let pendulum = Pendulum()
    try pendulum.restore(saved: [Double.pi / 2, 7.9, 0])
    _ = try pendulum.step(action: [2])
    #expect(pendulum.observation[2] == 8)
    try pendulum.restore(saved: [-Double.pi / 2, -7.9, 0])
    _ = try pendulum.step(action: [-2])
    #expect(pendulum.observation[2] == -8)
  }

  /// Without effort the mean return over starts is about -1 200, and no episode ends before its limit.
  @Test func episodesLastTwoHundredSteps() throws {
    let pendulum = Pendulum()
    var returns: [Double] = []
    for episode in 0..<200 {
      pendulum.reset(RandomStream(seed: 2, stream: "episodes", trial: UInt64(episode)))
      var total = 0.0
      for step in 1...200 {
        let transition = try pendulum.step(outputs: [0])
        total += transition.reward
        #expect(!transition.terminated && transition.truncated == (step == 200))
      }
      returns.append(total)
    }
    let mean = returns.reduce(0, +) / 200
    #expect(abs(mean + 1_200) < 100)
  }

  @Test func aTorqueThatIsNotANumberIsPassedOn() throws {
    let pendulum = Pendulum()
    pendulum.reset(RandomStream(seed: 2, stream: "episodes"))
    let transition = try pendulum.step(outputs: [.nan])
    #expect(transition.reward.isNaN && transition.terminated)
    #expect(pendulum.observation.filter(\.isNaN).count == 3)
  }
}
