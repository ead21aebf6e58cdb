import SynfireNetworks

extension EligibilityPropagation {
  /// The neuron model of a network that e-prop is for.
  ///
  /// - Throws: `LearningError` that says what e-prop cannot do, and what to do about it.
  @discardableResult
  public static func model(of network: Network) throws -> AdaptiveLIF {
    let place = "e-prop"
    let otherwise = "or learn by back-propagation through time"
    guard network.layers.count == 1, let layer = network.layers[0] as? Layer<AdaptiveLIF> else {
      throw LearningError(
        "e-prop is for one layer of adaptive LIF neurons", place: place,
        remedy: "Use such a layer (of adaptation strength 0 for neurons that do not adapt), "
          + otherwise + ".")
    }
    guard network.readout.reduction != .maximumOverTime else {
      throw LearningError(
        "e-prop learns while it runs, and a maximum over time is known at the end only",
        place: place, remedy: "Read every step or means over windows, \(otherwise).")
    }
    for (name, connection, _, _) in network.connections where name != "readout" {
      if connection.connectivity.largestDelay > 0 {
        throw LearningError(
          "e-prop has no delays, and \(name) has some of up to "
            + "\(connection.connectivity.largestDelay) steps", place: place,
          remedy: "Leave delays out, \(otherwise).")
      }
      guard connection.latency == nil else {
        throw LearningError(
          "e-prop has no latencies of synapses, and \(name) has one", place: place,
          remedy: "Leave the latency out, \(otherwise).")
      }
      guard connection.filter.isLeakyOrNone else {
        throw LearningError(
          "e-prop has no filters of synapses but leaky ones, and \(name) has another",
          place: place, remedy: "Use a leaky filter, or none, \(otherwise).")
      }
    }
    guard try network.readout.latency() == 0 else {
      throw LearningError(
        "e-prop has no late readout, as this filter makes it", place: place,
        remedy: "Use a leaky filter, or none.")
    }
    guard layer.model.trained.isEmpty else {
      throw LearningError(
        "e-prop does not train the neurons' own "
          + layer.model.trained.map(\.rawValue).sorted().joined(separator: ", "), place: place,
        remedy: "Train weights only, \(otherwise).")
    }
    return layer.model
  }
}

extension SpikeFilter {
  fileprivate var isLeakyOrNone: Bool {
    switch self {
    case .none, .leaky: true
    case .single, .double: false
    }
  }
}
