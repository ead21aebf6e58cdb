import Foundation
import SynfireCore

/// A pole to be balanced on a cart that is pushed left or right: CartPole-v1 of Gymnasium (Barto, Sutton and
/// Anderson, 1983).
///
/// With force F = 10 N to the right (action 1) or to the left (action 0), cart of 1 kg, pole of m = 0.1 kg and
/// half-length l = 0.5 m, M = 1.1 kg, g = 9.8 m/s², time step 0.02 s, explicit Euler:
///
///     a  = (F + m l θ̇² sin θ) / M
///     θ̈  = (g sin θ - a cos θ) / (l (4/3 - m cos² θ / M))
///     ẍ  = a - m l θ̈ cos θ / M
///     x ← x + 0.02 ẋ;  ẋ ← ẋ + 0.02 ẍ;  θ ← θ + 0.02 θ̇;  θ̇ ← θ̇ + 0.02 θ̈      (old velocities)
///
/// Observed: (x, ẋ, θ, θ̇), at first each uniform on [-0.05, 0.05). Reward 1 a step, the last one included.
/// The episode terminates when |x| > 2.4 m or |θ| > 12°, and is truncated after 500 steps. Any other action
/// than 0 or 1 makes the state, and the reward, not a number.
///
/// A saved state: x, ẋ, θ, θ̇, steps done.
public final class CartPole: Environment {
  private static let gravity = 9.8
  private static let force = 10.0
  private static let totalMass = 1.1
  private static let poleMass = 0.1
  private static let halfLength = 0.5
  private static let positionLimit = 2.4
  private static let angleLimit = 12 * 2 * Double.pi / 360
  private static let startLimit = 0.05

  public static let space = EnvironmentSpace(
    name: "CartPole-v1",
    observationLimits: [
      -2 * positionLimit...2 * positionLimit, -Double.infinity...Double.infinity,
      -2 * angleLimit...2 * angleLimit, -Double.infinity...Double.infinity,
    ], actions: .choices(2), stepLimit: 500, timeStep: 0.02)

  public static let description = EnvironmentDescription(
    space: space, summary: "balance a pole on a cart; 500 is the most", maker: { CartPole() })

  private var position = 0.0
  private var velocity = 0.0
  private var angle = 0.0
  private var angularVelocity = 0.0
  private var steps = 0.0

  public init() {}

  public var space: EnvironmentSpace { Self.space }
  public var stateCount: Int { 5 }

  public func reset(_ randomness: RandomStream) {
    var randomness = randomness
    func draw() -> Double { (2 * randomness.uniform() - 1) * Self.startLimit }
    (position, velocity, angle, angularVelocity) = (draw(), draw(), draw(), draw())
    steps = 0
  }

  public func observe(_ observation: UnsafeMutableBufferPointer<Double>) {
    precondition(observation.count == 4, "an observation has 4 values")
    observation[0] = position
    observation[1] = velocity
    observation[2] = angle
    observation[3] = angularVelocity
  }

  public func step(_ action: UnsafeBufferPointer<Double>) -> Transition {
    precondition(action.count == 1, "an action has 1 value")
    let force =
      action[0] == 1 ? Self.force : action[0] == 0 ? -Self.force : .nan
    let (sine, cosine) = (sin(angle), cos(angle))
    let massLength = Self.poleMass * Self.halfLength
    let push = (force + massLength * (angularVelocity * angularVelocity) * sine) / Self.totalMass
    let inertia = Self.halfLength * (4.0 / 3 - Self.poleMass * (cosine * cosine) / Self.totalMass)
    let angularAcceleration = (Self.gravity * sine - cosine * push) / inertia
    let acceleration = push - massLength * angularAcceleration * cosine / Self.totalMass
    position += Self.space.timeStep * velocity
    velocity += Self.space.timeStep * acceleration
    angle += Self.space.timeStep * angularVelocity
    angularVelocity += Self.space.timeStep * angularAcceleration
    steps += 1
    let stands = abs(position) <= Self.positionLimit && abs(angle) <= Self.angleLimit
    let isFinite = (position + velocity + angle + angularVelocity).isFinite
    return Transition(
      reward: isFinite ? 1 : .nan, terminated: !(stands && isFinite),
      truncated: steps >= Double(Self.space.stepLimit))
  }

  public func save(_ state: UnsafeMutableBufferPointer<Double>) {
    precondition(state.count == stateCount, "a state has \(stateCount) values")
    observe(UnsafeMutableBufferPointer(rebasing: state[0..<4]))
    state[4] = steps
  }

  public func restore(_ state: UnsafeBufferPointer<Double>) {
    precondition(state.count == stateCount, "a state has \(stateCount) values")
    (position, velocity, angle, angularVelocity) = (state[0], state[1], state[2], state[3])
    steps = state[4]
  }

  public var forwardPosition: Double? { nil }

  public func segments() -> [BodySegment] {
    let pivot = SIMD2(position, 0)
    let length = 2 * Self.halfLength
    return [
      BodySegment(
        name: "cart", start: pivot - SIMD2(0.2, 0), end: pivot + SIMD2(0.2, 0), radius: 0.1),
      BodySegment(
        name: "pole", start: pivot, end: pivot + length * SIMD2(sin(angle), cos(angle)),
        radius: 0.03),
    ]
  }
}
