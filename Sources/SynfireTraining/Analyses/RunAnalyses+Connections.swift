import SynfireAnalysis
import SynfireCore
import SynfireNetworks

extension RunAnalyses {
  /// Neurons that belong together, by their names.
  private struct Population {
    let name: String
    let neurons: [Int]
  }

  func connectionProbability() throws -> Drawing {
    let sparse = network.connections.filter { $0.connection.sparse != nil }
    guard !sparse.isEmpty else {
      throw TrainingError("no connection of this network is sparse")
    }
    let layers = try network.layers.map(populations)
    let names = layers.flatMap { $0.map(\.name) }
    let from = ["input"] + names
    let to = names + ["readout"]
    let moments = [
      ("Before training", initialParameters), ("After training", checkpoint.parameters),
    ].map { title, parameters in
      // Kinds of synapses between the same populations count together.
      var counts = from.map { _ in to.map { _ in (connected: 0, possible: 0) } }
      for connection in sparse {
        let (sources, targets) = ends(of: connection.prefix, layers, connection.presynaptic)
        for source in sources {
          for target in targets {
            guard let row = from.firstIndex(of: source.name),
              let column = to.firstIndex(of: target.name)
            else { continue }
            let found = count(
              parameters["\(connection.prefix).weights"]!, source, target, connection)
            counts[row][column].connected += found.connected
            counts[row][column].possible += found.possible
          }
        }
      }
      let table = counts.map { row in
        row.map { $0.possible == 0 ? nil : Double($0.connected) / Double($0.possible) }
      }
      return (title: title, probability: table)
    }
    func total(_ parameters: NamedTensors<Float>) -> Double {
      let counts = sparse.map { connection in
        let values = parameters["\(connection.prefix).weights"]!.values
        return (values.count { $0 > 0 }, values.count)
      }
      return Double(counts.reduce(0) { $0 + $1.0 }) / Double(counts.reduce(0) { $0 + $1.1 })
    }
    return Drawing(
      figure: try .connectionProbability(moments, from: from, to: to),
      caption: "The part of the synapses, in per cent, from each population (rows) to each other "
        + "(columns) that is connected.",
      numbers: [
        ("connected before training (fraction)", total(initialParameters)),
        ("connected after training (fraction)", total(checkpoint.parameters)),
      ])
  }

  /// The populations of a layer: neurons that inhibit, that adapt, and the others.
  private func populations(_ layer: any NetworkLayer) throws -> [Population] {
    let own = network.connections.first { connection in
      connection.presynaptic == layer.neurons && connection.connection.sparse?.signs != nil
        && (isWithin(connection.prefix, layer.name) || follows(connection.prefix, layer.name))
    }
    let signs = own?.connection.sparse?.signs?.values
    let adaptive = try (layer as? Layer<AdaptiveLIF>).map {
      Set(try RunAnalyses.adaptive($0, checkpoint.parameters))
    }
    var groups: [(name: String, neurons: [Int])] = []
    for neuron in 0..<layer.neurons {
      let adapts = adaptive?.contains(neuron) ?? false
      let name =
        (signs?[neuron]).map { $0 < 0 ? (adapts ? "inh. adaptive" : "inhibitory") : nil } ?? nil
      let word = name ?? (adapts ? "adaptive" : signs == nil ? "regular" : "excitatory")
      if let index = groups.firstIndex(where: { $0.name == word }) {
        groups[index].neurons.append(neuron)
      } else {
        groups.append((word, [neuron]))
      }
    }
    let prefix = network.layers.count > 1 ? "\(layer.name) " : ""
    return groups.map { Population(name: prefix + $0.name, neurons: $0.neurons) }
  }

  /// Whether a connection is among the recurrent synapses of a layer.
  private func isWithin(_ prefix: String, _ layer: String) -> Bool {
    network.isRecurrent(prefix) && prefix.hasPrefix("\(layer).")
  }

  /// Whether a connection comes from a layer that is not its own.
  private func follows(_ prefix: String, _ layer: String) -> Bool {
    guard let index = network.layers.firstIndex(where: { $0.name == layer }) else { return false }
    let next = index + 1
    return prefix
      == (next < network.layers.count ? "\(network.layers[next].name).input" : "readout")
  }

  /// The populations that a connection is from and to.
  private func ends(
    of prefix: String, _ layers: [[Population]], _ presynaptic: Int
  ) -> (from: [Population], to: [Population]) {
    if prefix == "readout" {
      return (
        layers.last!, [Population(name: "readout", neurons: Array(0..<network.readout.outputs))]
      )
    }
    let index = network.layers.firstIndex { prefix.hasPrefix("\($0.name).") }!
    if network.isRecurrent(prefix) { return (layers[index], layers[index]) }
    let inputs = [Population(name: "input", neurons: Array(0..<presynaptic))]
    return (index == 0 ? inputs : layers[index - 1], layers[index])
  }

  /// The synapses between two populations that are connected, and those that may be.
  private func count(
    _ weights: Tensor<Float>, _ source: Population, _ target: Population,
    _ connection: (prefix: String, connection: Connection, presynaptic: Int, postsynaptic: Int)
  ) -> (connected: Int, possible: Int) {
    let hasAutapses =
      !(connection.connection.sparse!.excludesAutapses && network.isRecurrent(connection.prefix))
    var (connected, possible) = (0, 0)
    for post in target.neurons {
      for pre in source.neurons where hasAutapses || pre != post {
        possible += 1
        if weights[post, pre] > 0 { connected += 1 }
      }
    }
    return (connected, possible)
  }
}
