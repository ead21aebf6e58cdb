import SynfireNetworks

/// Synapses of one strength, each there with a probability that is learned (Wang et al. 2023).
public struct BernoulliDescription: Sendable, Equatable {
  /// Which synapses are there, the `presence` of the file (`Bernoulli.Presence`).
  public enum Presence: String, Sendable, CaseIterable {
    case likely, drawn, expected
  }

  /// Of every synapse that is there, in the unit of weights.
  public let strength: InitialScale
  public let presence: Presence
  /// Of all synapses at first.
  public let initialProbability: Double
  /// Dale's law; nil for excitatory synapses only.
  public let signs: SignsDescription?
}

extension BernoulliDescription {
  init(from mapping: ConfigurationMapping, sizes: ConnectionSizes) throws {
    try sizes.budget.claim(
      Double(sizes.inputs) * Double(sizes.neurons),
      for: "\(sizes.neurons) x \(sizes.inputs) probabilities", of: mapping, "kind")
    strength = try mapping.value("strength") { try $0.scale(of: sizes.names, .positive) }
    presence = try mapping.value("presence", default: "likely") { try $0.choice() }
    initialProbability = try mapping.value("initialProbability", default: "50 %") {
      try $0.fraction()
    }
    signs = try mapping.optionalNested("signs") { try SignsDescription(from: $0) }
  }

  /// - Parameter name: of the connection.
  func connectivity(
    from source: Population, sizes: [InitialScale.Size: Int], seed: UInt64, name: String
  ) -> Bernoulli {
    let presence: Bernoulli.Presence =
      switch self.presence {
      case .likely: .likely
      case .drawn: .drawn(seed: seed, name: name)
      case .expected: .expected
      }
    return Bernoulli(
      strength: strength.value(sizes) ?? 0,
      signs: signs?.signs(of: source.neurons, population: source.name, seed: seed),
      presence: presence, initialization: .constant(initialProbability))
  }
}
