import SynfireNetworks

/// How weights start: normal with mean 0, or all the same.
///
/// In the file: `initialDeviation: 1/sqrt(inputs)`, or `initialValue: 1/neurons` in its place.
public enum InitialDistribution: Sendable, Equatable {
  case normal(deviation: InitialScale)
  case constant(InitialScale)

  /// The distribution for the sizes of a connection.
  public func initialization(_ sizes: [InitialScale.Size: Int]) -> Initialization {
    switch self {
    // The file was read with these sizes: a scale that needs another one was refused.
    case .normal(let deviation): .normal(deviation: deviation.value(sizes) ?? 0)
    case .constant(let value): .constant(value.value(sizes) ?? 0)
    }
  }
}

extension ConfigurationMapping {
  /// Reads `initialDeviation` or `initialValue`, one of which must be there.
  func initialDistribution(of sizes: [InitialScale.Size]) throws -> InitialDistribution {
    let value = try optional("initialValue") { try $0.scale(of: sizes, .any) }
    let deviation =
      value == nil
      ? try self.value("initialDeviation") { try $0.scale(of: sizes, .nonNegative) }
      : try optional("initialDeviation") { try $0.scale(of: sizes, .nonNegative) }
    switch (value, deviation) {
    case (let value?, nil): return .constant(value)
    case (nil, let deviation?): return .normal(deviation: deviation)
    default:
      throw rejected(
        "initialValue", "initial weights have a value or a deviation, not both",
        remedy: "set one of them to none")
    }
  }
}
