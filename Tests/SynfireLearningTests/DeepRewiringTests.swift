import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

@Suite struct DeepRewiringTests {
  private static let density = 0.2

  private struct Wiring {
    let input: Sparse
    let recurrent: Sparse
    let readout: Sparse

    init(seed: UInt64) throws {
      let signs = Signs.inhibitoryFirst(excitatory: 0.75, of: 20)
      input = try Sparse(
        density: density,
        signs: Signs.inhibitoryFirst(excitatory: 0.75, of: 12)
          .shuffled(seed: seed, name: "input"), seed: seed, name: "input")
      recurrent = try Sparse(
        density: density, signs: signs, excludesAutapses: true, seed: seed, name: "recurrent")
      readout = try Sparse(density: density, signs: signs, seed: seed, name: "readout")
    }

    /// Each tensor with the signs of its synapses.
    var factors: [(name: String, values: [Double])] {
      [
        ("hidden.input.weights", input.factors(presynaptic: 12, postsynaptic: 20)),
        ("hidden.recurrent.weights", recurrent.factors(presynaptic: 20, postsynaptic: 20)),
        ("readout.weights", readout.factors(presynaptic: 20, postsynaptic: 4)),
      ]
    }

    var network: Network {
      get throws {
        try Network(
          timeStep: 0.001, inputs: 12,
          layers: [
            Layer(
              neurons: 20,
              model: AdaptiveLIF(
                timeStep: 0.001, adaptationTimeConstant: 0.1, adaptationStrength: 1.8,
                refractorySteps: 3),
              input: Connection(input), recurrent: Connection(recurrent))
          ],
          readout: Readout(
            outputs: 4, connection: Connection(readout, filter: .leaky(timeConstant: 0.02)),
            reduction: .meanOverWindows(steps: 10), bias: .constant(0)))
      }
    }
  }

  private func rule(
    _ wiring: Wiring, l1: Double, temperature: Double = 0
  ) throws -> BackpropagationThroughTime {
    let network = try wiring.network
    let rewiring = DeepRewiring(
      wiring.factors.map { name, values in
        .init(name: name, density: Self.density, isAllowed: values.map { $0 != 0 })
      }, l1: l1, temperature: temperature, seed: 3)
    return try BackpropagationThroughTime(
      network: network, parameters: network.initialParameters(seed: 1), loss: .crossEntropy,
      optimizer: .adam(learningRate: 0.01), rewiring: rewiring, threads: 2)
  }

  private func batch(_ index: Int) throws -> TrialBatch {
    var stream = RandomStream(seed: 5, stream: "rewiring test", step: UInt64(index))
    var spikes = SpikeTensor(steps: 20, trials: 4, neurons: 12)
    for step in 0..<20 {
      for trial in 0..<4 {
        for channel in 0..<12 { spikes[step, trial, channel] = stream.bernoulli(0.3) }
      }
    }
    let none = TrialTargets.none
    let labels = (0..<4).map { _ in stream.integer(below: 4) }
    return TrialBatch(
      inputs: .spikes(spikes), targets: .classes([none, none, none, none] + labels))
  }

  @Test(arguments: [0, 1e-3])
  func invariantsHoldAfterEveryUpdate(_ temperature: Double) throws {
    let wiring = try Wiring(seed: 7)
    var rule = try rule(wiring, l1: 0.5, temperature: temperature)
    let rewiring = try #require(rule.rewiring)
    let bound = rewiring.bound(rule.parameters)
    #expect(bound == Int(0.2 * Double(12 * 20 + 20 * 20 + 20 * 4)))
    #expect(rewiring.connections(rule.parameters) <= bound)
    let network = try wiring.network
    var moved = 0
    for update in 0..<1000 {
      let before = rule.parameters
      _ = try rule.step(batch(update))
      #expect(rewiring.connections(rule.parameters) == bound, "update \(update)")
      for (name, factors) in wiring.factors {
        let theta = try #require(rule.parameters[name]).values
        for (index, factor) in factors.enumerated() where factor == 0 {
          #expect(theta[index] <= 0, "an autapse at update \(update)")
        }
        moved += zip(theta, before[name]!.values).count { ($0 > 0) != ($1 > 0) }
      }
      guard update % 100 == 99 else { continue }
      // Signs never change, and dormant synapses weigh exactly nothing.
      for (prefix, connection, presynaptic, postsynaptic) in network.connections {
        let theta = rule.parameters["\(prefix).weights"]!
        let weights = connection.connectivity.weights(
          NamedTensors([("weights", theta.converted())]), presynaptic: presynaptic,
          postsynaptic: postsynaptic)
        let factors = try #require(wiring.factors.first { $0.name == "\(prefix).weights" }).values
        for index in factors.indices {
          let expected = theta.values[index] > 0 ? factors[index] * Double(theta.values[index]) : 0
          #expect(weights.values[index] == expected)
        }
      }
    }
    #expect(moved > 1000, "hardly any connection moved")
  }

  @Test func fastEngineSeesTheSignedWeights() throws {
    let wiring = try Wiring(seed: 9)
    let network = try wiring.network
    let parameters = network.initialParameters(seed: 1)
    let engine = try ReferenceEngine(network)
    let batch = try batch(0)
    guard case .spikes(let spikes) = batch.inputs else { return }
    let run = try engine.run(spikes.dense(), parameters.converted())
    let (loss, adjoint) = try Loss.crossEntropy.evaluate(run.readout, batch.targets)
    let expected = try engine.gradient(run, readoutAdjoint: adjoint, parameters.converted())
    let result = try rule(wiring, l1: 0).gradient(batch)
    #expect(abs(result.loss - loss) <= 1e-5)
    for (name, gradient) in expected.pairs {
      let found = try #require(result.gradients[name]).values
      let size = gradient.values.reduce(0) { max($0, abs($1)) }
      #expect(size > 0)
      for (value, number) in zip(found, gradient.values) {
        #expect(abs(Double(value) - number) <= 2e-4 * size, "\(name)")
      }
    }
  }

  @Test func initialWeightsAreBalancedWithSpectralRadiusOne() throws {
    let signs = Signs.inhibitoryFirst(excitatory: 0.75, of: 60)
    #expect(signs.values.count { $0 > 0 } == 46)
    #expect(signs.values[0] == -1 && signs.values[59] == 1)
    let sparse = try Sparse(density: 0.12, signs: signs, seed: 1, name: "test")
    var stream = RandomStream(seed: 1, stream: "test")
    let square = sparse.balancedSquare(60, &stream)
    var signed = Tensor<Double>(axes: ["row", "column"], shape: [60, 60], values: square)
    for index in square.indices { signed.values[index] *= Double(signs.values[index / 60]) }
    for column in 0..<60 {
      let sum = (0..<60).reduce(0.0) { $0 + signed.values[$1 * 60 + column] }
      #expect(abs(sum) <= 1e-6)
    }
    #expect(abs(try LinearAlgebra.spectralRadius(signed) - 1) <= 1e-9)
    let theta = sparse.specifications(presynaptic: 60, postsynaptic: 60)[0].initialTensor(seed: 0)
    let connected = theta.values.count { $0 > 0 }
    #expect((370...432).contains(connected))
  }

  @Test func mistakesAreSaid() throws {
    for density in [0, -0.1, 1.5] {
      #expect(throws: NetworkError.self) {
        try Sparse(density: density, seed: 0, name: "recurrent")
      }
    }
    let wiring = try Wiring(seed: 7)
    let network = try wiring.network
    let parameters = network.initialParameters(seed: 1)
    func rewiring(_ density: Double) -> DeepRewiring {
      DeepRewiring([.init(name: "hidden.recurrent.weights", density: density)], seed: 0)
    }
    #expect(throws: LearningError.self) { try rewiring(0.005).validate(parameters, outputs: 4) }
    #expect(throws: LearningError.self) { try rewiring(0.05).validate(parameters, outputs: 4) }
    #expect(throws: LearningError.self) {
      try DeepRewiring([.init(name: "none", density: 0.5)], seed: 0).validate(
        parameters, outputs: 4)
    }
  }
}
