import SynfireNetworks

/// Synapses of which a part is connected, each of a fixed sign (Bellec et al. 2018; `lsnn.md` 2.5).
public struct SparseDescription: Sendable, Equatable {
  /// The part that is connected, above 0 and at most 1.
  public let density: Double
  /// Dale's law; nil for a sign of its own for each synapse.
  public let signs: SignsDescription?
  /// Whether no neuron connects to itself.
  public let excludesAutapses: Bool
  /// Whether those that are excluded may count as connections, as in the source.
  public let countsAutapses: Bool
}

/// Which presynaptic neurons are excitatory: int(fraction n) + 1 of n, as in the source.
public struct SignsDescription: Sendable, Equatable {
  /// The `order` of the file.
  public enum Order: String, Sendable, CaseIterable {
    case inhibitoryFirst, shuffled
  }

  public let excitatory: Double
  public let order: Order

  /// The signs of a population, which are the same wherever it connects to.
  func signs(of count: Int, population: String, seed: UInt64) -> Signs {
    let ordered = Signs.inhibitoryFirst(excitatory: excitatory, of: count)
    return order == .shuffled ? ordered.shuffled(seed: seed, name: population) : ordered
  }
}

extension SignsDescription {
  init(from mapping: ConfigurationMapping) throws {
    excitatory = try mapping.value("excitatory") { try $0.fraction() }
    order = try mapping.value("order", default: "inhibitory-first") { try $0.choice() }
  }
}

extension SparseDescription {
  init(from mapping: ConfigurationMapping, sizes: ConnectionSizes) throws {
    density = try mapping.value("density") { scalar in
      let density = try scalar.fraction()
      guard density > 0 else {
        throw scalar.rejected(
          "nothing is connected", remedy: "write a density above 0 and up to 1, such as 12 %")
      }
      return density
    }
    try sizes.budget.claim(
      Double(sizes.inputs) * Double(sizes.neurons),
      for: "\(sizes.neurons) x \(sizes.inputs) weights, dormant ones included,", of: mapping,
      "kind")
    signs = try mapping.optionalNested("signs") { signs in
      if sizes.inputs > 1 {
        // The spectral radius is that of a square matrix.
        try sizes.budget.claim(
          Double(sizes.inputs) * Double(sizes.inputs),
          for: "the \(sizes.inputs) x \(sizes.inputs) weights that signed ones are taken from",
          of: signs, "excitatory")
      }
      return try SignsDescription(from: signs)
    }
    guard sizes.isRecurrent else {
      (excludesAutapses, countsAutapses) = (false, false)
      return
    }
    excludesAutapses = try mapping.value("excludesAutapses", default: "true") { try $0.boolean() }
    countsAutapses =
      excludesAutapses
      ? try mapping.value("countsAutapses", default: "false") { try $0.boolean() } : false
  }

  /// - Parameters:
  ///   - population: the name of the presynaptic neurons.
  ///   - name: of the connection.
  func connectivity(
    inputs: Int, population: String, seed: UInt64, name: String
  ) throws -> Sparse {
    try Sparse(
      density: density,
      signs: signs?.signs(of: inputs, population: population, seed: seed),
      excludesAutapses: excludesAutapses, countsAutapses: countsAutapses, seed: seed, name: name)
  }
}
