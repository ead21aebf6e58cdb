import SynfireCore

/// An error of `SynfireNetworks`: constants, shapes and parameters of a network.
public typealias NetworkError = ModuleError<NetworksModule>

/// The module that `NetworkError` comes from.
public enum NetworksModule: Sendable {}

enum TimeConstants {
  /// Checks that a time step is positive and no longer than any of the time constants, all in seconds.
  static func validate(
    timeStep: Double, _ constants: [(name: String, value: Double?)], place: String
  ) throws {
    guard timeStep > 0, timeStep.isFinite else {
      throw NetworkError("the time step of \(timeStep) s is not above 0", place: place)
    }
    for (name, value) in constants {
      guard let value else { continue }
      guard value > 0, value.isFinite else {
        throw NetworkError("\(name) of \(value) s is not above 0", place: place)
      }
      guard timeStep <= value else {
        throw NetworkError(
          "the time step of \(timeStep) s is longer than \(name) of \(value) s", place: place,
          remedy: "Use a shorter time step.")
      }
    }
  }
}
