import SynfireCore

/// A stack of layers and a readout: the architecture, without parameters.
public struct Network: ParameterizedNetwork {
  /// The time step, in seconds.
  public let timeStep: Double
  /// Input channels.
  public let inputs: Int
  public let layers: [any NetworkLayer]
  public let readout: Readout

  /// Checks the constants and sizes of every part.
  ///
  /// - Throws: `NetworkError` naming the layer and the value.
  public init(
    timeStep: Double, inputs: Int, layers: [any NetworkLayer], readout: Readout
  ) throws {
    self.timeStep = timeStep
    self.inputs = inputs
    self.layers = layers
    self.readout = readout
    guard inputs > 0, !layers.isEmpty, readout.outputs > 0 else {
      throw NetworkError(
        "\(inputs) inputs, \(layers.count) layers, \(readout.outputs) outputs",
        remedy: "A network has at least one of each.")
    }
    let names = layers.map(\.name)
    guard Set(names).count == names.count, !names.contains("readout") else {
      throw NetworkError(
        "the layers are named \(names.joined(separator: ", "))",
        remedy: "Give each layer a name of its own, other than readout.")
    }
    for (index, layer) in layers.enumerated() {
      _ = try layer.makeReference(
        inputs: inputCount(ofLayer: index), timeStep: timeStep,
        smoothed: false)
      _ = try layer.makeSweep(
        inputs: inputCount(ofLayer: index), steps: 1, segmentSteps: nil, trials: 1,
        timeStep: timeStep)
    }
    for layer in layers {
      let initial = layer.neuronSpecifications.map { ($0.name, $0.initialTensor(seed: 0)) }
      _ = try layer.kernelParameters(NamedTensors(initial).converted())
    }
    guard readout.connection.connectivity.largestDelay == 0 else {
      throw NetworkError(
        "the synapses of the readout have delays of up to "
          + "\(readout.connection.connectivity.largestDelay) steps", place: "readout",
        remedy: "Delay those of layers; `latency` delays a whole readout.")
    }
    _ = try readout.latency()
    _ = try readout.connection.filter.coefficients(timeStep: timeStep)
  }

  /// Presynaptic neurons or channels of a layer's input connection.
  public func inputCount(ofLayer index: Int) -> Int {
    index == 0 ? inputs : layers[index - 1].neurons
  }

  /// The connections in order, each with the prefix of its parameter names and its sizes.
  public var connections:
    [(prefix: String, connection: Connection, presynaptic: Int, postsynaptic: Int)]
  {
    var result: [(prefix: String, connection: Connection, presynaptic: Int, postsynaptic: Int)] = []
    for (index, layer) in layers.enumerated() {
      result.append(("\(layer.name).input", layer.input, inputCount(ofLayer: index), layer.neurons))
      for kind in layer.recurrent {
        result.append(
          ("\(layer.name).\(kind.recurrentName)", kind, layer.neurons, layer.neurons))
      }
    }
    result.append(("readout", readout.connection, layers.last!.neurons, readout.outputs))
    return result
  }

  /// Whether the connection of a prefix is within a layer.
  package func isRecurrent(_ prefix: String) -> Bool {
    layers.contains { layer in
      layer.recurrent.contains { "\(layer.name).\($0.recurrentName)" == prefix }
    }
  }

  /// Whether a connection within the network has more than a mebibyte of weights, which do not stay in the caches of a
  /// core.
  package var hasLargeWeights: Bool {
    connections.dropLast().contains { _, connection, presynaptic, postsynaptic in
      connection.connectivity.specifications(presynaptic: presynaptic, postsynaptic: postsynaptic)
        .contains { 4 * $0.shape.reduce(1, *) > 1 << 20 }
    }
  }

  /// Every trainable tensor: `hidden.input.weights`, `hidden.recurrent.scores`,
  /// `hidden.recurrent.slow.weights` of a kind of synapses among several, `readout.weights`, ...
  public var parameterSpecifications: [ParameterSpecification] {
    connections.flatMap { prefix, connection, presynaptic, postsynaptic in
      connection.connectivity.specifications(presynaptic: presynaptic, postsynaptic: postsynaptic)
        .map { connection.isTrainable ? $0.prefixed(prefix) : $0.prefixed(prefix).fixed }
    }
      + layers.flatMap { layer in
        layer.neuronSpecifications.map { $0.prefixed(layer.parameterPrefix) }
      } + [readout.biasSpecification].compactMap { $0 }
  }
}

extension NamedTensors {
  /// The tensors whose names start with `prefix.`, by the rest of their names.
  package func under(_ prefix: String) -> NamedTensors {
    NamedTensors(
      pairs.compactMap { name, tensor in
        name.hasPrefix(prefix + ".") ? (String(name.dropFirst(prefix.count + 1)), tensor) : nil
      })
  }

  /// The tensors under `prefix.`.
  func prefixed(_ prefix: String) -> [(String, Tensor<Scalar>)] {
    pairs.map { ("\(prefix).\($0.name)", $0.tensor) }
  }
}
