import SynfireCore
import SynfireTasks
import Testing

@Suite struct CartPoleTests {
  @Test func theStateAfterThreePushes() throws {
    let cartPole = CartPole()
    try cartPole.restore(saved: [0.01, -0.02, 0.03, 0.04, 0])
    let expected: [(push: Double, state: [Double])] = [
      (1, [0.0096, 0.174679195748, 0.0308, -0.243068717960]),
      (0, [0.013093583915, -0.020868848948, 0.025938625641, 0.059167999939]),
      (1, [0.012676206936, 0.173871774873, 0.027121985640, -0.225219572560]),
    ]
    for (push, state) in expected {
      let transition = try cartPole.step(action: [push])
      #expect(transition == Transition(reward: 1, terminated: false, truncated: false))
      #expect(largestDifference(cartPole.observation, state) < 1e-12)
    }
  }

  /// Pushed one way only the pole falls: the step that ends it is rewarded too.
  @Test func anEpisodeEndsByFalling() throws {
    let cartPole = CartPole()
    cartPole.reset(RandomStream(seed: 1, stream: "episodes"))
    var (total, steps) = (0.0, 0)
    while true {
      let transition = try cartPole.step(action: [1])
      total += transition.reward
      steps += 1
      #expect(!transition.truncated)
      if transition.terminated { break }
      #expect(abs(cartPole.observation[2]) <= 12 * Double.pi / 180)
      try #require(steps < 50)
    }
    #expect(abs(cartPole.observation[2]) > 12 * Double.pi / 180)
    #expect(total == Double(steps) && (8...11).contains(steps))
  }

  @Test(arguments: [(2.3999, false), (2.4001, true), (-2.3999, false), (-2.4001, true)])
  func anEpisodeEndsBesideTheTrack(position: Double, ends: Bool) throws {
    let cartPole = CartPole()
    try cartPole.restore(saved: [position, 0, 0, 0, 0])
    #expect(try cartPole.step(action: [1]).terminated == ends)
  }

  @Test func anEpisodeIsTruncatedAtTheLimit() throws {
    let cartPole = CartPole()
    cartPole.reset(RandomStream(seed: 1, stream: "episodes"))
    var total = 0.0
    for step in 1...500 {
      // Balances: pushes towards where the pole leans and moves, and the cart back to the middle.
      let seen = cartPole.observation
      let lean = seen[2] + 0.3 * seen[3] + 0.02 * seen[0] + 0.05 * seen[1]
      let transition = try cartPole.step(outputs: [lean])
      total += transition.reward
      #expect(!transition.terminated && transition.truncated == (step == 500))
    }
    #expect(total == 500)
  }

  @Test(arguments: [Double.nan, 0.5, -1, .infinity])
  func aWrongActionIsPassedOnAsNotANumber(action: Double) throws {
    let cartPole = CartPole()
    cartPole.reset(RandomStream(seed: 1, stream: "episodes"))
    let transition = try cartPole.step(action: [action])
    #expect(transition.reward.isNaN && transition.terminated)
    #expect(!cartPole.observation.filter(\.isNaN).isEmpty)
  }

  @Test func startsAreUniform() {
    let cartPole = CartPole()
    var values: [Double] = []
    for episode in 0..<1_000 {
      cartPole.reset(RandomStream(seed: 1, stream: "episodes", trial: UInt64(episode)))
      values += cartPole.observation
    }
    #expect(values.allSatisfy { abs($0) <= 0.05 })
    #expect(values.max()! > 0.0495 && values.min()! < -0.0495)
    // The mean of 4 000 numbers of deviation 0.029, within 5 of its own deviations.
    let mean: Double = values.reduce(0, +) / 4_000
    #expect(abs(mean) < 0.0023)
  }
}

func largestDifference(_ values: [Double], _ expected: [Double]) -> Double {
  guard values.count == expected.count else { return .infinity }
  return zip(values, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
}
