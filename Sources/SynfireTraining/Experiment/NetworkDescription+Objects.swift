import SynfireNetworks

extension NetworkDescription {
  /// The network for a task.
  ///
  /// - Parameter seed: what delays, signs and connections are drawn by.
  /// - Throws: `NetworkError`; the values were checked when the file was read.
  func network(of task: TaskDescription, timeStep: Double, seed: UInt64) throws -> Network {
    var source = Population(name: "inputs", neurons: task.inputChannels)
    var layers: [any NetworkLayer] = []
    for layer in self.layers {
      layers.append(try layer.layer(from: source, seed: seed))
      source = Population(name: layer.name, neurons: layer.neurons)
    }
    return try Network(
      timeStep: timeStep, inputs: task.inputChannels, layers: layers,
      readout: readout.readout(of: source, outputs: task.outputs, seed: seed))
  }
}

/// Presynaptic neurons.
struct Population {
  let name: String
  let neurons: Int
}

extension LayerDescription {
  fileprivate func layer(from source: Population, seed: UInt64) throws -> any NetworkLayer {
    let input = try input.connection(
      from: source, to: neurons, seed: seed, name: "\(name).input")
    let recurrent = try recurrent.map { kind in
      try kind.connection(
        from: Population(name: name, neurons: neurons), to: neurons, seed: seed,
        name: (["\(name).recurrent"] + [kind.name].compactMap { $0 }).joined(separator: "."))
    }
    func layer(_ model: some NeuronModel) -> any NetworkLayer {
      Layer(name: name, neurons: neurons, model: model, input: input, recurrent: recurrent)
    }
    return layer(model.model)
  }
}

extension ConnectionDescription {
  /// - Parameters seed, name: what the delays are drawn by.
  fileprivate func connection(
    from source: Population, to neurons: Int, seed: UInt64, name: String
  ) throws -> Connection {
    let base = try connectivity.connectivity(
      from: source, sizes: [.inputs: source.neurons, .neurons: neurons], seed: seed, name: name)
    let isDelayed = delays ?? 1 > 1
    return Connection(
      isDelayed ? Delays(base, count: delays ?? 1, seed: seed, name: name) : base, filter: filter,
      name: self.name, isTrainable: isTrainable)
  }
}

extension ConnectivityDescription {
  /// - Parameter sizes: by the names that the file has for them.
  func connectivity(
    from source: Population, sizes: [InitialScale.Size: Int], seed: UInt64, name: String
  ) throws -> any Connectivity {
    switch self {
    case .dense(let initial, let excludesAutapses, let adjointPrecision):
      return Dense(
        initial.initialization(sizes), excludesAutapses: excludesAutapses,
        adjointPrecision: adjointPrecision)
    case .modes(let modes):
      let sizes = sizes.merging([.modes: modes.modes]) { $1 }
      return Modes(
        modes.modes, modeInitialization: modes.initialModes.initialization(sizes),
        scoreInitialization: modes.initialScores.initialization(sizes),
        trainsScores: modes.trainsScores)
    case .factored(let factored):
      let sizes = sizes.merging([.factors: factored.factors]) { $1 }
      return Factored(
        factored.factors, encoders: factored.encoders.initialization(sizes),
        decoders: factored.decoders.initialization(sizes),
        trainsEncoders: factored.trainsEncoders)
    case .common(let weight, let isTrainable):
      return Common(weight.value(sizes) ?? 0, isTrainable: isTrainable)
    case .bernoulli(let bits):
      return bits.connectivity(from: source, sizes: sizes, seed: seed, name: name)
    case .sparse(let sparse):
      return try sparse.connectivity(
        inputs: source.neurons, population: source.name, seed: seed, name: name)
    }
  }
}

extension ReadoutDescription {
  fileprivate func readout(of source: Population, outputs: Int, seed: UInt64) throws -> Readout {
    let base = try connectivity.connectivity(
      from: source, sizes: [.neurons: source.neurons, .outputs: outputs], seed: seed,
      name: "readout")
    return Readout(
      outputs: outputs, connection: Connection(base, filter: filter), reduction: reduction,
      bias: hasBias ? .constant(0) : nil)
  }
}
