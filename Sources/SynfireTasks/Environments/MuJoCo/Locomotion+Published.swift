/// The tasks of Gymnasium (Brockman et al., 2016; Towers et al., 2024), on its models.
extension Locomotion {
  /// One leg of four parts in a plane (Erez, Tassa and Todorov, 2011).
  public static func hopper(_ revision: Revision = .v5) -> Locomotion {
    Locomotion(
      name: "Hopper-\(revision)", summary: "hop forward on one leg", model: "hopper.xml",
      observation: .planar, positions: 6, velocities: 6, bodies: 5, controls: 3, frames: 4,
      frameDuration: 0.002, resetNoise: 5e-3, paysLastStep: revision == .v4,
      healthyHeights: (0.7, .infinity), healthyPitch: 0.2, healthyStates: 100)
  }

  /// Two legs in a plane; the right foot of v4 has less friction than the left one.
  public static func walker2d(_ revision: Revision = .v5) -> Locomotion {
    Locomotion(
      name: "Walker2d-\(revision)", summary: "walk forward on two legs",
      model: revision == .v4 ? "walker2d.xml" : "walker2d_v5.xml", observation: .planar,
      positions: 9, velocities: 9, bodies: 8, controls: 6, frames: 4, frameDuration: 0.002,
      resetNoise: 5e-3, paysLastStep: revision == .v4, healthyHeights: (0.8, 2), healthyPitch: 1)
  }

  /// A body in space with legs, arms and 17 actuators (Tassa, Erez and Todorov, 2012).
  ///
  /// - Parameter observation: what is seen; nil for what is published.
  public static func humanoid(
    _ revision: Revision = .v5, observation: Observation? = nil
  ) -> Locomotion {
    Locomotion(
      name: "Humanoid-\(revision)" + (observation == .coordinates ? "-coordinates" : ""),
      summary: observation == .coordinates
        ? "the same, of which only positions and velocities are seen"
        : "walk forward with legs and arms",
      model: "humanoid.xml", observation: observation ?? .bodies(withWorld: revision == .v4),
      positions: 24, velocities: 23, bodies: 14, controls: 17, controlLimit: 0.4, frames: 5,
      frameDuration: 0.003, resetNoise: 1e-2, followsCenterOfMass: true, forwardWeight: 1.25,
      healthyReward: 5, paysLastStep: revision == .v4, controlWeight: 0.1,
      contactWeight: revision == .v5 ? 5e-7 : 0, heightIndex: 2, healthyHeights: (1, 2))
  }

  /// All of them.
  public static let published: [Locomotion] =
    [.v5, .v4].flatMap { [hopper($0), walker2d($0), humanoid($0)] }
    + [humanoid(observation: .coordinates)]
}
