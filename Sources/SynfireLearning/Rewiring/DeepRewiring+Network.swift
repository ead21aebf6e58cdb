import SynfireNetworks

extension DeepRewiring {
  /// Rewires all sparse connections of a network that are trained under one bound.
  ///
  /// - Throws: `LearningError` for a network without sparse connections, and for a bound below the
  ///   number of outputs.
  public init(
    of network: Network, l1: Double = 0.01, temperature: Double = 0, seed: UInt64
  ) throws {
    var matrices: [Matrix] = []
    var shares = 0.0
    for (prefix, connection, presynaptic, postsynaptic) in network.connections {
      guard connection.isTrainable, let sparse = connection.sparse else { continue }
      let isAllowed =
        sparse.excludesAutapses && !sparse.countsAutapses
        ? (0..<postsynaptic * presynaptic).map { $0 / presynaptic != $0 % presynaptic } : nil
      matrices.append(
        Matrix(name: "\(prefix).weights", density: sparse.density, isAllowed: isAllowed))
      shares += sparse.density * Double(presynaptic * postsynaptic)
    }
    guard !matrices.isEmpty else {
      throw LearningError(
        "no trained connection of the network is sparse", place: "rewiring",
        remedy: "Make connections sparse, or leave rewiring out.")
    }
    try Self.requireRoom(Int(shares), outputs: network.readout.outputs)
    self.init(matrices, l1: l1, temperature: temperature, seed: seed)
  }

  /// - Throws: `LearningError` when there are fewer connections than outputs.
  static func requireRoom(_ bound: Int, outputs: Int) throws {
    guard bound >= outputs else {
      throw LearningError(
        "the bound of \(bound) connections is below the \(outputs) outputs of the readout",
        place: "rewiring", remedy: "Raise the connectivity.")
    }
  }
}
