import SynfireCore

extension PackedNetwork {
  /// Reads gradients by parameter name from buffers in the order of `BlockSweep.gradientBuffers`, and goes on
  /// without the memory of packed weights.
  public func gradientReader(
    _ network: Network
  ) -> @Sendable ([AlignedBuffer<Float>]) -> NamedTensors<Float> {
    let (readers, parameters) = (connections.map(\.gradientReader), parameters)
    return { Self.gradient(network, parameters, readers, $0) }
  }

  private static func gradient(
    _ network: Network, _ parameters: NamedTensors<Float>, _ readers: [GradientLayout.Reader],
    _ buffers: [AlignedBuffer<Float>]
  ) -> NamedTensors<Float> {
    var result = NamedTensors<Float>()
    for (index, connection) in network.connections.enumerated() {
      let tensors = readers[index](buffers[index])
      for (name, tensor) in tensors.prefixed(connection.prefix) { result[name] = tensor }
    }
    if network.readout.bias != nil {
      result["readout.bias"] = Tensor(
        axes: ["output"], shape: [network.readout.outputs],
        values: (0..<network.readout.outputs).map { buffers.last!.pointer[$0] })
    }
    for (layer, buffer) in zip(network.layers, buffers.dropFirst(readers.count)) {
      let rows = stride(from: 0, to: buffer.count, by: layer.neurons).map { start in
        (0..<layer.neurons).map { Double(buffer.pointer[start + $0]) }
      }
      let tensors = layer.gradient(
        ofKernelParameters: rows, parameters.under(layer.parameterPrefix).converted())
      for (name, tensor) in tensors.converted(to: Float.self).prefixed(layer.parameterPrefix) {
        result[name] = tensor
      }
    }
    return result
  }
}

extension PackedNetwork {
  /// In the order of `Network.connections`.
  private var connections: [any GradientLayout] {
    if let lanes { return lanes.connections }
    return layers.flatMap(\.connections) + [readout]
  }
}
