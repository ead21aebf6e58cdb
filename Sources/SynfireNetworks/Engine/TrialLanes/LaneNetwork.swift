import SynfireCore

/// A network packed for sweeps with trials as lanes.
struct LaneNetwork: Sendable {
  let layer: LaneLayer
  let readout: any TrialLaneConnectivity
  /// [output]; nil for a readout without bias.
  let readoutBias: [Float]?

  init(_ network: Network, _ parameters: NamedTensors<Float>) {
    let packed = network.connections.enumerated().map { index, connection in
      connection.connection.connectivity.packedForTrialLanes(
        parameters.under(connection.prefix), presynaptic: connection.presynaptic,
        postsynaptic: connection.postsynaptic, spiking: index > 0)
    }
    let layer = network.layers[0]
    self.layer = LaneLayer(
      input: packed[0], recurrent: Array(packed[1..<packed.count - 1]),
      neurons: layer.packedParameters(parameters))
    readout = packed.last!
    readoutBias = parameters["readout.bias"]?.values
  }

  /// The connections in the order of `Network.connections`.
  var connections: [any GradientLayout] {
    [layer.input] + layer.recurrent + [readout]
  }
}

/// A layer packed for sweeps with trials as lanes.
struct LaneLayer: Sendable {
  let input: any TrialLaneConnectivity
  /// Of each kind of recurrent synapses.
  let recurrent: [any TrialLaneConnectivity]
  /// What differs between neurons, [parameter][neuron].
  let neurons: [[Float]]
}
