import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

/// In a smoothed network the adjoint is the exact derivative, which central differences can confirm.
@Suite struct CentralDifferenceTests {
  @Test(arguments: 0..<24)
  func adjointsOfSmoothedNetworks(_ seed: Int) throws {
    try expectExactAdjoints(RandomNetwork(seed: UInt64(seed)))
  }

  @Test(arguments: 500..<524)
  func adjointsOfSmoothedAdaptiveNetworks(_ seed: Int) throws {
    var options = RandomNetwork.Options()
    options.adaptive = 1
    options.allowsRates = false
    options.largestDelay = [0, 1, 10][seed % 3]
    try expectExactAdjoints(RandomNetwork(seed: UInt64(seed), options))
  }

  @Test(arguments: RandomNetwork.severalKinds)
  func adjointsOfSeveralKindsOfSynapses(_ seed: Int) throws {
    var options = RandomNetwork.Options()
    options.adaptive = 0.5
    options.largestDelay = [0, 1, 10][seed % 3]
    options.kinds = 2...3
    options.allowsSparse = false
    try expectExactAdjoints(RandomNetwork(seed: UInt64(seed), options))
  }

  private func expectExactAdjoints(_ random: RandomNetwork) throws {
    let gradients = try random.referenceGradient(smoothed: true).gradients
    let engine = try ReferenceEngine(random.network, smoothed: true)
    func loss(_ parameters: NamedTensors<Double>) throws -> Double {
      try random.loss.evaluate(engine.run(random.inputs, parameters).readout, random.targets).loss
    }
    var choice = RandomStream(seed: random.seed, stream: "elements")
    for (name, gradient) in gradients.pairs {
      let size = gradient.values.map(\.magnitude).max()!
      for _ in 0..<4 {
        let element = choice.integer(below: gradient.count)
        func moved(_ step: Double) throws -> Double {
          var parameters = random.parameters
          parameters.update(name) { $0.values[element] += step }
          return try loss(parameters)
        }
        // The stencil of five points: its own error is below that of the rounding.
        let h = 2e-5
        let difference =
          try (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h)
        #expect(
          abs(difference - gradient.values[element]) <= 1e-6 * max(size, 1e-3),
          "\(random.testDescription): \(name)[\(element)]")
      }
    }
  }
}
