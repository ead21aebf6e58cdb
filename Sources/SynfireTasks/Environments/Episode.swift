/// What came of an episode.
public struct Episode: Sendable, Equatable {
  /// The sum of all rewards; not a number if one of them is not.
  public var total: Double
  public var steps: Int
  /// It ended by what happened in it; otherwise by the limit of steps.
  public var terminated: Bool
  /// How far it has come, in meters along x; nil where there is nowhere to go.
  public var distance: Double?

  public init(total: Double, steps: Int, terminated: Bool, distance: Double?) {
    self.total = total
    self.steps = steps
    self.terminated = terminated
    self.distance = distance
  }
}
