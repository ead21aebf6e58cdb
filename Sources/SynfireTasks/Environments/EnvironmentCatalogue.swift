/// The environments that can be asked for by name.
public struct EnvironmentCatalogue: Sendable {
  public let environments: [EnvironmentDescription]

  /// - Parameter environments: of distinct names; of two of the same name the first is found.
  public init(_ environments: [EnvironmentDescription]) { self.environments = environments }

  /// The environment of that name.
  ///
  /// - Throws: `TasksError` that names all there are.
  public func environment(_ name: String) throws -> EnvironmentDescription {
    if let found = environments.first(where: { $0.name == name }) { return found }
    throw TasksError(
      "no environment is named \(name)",
      remedy: "The environments are: \(environments.map(\.name).joined(separator: ", ")).")
  }

  /// Those that come with Synfire.
  public static let standard = EnvironmentCatalogue(
    [CartPole.description, Pendulum.description] + Locomotion.published.map { $0.environment() })
}
