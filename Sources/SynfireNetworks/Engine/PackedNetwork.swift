import SynfireCore

/// The parameters of a network in the layout of the kernels, made once an update and shared by all workers.
public struct PackedNetwork: Sendable {
  /// For neurons as lanes; none where trials are.
  private(set) var layers: [PackedLayer]
  let readout: any PackedConnectivity
  /// For trials as lanes.
  let lanes: LaneNetwork?
  /// [output]; nil for a readout without bias.
  let readoutBias: [Float]?
  let parameters: NamedTensors<Float>

  /// - Parameter layout: of the sweeps that it is for.
  public init(
    _ network: Network, _ parameters: NamedTensors<Float>, layout: LaneLayout = .neurons
  ) {
    func pack(
      _ prefix: String, _ connection: Connection, _ presynaptic: Int, _ postsynaptic: Int,
      spiking: Bool
    ) -> any PackedConnectivity {
      connection.connectivity.packed(
        parameters.under(prefix), presynaptic: presynaptic, postsynaptic: postsynaptic,
        spiking: spiking)
    }
    self.parameters = parameters
    readoutBias = parameters["readout.bias"]?.values
    lanes = layout == .trials ? LaneNetwork(network, parameters) : nil
    let swept = layout == .trials ? [] : network.layers
    layers = swept.enumerated().map { index, layer in
      PackedLayer(
        input: pack(
          "\(layer.name).input", layer.input, network.inputCount(ofLayer: index), layer.neurons,
          spiking: index > 0 && network.layers[index - 1].isSpiking),
        recurrent: layer.recurrent.map {
          pack(
            "\(layer.name).\($0.recurrentName)", $0, layer.neurons, layer.neurons,
            spiking: layer.isSpiking)
        },
        neurons: layer.packedParameters(parameters))
    }
    let last = network.layers.last!
    readout = pack(
      "readout", network.readout.connection, last.neurons, network.readout.outputs,
      spiking: last.isSpiking)
  }
}

extension NetworkLayer {
  /// What differs between the neurons, [parameter][neuron].
  func packedParameters(_ parameters: NamedTensors<Float>) -> [[Float]] {
    // Their number was checked when the network was made.
    try! kernelParameters(parameters.under(parameterPrefix).converted()).map { $0.map(Float.init) }
  }
}

extension PackedNetwork {
  /// The same without what layers propagate spikes with.
  public func withoutPropagation() -> PackedNetwork {
    var result = self
    result.layers = layers.map {
      PackedLayer(
        input: $0.input.withoutPropagation(),
        recurrent: $0.recurrent.map { $0.withoutPropagation() }, neurons: $0.neurons)
    }
    return result
  }

  /// Bytes of the sum of gradients of one worker, in the layout of the kernels.
  public func gradientByteCount(_ network: Network) -> Int {
    lanes == nil
      ? workspaces(trials: 1).reduce(0) { $0 + $1.gradient.byteCount }
      : network.connections.reduce(0) { $0 + $1.presynaptic * paddedToLanes($1.postsynaptic) * 4 }
  }

  /// Bytes that one worker's connections compute in, the sum of gradients included.
  public func workspaceByteCount(_ network: Network, trials: Int) -> Int {
    lanes == nil
      ? workspaces(trials: trials).reduce(0) { $0 + $1.byteCount } : gradientByteCount(network)
  }

  private func workspaces(trials: Int) -> [ConnectivityWorkspace] {
    (layers.flatMap(\.connections) + [readout]).map {
      $0.makeWorkspace(trials: trials)
    }
  }
}
