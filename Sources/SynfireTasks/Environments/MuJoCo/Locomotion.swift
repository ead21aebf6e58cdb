/// A task of moving forward without falling: which body, what is seen, what is paid.
///
///     reward = w_x v_x + healthy - w_a Σ a² - min(w_c Σ f², limit)
///
/// v_x is the displacement of the torso or of the center of mass over the duration of a step; a the controls
/// after clipping; f the forces and torques of contacts on all bodies. The episode terminates when the body is
/// not healthy: height, pitch or state outside their open intervals. Of the published revisions v4 pays the
/// bonus for health on the last, unhealthy step too; v5 does not.
public struct Locomotion: Sendable, CustomStringConvertible {
  /// Of Gymnasium's tasks.
  public enum Revision: String, Sendable, CaseIterable { case v4, v5 }

  /// What an observation is made of.
  public enum Observation: Sendable, Equatable {
    /// For a body in a plane: positions but for x, and velocities clipped to ±10.
    case planar
    /// For a body in space: positions but for x and y, and velocities.
    case coordinates
    /// The same; then inertias (10 a body), velocities (6), forces of the actuators (1 a degree of freedom)
    /// and of contacts (6). Without the world and the six degrees of freedom of the root, or with them.
    case bodies(withWorld: Bool)
  }

  public var name: String
  public var description: String { name }
  public var summary: String
  /// The file of the model.
  public var model: String
  public var observation: Observation
  /// The generalized coordinates and degrees of freedom of the model, and its bodies with the world.
  public var positions: Int
  public var velocities: Int
  public var bodies: Int
  /// Controls, each within plus or minus the limit.
  public var controls: Int
  public var controlLimit = 1.0
  /// Steps of the physics in one of the environment, and the seconds each of them has.
  public var frames: Int
  public var frameDuration: Double
  public var stepLimit = 1_000
  /// A start is the initial state plus numbers uniform within plus or minus this, position by position, then
  /// velocity by velocity.
  public var resetNoise: Double
  /// Whether the center of mass is what moves forward, or the torso.
  public var followsCenterOfMass = false
  public var forwardWeight = 1.0
  public var healthyReward = 1.0
  public var paysLastStep: Bool
  public var controlWeight = 1e-3
  public var contactWeight = 0.0
  public var contactCostLimit = 10.0
  /// Which position is the height, and the open intervals of health: of the height, of the pitch, which is
  /// the position after it, and plus or minus the limit of these, of all positions after and all velocities.
  public var heightIndex = 1
  public var healthyHeights: (lower: Double, upper: Double)
  public var healthyPitch = Double.infinity
  public var healthyStates = Double.infinity

  /// Seconds a step of the environment.
  public var timeStep: Double { Double(frames) * frameDuration }

  /// How many values are observed.
  public var observations: Int { observationLimits.count }

  var observationLimits: [ClosedRange<Double>] {
    let free = -Double.infinity...Double.infinity
    func limits(_ count: Int) -> [ClosedRange<Double>] { Array(repeating: free, count: count) }
    switch observation {
    case .planar:
      return limits(positions - 1) + Array(repeating: -10...10, count: velocities)
    case .coordinates:
      return limits(positions - 2 + velocities)
    case .bodies(let withWorld):
      let bodies = withWorld ? bodies : bodies - 1
      let forces = withWorld ? velocities : velocities - 6
      return limits(positions - 2 + velocities + bodies * (10 + 6 + 6) + forces)
    }
  }

  /// What is known of the environment without making one.
  public var space: EnvironmentSpace {
    EnvironmentSpace(
      name: name, observationLimits: observationLimits,
      actions: .continuous(Array(repeating: -controlLimit...controlLimit, count: controls)),
      stepLimit: stepLimit, timeStep: timeStep)
  }

  /// The environment of this task. All its instances share one model, which is read when the first is made.
  public func environment(folder: MuJoCoFolder = .standard) -> EnvironmentDescription {
    let shared = SharedMuJoCoModel(model, folder: folder)
    return EnvironmentDescription(space: space, summary: summary) {
      try LocomotionEnvironment(self, model: shared.get(), place: folder.path)
    }
  }
}
