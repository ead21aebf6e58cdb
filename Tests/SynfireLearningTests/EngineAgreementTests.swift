import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

/// The fast engine against the reference engine on networks that reach every path of the kernels: more
/// neurons than a word, more steps than a chunk, few and many modes, several blocks of trials.
@Suite struct EngineAgreementTests {
  private func rule(_ random: RandomNetwork, threads: Int) throws -> BackpropagationThroughTime {
    try BackpropagationThroughTime(
      network: random.network, parameters: random.parameters.converted(), loss: random.loss,
      optimizer: .adam(learningRate: 1e-3), threads: threads)
  }

  private func batch(_ random: RandomNetwork, spikes: Bool) throws -> TrialBatch {
    let inputs: TrialInputs =
      spikes
      ? .spikes(try #require(SpikeTensor(dense: random.inputs)))
      : .analog(random.inputs.converted())
    return TrialBatch(inputs: inputs, targets: random.targets)
  }

  @Test(arguments: [Int](100..<124) + RandomNetwork.severalKinds)
  func gradients(_ seed: Int) throws {
    var options = RandomNetwork.Options()
    options.neurons = seed.isMultiple(of: 2) ? 60...150 : 3...20
    options.modes = 1...12
    options.steps = 30...140
    options.trials = 1...19
    let isOfKinds = RandomNetwork.severalKinds.contains(seed)
    options.kinds = isOfKinds ? 2...3 : 1...1
    options.isGentle = seed.isMultiple(of: 3) || isOfKinds
    options.spikeInputs = seed.isMultiple(of: 4)
    // Steep surrogates without refractoriness would multiply the rounding of single precision.
    options.adaptive = options.isGentle ? 0.5 : 0
    options.largestDelay = seed.isMultiple(of: 5) ? 10 : 0
    try expectAgreement(RandomNetwork(seed: UInt64(seed), options), options)
  }

  /// Networks that are swept with trials as lanes, of full blocks and blocks with idle lanes.
  @Test func gradientsWithTrialsAsLanes() throws {
    var options = RandomNetwork.Options()
    options.neurons = 8...120
    options.modes = 1...10
    options.steps = 5...60
    options.trials = 16...40
    options.layers = 1...1
    options.outputs = 1...5
    options.allowsRates = false
    var found = 0
    for seed in UInt64(400)..<460 {
      options.isGentle = seed.isMultiple(of: 2)
      options.spikeInputs = seed.isMultiple(of: 3)
      options.adaptive = seed.isMultiple(of: 4) ? 1 : 0
      let random = try RandomNetwork(seed: seed, options)
      guard
        random.network.laneLayout(trials: random.trials, spiking: options.spikeInputs) == .trials
      else { continue }
      found += 1
      try expectAgreement(random, options)
    }
    #expect(found >= 12)
  }

  /// That the loss and every gradient of the fast engine are those of the reference engine.
  private func expectAgreement(
    _ random: RandomNetwork, _ options: RandomNetwork.Options
  ) throws {
    let expected = try random.referenceGradient()
    let result = try rule(random, threads: 2).gradient(
      batch(random, spikes: options.spikeInputs))
    #expect(
      abs(result.loss - expected.loss) <= 2e-4 * abs(expected.loss), "\(random.testDescription)")
    for (name, gradient) in expected.gradients.pairs {
      let found = try #require(result.gradients[name])
      var difference = 0.0
      var size = 0.0
      for (value, number) in zip(found.values, gradient.values) {
        difference += (Double(value) - number) * (Double(value) - number)
        size += number * number
      }
      #expect(
        difference.squareRoot() <= 2e-4 * size.squareRoot() + 1e-9,
        "\(random.testDescription): \(name)")
    }
  }

  @Test(arguments: [2, 3, 8])
  func anyNumberOfThreadsGivesTheSameBits(_ threads: Int) throws {
    var options = RandomNetwork.Options()
    options.neurons = 20...40
    options.trials = 37...37
    for seed in UInt64(200)..<208 {
      options.kinds = seed < 204 ? 1...1 : 2...3
      let random = try RandomNetwork(seed: seed, options)
      let batch = try batch(random, spikes: false)
      var one = try rule(random, threads: 1)
      var many = try rule(random, threads: threads)
      for _ in 0..<3 { #expect(try one.step(batch) == many.step(batch)) }
      #expect(one.parameters == many.parameters)
      #expect(one.state == many.state)
    }
  }

  @Test func evaluationAgreesWithTraining() throws {
    var options = RandomNetwork.Options()
    options.trials = 21...21
    for seed in UInt64(300)..<312 {
      options.kinds = seed < 306 ? 1...1 : 2...3
      let random = try RandomNetwork(seed: seed, options)
      let batch = try batch(random, spikes: false)
      let rule = try rule(random, threads: 2)
      let evaluation = try rule.evaluate(batch)
      let gradient = try rule.gradient(batch)
      #expect(evaluation.loss == gradient.loss)
      #expect(evaluation.readout == gradient.readout)
      let recording = try rule.network.record(batch.inputs, rule.parameters, threads: 1)
      #expect(evaluation.readout == recording.readout)
    }
  }

  /// Connections without a filter share what they know of the adjoints of the drive, whatever their latencies;
  /// groups of 64 steps then wrap around. Where `drive` is large many neurons spike at most steps.
  @Test(arguments: [(0, 1), (0, 3), (2, 1), (5, 62)], [0.5, 3])
  func latenciesWithoutFilters(_ latencies: (input: Int, recurrent: Int), _ drive: Float) throws {
    for isSpiking in [true, false] {
      func layer<Model: NeuronModel>(_ model: Model) -> any NetworkLayer {
        Layer(
          neurons: 70, model: model,
          input: Connection(Dense(.normal(deviation: 0.4)), latency: latencies.input),
          recurrent: [
            Connection(
              Dense(.normal(deviation: 0.05)), latency: latencies.recurrent, name: "dense"),
            Connection(
              Modes(
                3, modeInitialization: .normal(deviation: 0.3),
                scoreInitialization: .constant(0.1)), latency: latencies.recurrent + 1,
              name: "modes"),
          ])
      }
      let network = try Network(
        timeStep: 0.001, inputs: 6,
        layers: [
          isSpiking
            ? layer(
              LIF(
                timeStep: 0.001, membraneTimeConstant: 0.005,
                surrogate: .fastSigmoid(slope: 2)))
            : layer(RateUnit(timeStep: 0.001, membraneTimeConstant: 0.010))
        ],
        readout: Readout(
          outputs: 2, connection: Connection(Dense(.normal(deviation: 0.1))),
          reduction: .everyStep))
      var random = RandomStream(seed: 11, stream: "latencies")
      let shape = [150, 10, 6]
      let inputs = Tensor<Float>(
        axes: ["time", "trial", "channel"], shape: shape,
        values: random.normals(150 * 10 * 6).map { drive + $0 })
      let targets = Tensor<Float>(
        axes: ["time", "trial", "output"], shape: [150, 10, 2], repeating: 0.5)
      let parameters = network.initialParameters(seed: 3)
      let rule = try BackpropagationThroughTime(
        network: network, parameters: parameters, loss: .rootSumSquares,
        optimizer: .adam(learningRate: 1e-3), threads: 2)
      let found = try rule.gradient(TrialBatch(inputs: .analog(inputs), targets: .values(targets)))

      let engine = try ReferenceEngine(network)
      let run = try engine.run(inputs.converted(), parameters.converted())
      let (loss, adjoint) = try Loss.rootSumSquares.evaluate(run.readout, .values(targets))
      let expected = try engine.gradient(run, readoutAdjoint: adjoint, parameters.converted())
      #expect(abs(found.loss - loss) < 1e-4 * loss)
      for (name, gradient) in expected.pairs {
        let size = gradient.values.map(\.magnitude).max()!
        #expect(size > 1e-6)
        for (value, number) in zip(try #require(found.gradients[name]).values, gradient.values) {
          #expect(abs(Double(value) - number) <= 2e-4 * size, "\(name)")
        }
      }
    }
  }

  /// With a readout that copies the spikes, a firing-rate term is a constant adjoint of the readout.
  @Test func firingRateRegularizer() throws {
    let model = LIF(timeStep: 0.002, membraneTimeConstant: 0.020, refractorySteps: 2)
    let network = try Network(
      timeStep: 0.002, inputs: 3,
      layers: [
        Layer(
          neurons: 5, model: model, input: Connection(Dense(.normal(deviation: 20))),
          recurrent: Connection(Dense(.normal(deviation: 3))))
      ],
      readout: Readout(
        outputs: 5, connection: Connection(Dense(.constant(0))), reduction: .everyStep))
    var parameters = network.initialParameters(seed: 7)
    parameters.update("readout.weights") { for i in 0..<5 { $0.values[i * 5 + i] = 1 } }
    var random = RandomStream(seed: 8, stream: "inputs")
    let inputs = Tensor<Float>(
      axes: ["time", "trial", "channel"], shape: [70, 9, 3], values: random.normals(70 * 9 * 3))
    let targets = Tensor<Float>(
      axes: ["time", "trial", "output"], shape: [70, 9, 5], repeating: 0.25)
    let rule = try BackpropagationThroughTime(
      network: network, parameters: parameters, loss: .rootSumSquares,
      regularizers: [.firingRate(strength: 400, target: 0.02)],
      optimizer: .adam(learningRate: 1e-3), threads: 2)
    let result = try rule.gradient(TrialBatch(inputs: .analog(inputs), targets: .values(targets)))

    let engine = try ReferenceEngine(network)
    let run = try engine.run(inputs.converted(), parameters.converted())
    var (loss, adjoint) = try Loss.rootSumSquares.evaluate(run.readout, .values(targets))
    for neuron in 0..<5 {
      var spikes = 0.0
      for row in 0..<70 * 9 { spikes += run.readout.values[row * 5 + neuron] }
      let excess = spikes / (70 * 9) - 0.02
      loss += 400 * excess * excess
      for row in 0..<70 * 9 { adjoint.values[row * 5 + neuron] += 2 * 400 * excess / (70 * 9) }
    }
    let expected = try engine.gradient(run, readoutAdjoint: adjoint, parameters.converted())
    #expect(abs(result.loss - loss) < 1e-4 * loss)
    for name in ["hidden.input.weights", "hidden.recurrent.weights"] {
      let gradient = try #require(expected[name])
      let size = gradient.values.map(\.magnitude).max()!
      #expect(size > 0.01)
      for (value, number) in zip(try #require(result.gradients[name]).values, gradient.values) {
        #expect(abs(Double(value) - number) <= 2e-4 * size, "\(name)")
      }
    }
  }
}
