/// The sizes of a network in closed loop, and what its actions are clipped to: checked once, for all kinds.
struct ControlSizes: Sendable, Equatable {
  let observations: Int
  let neurons: Int
  let actions: Int
  /// What actions are clipped to; nil for no clipping.
  let actionRange: ClosedRange<Float>?

  /// - Throws: `NetworkError` for sizes that make no sense.
  init(
    observations: Int, neurons: Int, actions: Int, actionRange: ClosedRange<Float>?, place: String
  ) throws {
    for (name, count, least) in [
      ("observations", observations, 0), ("neurons", neurons, 1), ("actions", actions, 1),
    ] where !(least...32768).contains(count) {
      throw NetworkError(
        "\(count) \(name) are not from \(least) to 32768", place: place,
        remedy: "Use a size that a controller can have.")
    }
    self.observations = observations
    self.neurons = neurons
    self.actions = actions
    self.actionRange = actionRange
  }

  /// An action within the range.
  @inline(__always)
  func clipped(_ value: Float) -> Float {
    actionRange.map { min($0.upperBound, max($0.lowerBound, value)) } ?? value
  }
}
