import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

/// Synapses of single bits in networks of layers.
@Suite struct BernoulliConnectivityTests {
  private let signs = Signs((0..<20).map { $0 < 10 ? 1 : -1 })

  private func network(
    _ recurrent: any Connectivity, input: any Connectivity = Dense(.normal(deviation: 6))
  ) throws -> Network {
    try Network(
      timeStep: 0.002, inputs: 4,
      layers: [
        Layer(
          name: "hidden", neurons: 20, model: LIF(timeStep: 0.002, membraneTimeConstant: 0.020),
          input: Connection(input), recurrent: Connection(recurrent))
      ],
      readout: Readout(
        outputs: 2, connection: Connection(Dense(.normal(deviation: 1))), reduction: .everyStep))
  }

  private func rule(
    _ network: Network, _ parameters: NamedTensors<Float>
  ) throws -> BackpropagationThroughTime {
    try BackpropagationThroughTime(
      network: network, parameters: parameters, loss: .meanSquaredError,
      optimizer: .adam(learningRate: 1e-3), threads: 1)
  }

  private func batch() -> TrialBatch {
    var stream = RandomStream(seed: 3, stream: "trials")
    let inputs = Tensor<Float>(
      axes: ["time", "trial", "channel"], shape: [30, 5, 4], values: stream.normals(600))
    let targets = Tensor<Float>(
      axes: ["time", "trial", "output"], shape: [30, 5, 2], values: stream.normals(300))
    return TrialBatch(inputs: .analog(inputs), targets: .values(targets))
  }

  private func probabilities() -> Tensor<Float> {
    var stream = RandomStream(seed: 4, stream: "probabilities")
    return Tensor(
      axes: ["neuron", "presynaptic"], shape: [20, 20], values: stream.uniforms(400))
  }

  /// The same as a dense connectivity of the weights that it stands for, and the gradient by the chain rule.
  @Test(arguments: [Bernoulli.Presence.likely, .drawn(seed: 5), .expected])
  func standsForItsWeights(_ presence: Bernoulli.Presence) throws {
    let bits = Bernoulli(strength: 3, signs: signs, presence: presence)
    let (network, dense) = (try network(bits), try self.network(Dense(.constant(0))))
    var parameters = network.initialParameters(seed: 1)
    parameters["hidden.recurrent.probabilities"] = probabilities()
    let weights = bits.weights(
      NamedTensors([("probabilities", probabilities().converted())]), presynaptic: 20,
      postsynaptic: 20)
    var same = dense.initialParameters(seed: 1)
    for name in same.names { same[name] = parameters[name] ?? weights.converted() }
    for (index, weight) in weights.values.enumerated() {
      let size = abs(weight) / 3
      #expect(weight * Double(signs.values[index % 20]) >= 0)
      if presence == .expected {
        #expect(abs(size - Double(probabilities().values[index])) < 1e-12)
      } else {
        #expect(size == 0 || abs(size - 1) < 1e-12)
      }
    }
    let (a, b) = (
      try rule(network, parameters).gradient(batch()), try rule(dense, same).gradient(batch())
    )
    #expect(a.readout == b.readout && a.loss == b.loss && a.firingRate > 0)
    let (found, expected) = (
      a.gradients["hidden.recurrent.probabilities"]!, b.gradients["hidden.recurrent.weights"]!
    )
    #expect(expected.values.contains { $0 != 0 })
    for (index, value) in expected.values.enumerated() {
      let product = 3 * Float(signs.values[index % 20]) * value
      #expect(abs(found.values[index] - product) <= 1e-6 * abs(product))
    }
  }

  @Test func drawnSynapsesAreAsOftenThereAsTheyShouldBe() {
    let bits = Bernoulli(strength: 1, presence: .drawn(seed: 9))
    let tensor = Tensor<Double>(
      axes: ["neuron", "presynaptic"], shape: [100, 100], repeating: 0.3)
    let weights = bits.weights(
      NamedTensors([("probabilities", tensor)]), presynaptic: 100, postsynaptic: 100)
    #expect(abs(weights.values.reduce(0, +) - 3000) < 4 * 46)
  }

  /// Evolution finds recurrent bits by running a network of layers, with the loss as fitness.
  @Test func layersEvolve() throws {
    let network = try network(Bernoulli(strength: 3, signs: signs))
    let start = network.initialParameters(seed: 1)
    let (rule, batch) = (try rule(network, start), batch())
    var target = start
    target["hidden.recurrent.probabilities"] = probabilities()
    // What the network does with other bits is to be found.
    let goal = try self.rule(network, target).evaluate(batch).readout
    let trials = TrialBatch(inputs: batch.inputs, targets: .values(goal))
    let bits = EvolvedTensors(
      network.parameterSpecifications.filter { $0.name.hasSuffix("probabilities") })
    var evolution = try EvolvingConnectivity(
      bits, population: Population(size: 66, evaluationMembers: 2), seed: 1)
    let pool = WorkerPool(threads: 2)
    let losses: [Double] = try (0..<20).map { _ in
      try -evolution.step(on: pool) { member in
        var rule = rule
        for (name, tensor) in member.individual.tensors.pairs { rule.parameters[name] = tensor }
        return try -rule.evaluate(trials).loss
      }.evaluationFitness!
    }
    #expect(losses.first! > 0 && losses.last! < 0.8 * losses.first!)
  }
}
