import Foundation
import SynfireCore

/// A rod on a motor too weak to lift it at once: Pendulum-v1 of Gymnasium.
///
/// With torque u within ±2 N m, rod of 1 kg and 1 m, g = 10 m/s², time step 0.05 s, θ = 0 upright:
///
///     reward = -(wrap(θ)² + 0.1 θ̇² + 0.001 u²)                      (before the update; wrap to [-π, π))
///     θ̇ ← clip(θ̇ + (15 sin θ + 3 u) 0.05, -8, 8);  θ ← θ + 0.05 θ̇   (new velocity)
///
/// Observed: (cos θ, sin θ, θ̇). At first θ is uniform on [-π, π) and θ̇ on [-1, 1). An episode is truncated
/// after 200 steps and never terminates, unless the state or the torque is not a number.
///
/// A saved state: θ, θ̇, steps done.
public final class Pendulum: Environment {
  private static let gravity = 10.0
  private static let torqueLimit = 2.0
  private static let speedLimit = 8.0

  public static let space = EnvironmentSpace(
    name: "Pendulum-v1", observationLimits: [-1...1, -1...1, -speedLimit...speedLimit],
    actions: .continuous([-torqueLimit...torqueLimit]), stepLimit: 200, timeStep: 0.05)

  public static let description = EnvironmentDescription(
    space: space, summary: "swing up a rod and hold it; about -150 is the best",
    maker: { Pendulum() })

  private var angle = 0.0
  private var angularVelocity = 0.0
  private var steps = 0.0

  public init() {}

  public var space: EnvironmentSpace { Self.space }
  public var stateCount: Int { 3 }

  public func reset(_ randomness: RandomStream) {
    var randomness = randomness
    angle = (2 * randomness.uniform() - 1) * Double.pi
    angularVelocity = 2 * randomness.uniform() - 1
    steps = 0
  }

  public func observe(_ observation: UnsafeMutableBufferPointer<Double>) {
    precondition(observation.count == 3, "an observation has 3 values")
    observation[0] = cos(angle)
    observation[1] = sin(angle)
    observation[2] = angularVelocity
  }

  public func step(_ action: UnsafeBufferPointer<Double>) -> Transition {
    precondition(action.count == 1, "an action has 1 value")
    let torque = action[0].clipped(to: -Self.torqueLimit...Self.torqueLimit)
    let wrapped = Self.wrapped(angle)
    let cost =
      wrapped * wrapped + 0.1 * (angularVelocity * angularVelocity) + 0.001 * (torque * torque)
    let acceleration = 3 * Self.gravity / 2 * sin(angle) + 3 * torque
    angularVelocity = (angularVelocity + acceleration * Self.space.timeStep)
      .clipped(to: -Self.speedLimit...Self.speedLimit)
    angle += angularVelocity * Self.space.timeStep
    steps += 1
    return Transition(
      reward: -cost, terminated: !cost.isFinite, truncated: steps >= Double(Self.space.stepLimit))
  }

  /// The same angle from -π up to, not including, π.
  private static func wrapped(_ angle: Double) -> Double {
    let turns = angle + Double.pi
    return turns - (turns / (2 * Double.pi)).rounded(.down) * (2 * Double.pi) - Double.pi
  }

  public func save(_ state: UnsafeMutableBufferPointer<Double>) {
    precondition(state.count == stateCount, "a state has \(stateCount) values")
    state[0] = angle
    state[1] = angularVelocity
    state[2] = steps
  }

  public func restore(_ state: UnsafeBufferPointer<Double>) {
    precondition(state.count == stateCount, "a state has \(stateCount) values")
    (angle, angularVelocity, steps) = (state[0], state[1], state[2])
  }

  public var forwardPosition: Double? { nil }

  public func segments() -> [BodySegment] {
    [
      BodySegment(
        name: "rod", start: SIMD2(0, 0), end: SIMD2(sin(angle), cos(angle)), radius: 0.05)
    ]
  }
}
