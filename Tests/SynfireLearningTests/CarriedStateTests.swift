import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

/// Trials that go on from the state that others ended in.
@Suite struct CarriedStateTests {
  private func random(_ seed: Int, steps: ClosedRange<Int>) throws -> RandomNetwork {
    var options = RandomNetwork.Options()
    options.neurons = seed.isMultiple(of: 2) ? 60...80 : 3...20
    options.steps = steps
    options.trials = 1...18
    options.adaptive = 0.5
    options.largestDelay = seed.isMultiple(of: 3) ? 10 : 0
    options.spikeInputs = seed.isMultiple(of: 4)
    if RandomNetwork.severalKinds.contains(seed) {
      options.kinds = 2...3
      // Of a layer below that spikes at most steps, drives known in groups are summed in another order.
      options.layers = 1...1
    }
    return try RandomNetwork(seed: UInt64(seed), options)
  }

  private func rule(
    _ random: RandomNetwork, memory: Int? = nil
  ) throws -> BackpropagationThroughTime {
    try BackpropagationThroughTime(
      network: random.network, parameters: random.parameters.converted(), loss: random.loss,
      optimizer: .adam(learningRate: 1e-3), threads: 2, sweepMemory: memory)
  }

  /// Some of the steps of a network's trials, with targets of the shape that they need.
  private func batch(_ random: RandomNetwork, _ steps: Range<Int>) throws -> TrialBatch {
    let row = random.trials * random.network.inputs
    let part = Tensor<Double>(
      axes: random.inputs.axes, shape: [steps.count, random.trials, random.network.inputs],
      values: Array(random.inputs.values[steps.lowerBound * row..<steps.upperBound * row]))
    var targets = random.targets
    if case .values(let tensor) = targets {
      let row = random.trials * tensor.shape[2]
      targets = .values(
        Tensor(
          axes: tensor.axes, shape: [steps.count, random.trials, tensor.shape[2]],
          values: Array(tensor.values[steps.lowerBound * row..<steps.upperBound * row])))
    }
    return TrialBatch(
      inputs: SpikeTensor(dense: part).map { .spikes($0) } ?? .analog(part.converted()),
      targets: targets)
  }

  /// Two parts of a trial, the second from the state of the first, give the bits of the whole.
  @Test(arguments: [Int](700..<730) + RandomNetwork.severalKinds)
  func halvesAreTheWhole(_ seed: Int) throws {
    let random = try random(seed, steps: 150...200)
    let steps = random.inputs.shape[0]
    let rule = try rule(random)
    let whole = try rule.evaluate(batch(random, 0..<steps), from: nil)
    let first = try rule.evaluate(batch(random, 0..<128), from: nil)
    let second = try rule.evaluate(batch(random, 128..<steps), from: first.state)
    #expect(second.state == whole.state, "\(random.testDescription)")
    if random.network.readout.reduction == .everyStep {
      let row = whole.evaluation.readout.count / steps
      #expect(
        second.evaluation.readout.values == Array(whole.evaluation.readout.values[(128 * row)...]),
        "\(random.testDescription)")
    }
    // From rest, what is handed out changes nothing.
    #expect(
      try rule.evaluate(
        batch(random, 0..<128),
        from: random.network.stateAtRest(
          trials: random.trials)
      ).state == first.state)
  }

  /// Loss, state and gradients against the reference engine. (Of seed 2012, a neuron comes within 1e-6 of
  /// its threshold.)
  @Test(arguments: [Int](700..<730) + RandomNetwork.severalKinds.prefix(12))
  func agreesWithTheReference(_ seed: Int) throws {
    let random = try random(seed, steps: 60...90)
    let steps = random.inputs.shape[0]
    let cut = steps / 2
    let (early, late) = (try batch(random, 0..<cut), try batch(random, cut..<steps))
    let rule = try rule(random)
    let start = try rule.evaluate(early, from: nil).state
    let engine = try ReferenceEngine(random.network)
    let first = try engine.run(
      early.inputs.numbers, random.parameters,
      from: random.network.stateAtRest(trials: random.trials))
    let middle = try #require(first.state)
    expect(start.converted(to: Double.self).tensors, near: middle.tensors, random.testDescription)
    // From the same state, so that roundings of the first part are not carried on.
    let result = try rule.gradient(late, from: middle.converted())
    let run = try engine.run(late.inputs.numbers, random.parameters, from: middle)
    expect(
      try #require(result.state).converted(to: Double.self).tensors,
      near: try #require(run.state).tensors, random.testDescription)
    let (loss, adjoint) = try random.loss.evaluate(run.readout, late.targets)
    #expect(abs(result.loss - loss) <= 2e-4 * abs(loss), "\(random.testDescription)")
    let gradients = try engine.gradient(run, readoutAdjoint: adjoint, random.parameters)
    expect(
      result.gradients.converted(to: Double.self), near: gradients, random.testDescription)
  }

  /// The reference engine's two parts against its whole, in double precision.
  @Test(arguments: [Int](700..<715) + RandomNetwork.severalKinds)
  func halvesOfTheReferenceAreTheWhole(_ seed: Int) throws {
    let random = try random(seed, steps: 40...60)
    let steps = random.inputs.shape[0]
    let engine = try ReferenceEngine(random.network)
    let rest: NetworkState<Double> = try random.network.stateAtRest(trials: random.trials)
    let whole = try engine.run(random.inputs, random.parameters, from: rest)
    let plain = try engine.run(random.inputs, random.parameters)
    #expect(whole.readout == plain.readout)
    let cut = steps / 3
    let row = random.trials * random.network.inputs
    func part(_ times: Range<Int>) -> Tensor<Double> {
      Tensor(
        axes: random.inputs.axes, shape: [times.count, random.trials, random.network.inputs],
        values: Array(random.inputs.values[times.lowerBound * row..<times.upperBound * row]))
    }
    let first = try engine.run(part(0..<cut), random.parameters, from: rest)
    let second = try engine.run(part(cut..<steps), random.parameters, from: first.state)
    expect(
      try #require(second.state).tensors, near: try #require(whole.state).tensors,
      random.testDescription, tolerance: 1e-12)
  }

  /// The gradient of weights, with the state held fixed, against central differences.
  @Test(arguments: 740..<746)
  func gradientOfTheReference(_ seed: Int) throws {
    var options = RandomNetwork.Options()
    options.trials = 2...2
    options.steps = 24...30
    options.largestDelay = 4
    options.differentiatesResets = true
    let random = try RandomNetwork(seed: UInt64(seed), options)
    let engine = try ReferenceEngine(random.network, smoothed: true)
    let start = try #require(
      try engine.run(
        random.inputs, random.parameters, from: random.network.stateAtRest(trials: 2)
      ).state)
    func loss(_ parameters: NamedTensors<Double>) throws -> Double {
      try random.loss.evaluate(
        engine.run(random.inputs, parameters, from: start).readout, random.targets
      ).loss
    }
    let run = try engine.run(random.inputs, random.parameters, from: start)
    let (_, adjoint) = try random.loss.evaluate(run.readout, random.targets)
    let gradients = try engine.gradient(run, readoutAdjoint: adjoint, random.parameters)
    for name in ["layer0.input.weights", "readout.weights"] {
      let gradient = try #require(gradients[name])
      let size = gradient.values.map(\.magnitude).max()!
      for index in stride(from: 0, to: gradient.count, by: max(1, gradient.count / 5)) {
        var (up, down) = (random.parameters, random.parameters)
        let width = 1e-5
        up.update(name) { $0.values[index] += width }
        down.update(name) { $0.values[index] -= width }
        let slope = (try loss(up) - loss(down)) / (2 * width)
        #expect(
          abs(slope - gradient.values[index]) <= 1e-5 * size + 1e-9,
          "\(random.testDescription) \(name) \(index)")
      }
    }
  }

  static let conventions: [AdaptiveLIF.Convention] = [
    .lsnn, .lsnnPaper, .adaptiveSRNN, .differentiatedEprop,
  ]

  /// The gradient of what neurons have trained, with the state held fixed: the reference against central
  /// differences, and the fast engine, in one segment and in many, against the reference.
  @Test(arguments: conventions)
  func gradientOfTheNeuronsOwn(_ convention: AdaptiveLIF.Convention) throws {
    let scale = convention.scalesCurrent ? 1.0 : 10
    let network = try Network(
      timeStep: 0.002, inputs: 3,
      layers: [
        Layer(
          neurons: 20,
          model: AdaptiveLIF(
            timeStep: 0.002, membraneTimeConstant: 0.020, adaptationTimeConstant: 0.050,
            threshold: .uniform(scale), adaptationStrength: 1, refractorySteps: 2,
            convention: convention, surrogate: .gaussian(deviation: 0.7),
            trained: Set(AdaptiveLIF.Quantity.allCases)),
          input: Connection(Dense(.normal(deviation: 6))),
          recurrent: Connection(Dense(.normal(deviation: 1))))
      ],
      readout: Readout(
        outputs: 2, connection: Connection(Dense(.normal(deviation: 1))), reduction: .everyStep))
    let parameters: NamedTensors<Double> = network.initialParameters(seed: 3).converted()
    var random = RandomStream(seed: 3, stream: "carried states")
    func numbers(_ shape: [Int]) -> Tensor<Double> {
      Tensor(
        axes: ["a", "b", "c"], shape: shape,
        values: random.normals(shape.reduce(1, *)).map(Double.init))
    }
    let (before, inputs) = (numbers([20, 2, 3]), numbers([12, 2, 3]))
    let targets = TrialTargets.values(numbers([12, 2, 2]).converted())
    let loss = Loss.meanSquaredError
    func reference(smoothed: Bool) throws -> (
      engine: ReferenceEngine, start: NetworkState<Double>, gradients: NamedTensors<Double>
    ) {
      let engine = try ReferenceEngine(network, smoothed: smoothed)
      let start = try #require(
        try engine.run(before, parameters, from: network.stateAtRest(trials: 2)).state)
      let run = try engine.run(inputs, parameters, from: start)
      let adjoint = try loss.evaluate(run.readout, targets).adjoint
      return (engine, start, try engine.gradient(run, readoutAdjoint: adjoint, parameters))
    }
    let (engine, start, gradients) = try reference(smoothed: true)
    for quantity in AdaptiveLIF.Quantity.allCases {
      let name = "\(network.layers[0].parameterPrefix).\(quantity.rawValue)"
      let gradient = try #require(gradients[name])
      let size = gradient.values.map(\.magnitude).max()!
      for neuron in stride(from: 0, to: 20, by: 4) {
        let width = 1e-4 * parameters[name]!.values[neuron]
        func moved(_ steps: Double) throws -> Double {
          var parameters = parameters
          parameters.update(name) { $0.values[neuron] += steps * width }
          let run = try engine.run(inputs, parameters, from: start)
          return try loss.evaluate(run.readout, targets).loss
        }
        let slope = try (8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12 * width)
        #expect(abs(slope - gradient.values[neuron]) <= 1e-6 * size, "\(name) \(neuron)")
      }
    }

    let (_, state, exact) = try reference(smoothed: false)
    for memory in [nil, 0] {
      let rule = try BackpropagationThroughTime(
        network: network, parameters: parameters.converted(), loss: loss,
        optimizer: .adam(learningRate: 1e-3), threads: 2, sweepMemory: memory)
      let fast = try rule.gradient(
        TrialBatch(inputs: .analog(inputs.converted()), targets: targets),
        from: state.converted())
      expect(fast.gradients.converted(to: Double.self), near: exact, "\(convention)")
    }
  }

  @Test(arguments: [Int](700..<712) + RandomNetwork.severalKinds)
  func segmentsChangeNoBit(_ seed: Int) throws {
    let random = try random(seed, steps: 220...260)
    let steps = random.inputs.shape[0]
    let start = try rule(random).evaluate(batch(random, 0..<100), from: nil).state
    let late = try batch(random, 100..<steps)
    let whole = try rule(random).gradient(late, from: start)
    let cut = try rule(random, memory: 0).gradient(late, from: start)
    #expect(cut.loss == whole.loss && cut.state == whole.state)
    #expect(cut.gradients == whole.gradients, "\(random.testDescription)")
  }

  @Test func aStateOfOtherTrialsIsRefused() throws {
    let random = try random(701, steps: 20...30)
    let state: NetworkState<Float> = try random.network.stateAtRest(trials: random.trials + 1)
    let batch = try batch(random, 0..<20)
    #expect(throws: NetworkError.self) { try rule(random).evaluate(batch, from: state) }
    #expect(throws: NetworkError.self) { try rule(random).gradient(batch, from: state) }
  }

  private func expect(
    _ found: NamedTensors<Double>, near expected: NamedTensors<Double>, _ description: String,
    tolerance: Double = 2e-4
  ) {
    #expect(Set(found.names) == Set(expected.names), "\(description)")
    for (name, tensor) in expected.pairs {
      var (difference, size) = (0.0, 0.0)
      for (value, number) in zip(found[name]?.values ?? [], tensor.values) {
        difference += (value - number) * (value - number)
        size += number * number
      }
      #expect(
        difference.squareRoot() <= tolerance * size.squareRoot() + 1e-9, "\(description): \(name)")
    }
  }
}

extension TrialInputs {
  /// As numbers [time, trial, channel].
  fileprivate var numbers: Tensor<Double> {
    switch self {
    case .spikes(let spikes): spikes.dense()
    case .analog(let tensor): tensor.converted()
    }
  }
}
