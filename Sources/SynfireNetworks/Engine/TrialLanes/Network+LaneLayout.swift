import SynfireCore

extension Network {
  /// The lanes that batches of so many trials are swept with.
  ///
  /// Trials are lanes where there are enough to fill them, in a network of one spiking layer, when all
  /// connections have few numbers per neuron, or when one of them has few synapses, or delays. Recurrent
  /// synapses of several kinds must all be of these, lest a matrix is swept synapse by synapse.
  ///
  /// - Parameter spiking: whether inputs are spikes; if not, they are numbers.
  public func laneLayout(trials: Int, spiking: Bool) -> LaneLayout {
    guard trials >= 16, layers.count == 1, layers[0].isSpiking, layers[0] is any TrialLaneLayer,
      readout.reduction != .maximumOverTime, hasShortLatencies
    else { return .neurons }
    let input = layers[0].input.connectivity
    let takesNumbers = input.suitsTrialLanes(presynaptic: inputs, postsynaptic: layers[0].neurons)
    guard spiking || takesNumbers else { return .neurons }
    let isFew = connections.allSatisfy {
      $0.connection.connectivity.suitsTrialLanes(
        presynaptic: $0.presynaptic, postsynaptic: $0.postsynaptic)
    }
    if isFew { return inputs <= 16 && readout.reduction == .everyStep ? .trials : .neurons }
    let (kinds, neurons) = (layers[0].recurrent.map(\.connectivity), layers[0].neurons)
    guard
      kinds.count <= 1
        || kinds.allSatisfy({
          $0.suitsSynapses || $0.suitsTrialLanes(presynaptic: neurons, postsynaptic: neurons)
        })
    else { return .neurons }
    return connections.contains { $0.connection.connectivity.suitsSynapses } ? .trials : .neurons
  }

  /// Whether every connection's latency fits the rings of `FactoredLanePath`.
  private var hasShortLatencies: Bool {
    let latencies = connections.enumerated().map { index, connection in
      let isRecurrent = index > 0 && connection.prefix != "readout"
      return try? connection.connection.resolvedLatency(
        minimum: isRecurrent ? 1 : 0, place: connection.prefix)
    }
    return latencies.allSatisfy { ($0 ?? .max) < LaneSteps.most }
  }
}

extension Connectivity {
  /// Whether it is faster swept synapse by synapse than as a matrix.
  fileprivate var suitsSynapses: Bool {
    self is Delays || (self as? Sparse).map { $0.density <= 0.25 } ?? false
  }
}
