import SynfireCore

/// The parameters of a network in the layout of the kernels, made once an update and shared by all workers.
public struct PackedNetwork: Sendable {
  let layers: [PackedLayer]
  let readout: any PackedConnectivity
  /// [output]; nil for a readout without bias.
  let readoutBias: [Float]?
  let parameters: NamedTensors<Float>

  public init(_ network: Network, _ parameters: NamedTensors<Float>) {
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
    layers = network.layers.enumerated().map { index, layer in
      PackedLayer(
        input: pack(
          "\(layer.name).input", layer.input, network.inputCount(ofLayer: index), layer.neurons,
          spiking: index > 0 && network.layers[index - 1].isSpiking),
        recurrent: layer.recurrent.map {
          pack(
            "\(layer.name).recurrent", $0, layer.neurons, layer.neurons, spiking: layer.isSpiking)
        },
        // Their number was checked when the network was made.
        neurons: try! layer.kernelParameters(
          parameters.under(layer.parameterPrefix).converted()
        ).map { $0.map(Float.init) })
    }
    let last = network.layers.last!
    readout = pack(
      "readout", network.readout.connection, last.neurons, network.readout.outputs,
      spiking: last.isSpiking)
  }
}
