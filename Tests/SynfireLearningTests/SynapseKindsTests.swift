import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

/// Recurrent synapses of several kinds on one layer.
@Suite struct SynapseKindsTests {
  private static let slow = SpikeFilter.leaky(timeConstant: 0.100)
  private static let fast = SpikeFilter.leaky(timeConstant: 0.005)

  private static let models: [any NeuronModel] = [
    LIF(
      timeStep: 0.001, membraneTimeConstant: 0.020, inputGain: 1, refractorySteps: 2,
      surrogate: .fastSigmoid(slope: 2)),
    AdaptiveLIF(
      timeStep: 0.001, membraneTimeConstant: 0.020, adaptationTimeConstant: 0.100, threshold: 0.5,
      adaptationStrength: 1, refractorySteps: 2, convention: .eprop),
  ]

  private func network(
    _ model: any NeuronModel, neurons: Int = 20, inputFilter: SpikeFilter = .none,
    _ recurrent: [Connection]
  ) throws -> Network {
    func layer(_ model: some NeuronModel) -> any NetworkLayer {
      Layer(
        neurons: neurons, model: model,
        input: Connection(Dense(.normal(deviation: 0.5)), filter: inputFilter),
        recurrent: recurrent)
    }
    return try Network(
      timeStep: 0.001, inputs: 3, layers: [layer(model)],
      readout: Readout(
        outputs: 2,
        connection: Connection(Dense(.normal(deviation: 0.5)), filter: .leaky(timeConstant: 0.020)),
        reduction: .everyStep))
  }

  private func batch(steps: Int = 60, trials: Int = 5) -> TrialBatch {
    var stream = RandomStream(seed: 11, stream: "kinds")
    func tensor(_ width: Int, _ axis: String) -> Tensor<Float> {
      Tensor(
        axes: ["time", "trial", axis], shape: [steps, trials, width],
        values: stream.normals(steps * trials * width))
    }
    return TrialBatch(
      inputs: .analog(tensor(3, "channel")), targets: .values(tensor(2, "output")))
  }

  private func inputs(_ batch: TrialBatch) -> Tensor<Double> {
    guard case .analog(let tensor) = batch.inputs else { preconditionFailure() }
    return tensor.converted()
  }

  private func rule(
    _ network: Network, _ parameters: NamedTensors<Float>
  ) throws -> BackpropagationThroughTime {
    try BackpropagationThroughTime(
      network: network, parameters: parameters, loss: .meanSquaredError,
      optimizer: .adam(learningRate: 1e-2), threads: 2)
  }

  private func expect(
    _ found: NamedTensors<Double>, near expected: NamedTensors<Double>, tolerance: Double
  ) throws {
    for (name, tensor) in expected.pairs {
      let size = tensor.values.reduce(0) { max($0, abs($1)) }
      #expect(size > 0, "\(name)")
      for (value, number) in zip(try #require(found[name]).values, tensor.values) {
        #expect(abs(value - number) <= tolerance * size, "\(name)")
      }
    }
  }

  /// Two kinds with the same filter are one whose weights are their sum, and each has its gradient.
  @Test(arguments: models.indices, [SpikeFilter.none, slow])
  func kindsWithOneFilterAreOne(_ model: Int, filter: SpikeFilter) throws {
    let model = Self.models[model]
    let dense = Dense(.normal(deviation: 0.3))
    let two = try network(
      model, ["a", "b"].map { Connection(dense, filter: filter, name: $0) })
    let one = try network(model, [Connection(dense, filter: filter)])
    let parameters: NamedTensors<Double> = two.initialParameters(seed: 5).converted()
    var sum: NamedTensors<Double> = one.initialParameters(seed: 5).converted()
    let parts = try ["a", "b"].map { try #require(parameters["hidden.recurrent.\($0).weights"]) }
    sum.update("hidden.recurrent.weights") { tensor in
      for index in tensor.values.indices {
        tensor.values[index] = parts[0].values[index] + parts[1].values[index]
      }
    }
    let batch = batch()
    func result(
      _ network: Network, _ parameters: NamedTensors<Double>
    ) throws -> (run: ReferenceEngine.Run, gradients: NamedTensors<Double>) {
      let engine = try ReferenceEngine(network)
      let run = try engine.run(inputs(batch), parameters)
      let adjoint = try Loss.meanSquaredError.evaluate(run.readout, batch.targets).adjoint
      return (run, try engine.gradient(run, readoutAdjoint: adjoint, parameters))
    }
    let (expected, found) = (try result(one, sum), try result(two, parameters))
    #expect(expected.run.traces[0].contains { $0.outputs.joined().contains(1) })
    for (value, number) in zip(found.run.readout.values, expected.run.readout.values) {
      #expect(abs(value - number) <= 1e-12)
    }
    // The same by e-prop, whose gradient is another.
    var all = [(found.gradients, expected.gradients, 1e-11)]
    if model is AdaptiveLIF {
      func online(
        _ network: Network, _ parameters: NamedTensors<Double>
      ) throws -> NamedTensors<Double> {
        try EligibilityPropagation(
          network: network, parameters: parameters.converted(), loss: .meanSquaredError,
          optimizer: .adam(learningRate: 1e-2), threads: 2
        ).gradient(batch).gradients.converted()
      }
      all.append((try online(two, parameters), try online(one, sum), 1e-4))
    }
    let fast = try rule(two, parameters.converted()).gradient(batch).gradients
    all.append((fast.converted(), found.gradients, 2e-4))
    for (found, expected, tolerance) in all {
      let weights = expected["hidden.recurrent.weights"]
      var wanted = expected
      if let weights {
        wanted = NamedTensors(expected.pairs.filter { $0.name != "hidden.recurrent.weights" })
        for name in ["a", "b"] { wanted["hidden.recurrent.\(name).weights"] = weights }
      }
      try expect(found, near: wanted, tolerance: tolerance)
    }
  }

  /// Slow and fast synapses from neurons that nothing comes back to: there e-prop leaves nothing out.
  @Test func slowAndFastTracesOfEligibilityPropagation() throws {
    let network = try network(
      Self.models[1], inputFilter: Self.fast,
      [
        Connection(Dense(.constant(0)), filter: Self.slow, name: "slow"),
        Connection(Dense(.constant(0)), filter: Self.fast, name: "fast"),
        Connection(Dense(.constant(0)), name: "instant"),
      ])
    var parameters = network.initialParameters(seed: 6)
    var stream = RandomStream(seed: 6, stream: "weights")
    for kind in ["slow", "fast", "instant"] {
      // From the first ten neurons to the others, which alone are read out.
      parameters.update("hidden.recurrent.\(kind).weights") { tensor in
        for post in 10..<20 {
          for pre in 0..<10 { tensor[post, pre] = 0.5 * Float(stream.normal()) }
        }
      }
    }
    parameters.update("readout.weights") { tensor in
      for output in 0..<2 { for neuron in 0..<10 { tensor[output, neuron] = 0 } }
    }
    let batch = batch()
    let online = try EligibilityPropagation(
      network: network, parameters: parameters, loss: .meanSquaredError,
      optimizer: .adam(learningRate: 1e-2), threads: 2
    ).gradient(batch)
    let full = try rule(network, parameters).gradient(batch)
    #expect(full.firingRate > 5)
    #expect(abs(online.loss - full.loss) <= 1e-5 * full.loss)
    for kind in ["slow", "fast", "instant"] {
      let name = "hidden.recurrent.\(kind).weights"
      let (found, expected) = (
        try #require(online.gradients[name]), try #require(full.gradients[name])
      )
      let size = expected.values.reduce(0) { max($0, abs($1)) }
      #expect(size > 0)
      for post in 10..<20 {
        for pre in 0..<10 {
          #expect(abs(found[post, pre] - expected[post, pre]) <= 2e-4 * size, "\(name)")
        }
      }
    }
    let input = "hidden.input.weights"
    let (found, expected) = (
      try #require(online.gradients[input]), try #require(full.gradients[input])
    )
    let size = expected.values.reduce(0) { max($0, abs($1)) }
    for post in 10..<20 {
      for pre in 0..<3 { #expect(abs(found[post, pre] - expected[post, pre]) <= 2e-4 * size) }
    }
  }

  private func slowAndFast(_ model: any NeuronModel) throws -> Network {
    try network(
      model,
      [
        Connection(Dense(.normal(deviation: 0.3)), filter: Self.slow, name: "slow"),
        Connection(
          Dense(.normal(deviation: 0.3)), filter: Self.fast, name: "fast", isTrainable: false),
        Connection(Common(-0.01, isTrainable: true), filter: Self.fast, name: "common"),
      ])
  }

  @Test func fixedKindsKeepTheirWeights() throws {
    let network = try slowAndFast(Self.models[1])
    #expect(
      network.parameterSpecifications.filter { !$0.isTrainable }.map(\.name)
        == ["hidden.recurrent.fast.weights"])
    let parameters = network.initialParameters(seed: 2)
    var bptt = try rule(network, parameters)
    var online = try EligibilityPropagation(
      network: network, parameters: parameters, loss: .meanSquaredError,
      optimizer: .adam(learningRate: 1e-2), threads: 2)
    for _ in 0..<5 {
      _ = try bptt.step(batch())
      _ = try online.step(batch())
    }
    for found in [bptt.parameters, online.parameters] {
      for (name, tensor) in parameters.pairs {
        #expect((found[name] == tensor) == (name == "hidden.recurrent.fast.weights"), "\(name)")
      }
    }
  }

  @Test func statesHaveTheFilterOfEachKind() throws {
    let state: NetworkState<Float> = try slowAndFast(Self.models[0]).stateAtRest(trials: 2)
    #expect(
      Set(state.tensors.names)
        == [
          "hidden.state", "hidden.activity", "hidden.recurrent.slow.filter",
          "hidden.recurrent.fast.filter", "hidden.recurrent.common.filter", "readout.filter",
        ])
  }

  /// Fixed sparse synapses are not rewired, and those that are trained keep the bound of DEEP R.
  @Test func rewiringLeavesFixedKindsAlone() throws {
    func sparse(_ name: String, isTrainable: Bool) throws -> Connection {
      Connection(
        try Sparse(density: 0.3, excludesAutapses: true, seed: 1, name: name), filter: Self.slow,
        name: name, isTrainable: isTrainable)
    }
    let network = try network(
      Self.models[0],
      [sparse("trained", isTrainable: true), sparse("fixed", isTrainable: false)])
    let rewiring = try DeepRewiring(of: network, seed: 1)
    #expect(rewiring.matrices.map(\.name) == ["hidden.recurrent.trained.weights"])
  }

  @Test(arguments: [["a", nil], ["a", "a"], ["", "b"], ["a.b", "c"], [nil, nil]])
  func kindsHaveNames(_ names: [String?]) throws {
    let error = #expect(throws: NetworkError.self) {
      try network(
        Self.models[0], names.map { Connection(Dense(.constant(0)), name: $0) })
    }
    let text = "\(try #require(error))"
    #expect(text.contains("hidden.recurrent") && text.contains("Give each kind a name"), "\(text)")
  }
}
