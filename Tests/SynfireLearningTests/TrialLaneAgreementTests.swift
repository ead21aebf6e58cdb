import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

/// Networks that are swept synapse by synapse with trials as lanes, against the reference engine.
@Suite struct TrialLaneAgreementTests {
  /// A network of one layer, whose connections are sparse, delayed or both, with a batch of spikes. From
  /// seed 1000 on, recurrent synapses are of several kinds.
  struct Sample: Sendable, CustomTestStringConvertible {
    let network: Network
    let batch: TrialBatch
    let loss: Loss
    let regularizers: [Regularizer]
    let seed: UInt64
    /// Whether trained thresholds of every third neuron lie below 0, which an optimizer may bring about.
    var crossesZero = false
    let testDescription: String

    init(_ seed: UInt64) throws {
      var random = RandomStream(seed: seed, stream: "lane sample")
      func pick(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + random.integer(below: range.count)
      }
      func choose<Element>(_ elements: [Element]) -> Element {
        elements[random.integer(below: elements.count)]
      }
      let (channels, neurons, outputs) = (pick(3...90), pick(5...50), pick(2...12))
      let (window, trials) = (pick(4...9), pick(16...41))
      let steps = window * pick(3...9)
      var summary = "seed \(seed): \(channels) x \(neurons) x \(outputs), T \(steps) B \(trials)"
      func connectivity(
        _ name: String, inputs: Int, scale: Double, isDelayed: Bool, isRecurrent: Bool = false
      ) throws -> any Connectivity {
        let base: any Connectivity
        // Few inputs of both signs would hardly make a spike.
        let densities = isRecurrent ? [0.1, 0.3, 1] : [0.3, 1]
        switch pick(0...2) {
        case 0:
          base = Dense(
            .normal(deviation: scale / Double(inputs).squareRoot()), excludesAutapses: isRecurrent)
          summary += ", dense"
        case 1:
          base = try Sparse(
            density: choose(densities), excludesAutapses: isRecurrent, seed: seed, name: name)
          summary += ", sparse"
        default:
          base = try Sparse(
            density: choose(densities), signs: .inhibitoryFirst(excitatory: 0.75, of: inputs),
            excludesAutapses: isRecurrent, seed: seed, name: name)
          summary += ", signed"
        }
        guard isDelayed else { return base }
        let count = choose([1, 3, 10, 11])
        summary += " \(count) delays"
        return Delays(base, count: count, seed: seed, name: name)
      }
      let filters: [SpikeFilter] = [
        .none, .leaky(timeConstant: 0.02), .single(decay: 0.03),
        .double(decay: 0.02, rise: 0.005, normalization: .unitGain),
      ]
      let input = Connection(
        try connectivity("input", inputs: channels, scale: 4, isDelayed: true),
        filter: random.bernoulli(0.3) ? choose(filters) : .none,
        latency: random.bernoulli(0.3) ? 3 : nil)
      let recurrentFilter = random.bernoulli(0.4) ? choose(filters) : .none
      let only = Connection(
        try connectivity(
          "recurrent", inputs: neurons, scale: 1.5, isDelayed: random.bernoulli(0.7),
          isRecurrent: true),
        filter: recurrentFilter, latency: random.bernoulli(0.3) ? 4 : nil)
      let kinds =
        seed < 1000
        ? [only]
        : try (0..<pick(2...3)).map { kind in
          let base: any Connectivity =
            switch pick(0...4) {
            case 0:
              Modes(
                2, modeInitialization: .normal(deviation: 1), scoreInitialization: .constant(0.1))
            case 1: Delays(Common(-0.2, isTrainable: true), count: 3, seed: seed, name: "common")
            default:
              try connectivity(
                "kind\(kind)", inputs: neurons, scale: 1, isDelayed: true, isRecurrent: true)
            }
          return Connection(
            base, filter: choose(filters), latency: random.bernoulli(0.3) ? 4 : nil,
            name: "kind\(kind)")
        }
      let hasRecurrence = seed >= 1000 || random.bernoulli(0.9)
      let surrogate: Surrogate = .triangular(dampening: 0.3, width: 1)
      let refractory = pick(0...5)
      summary += ", refractory \(refractory)"
      let adaptive = AdaptiveLIF(
        timeStep: 0.001, membraneTimeConstant: 0.010, adaptationTimeConstant: 0.050, threshold: 0.1,
        adaptationStrength: .values((0..<neurons).map { $0.isMultiple(of: 2) ? 0 : 1.5 }),
        refractorySteps: refractory, convention: choose([.lsnn, .lsnnPaper]), surrogate: surrogate,
        trained: random.bernoulli(0.4) ? [.threshold, .adaptationStrength] : [])
      let plain = LIF(
        timeStep: 0.001, membraneTimeConstant: 0.010, threshold: 0.1,
        refractorySteps: refractory, surrogate: .fastSigmoid(slope: 5))
      let layer: any NetworkLayer =
        random.bernoulli(0.7)
        ? Layer(
          neurons: neurons, model: adaptive, input: input,
          recurrent: hasRecurrence ? kinds : [])
        : Layer(
          neurons: neurons, model: plain, input: input, recurrent: hasRecurrence ? kinds : [])
      loss = choose([.crossEntropy, .meanSquaredError])
      let readsWindows = loss.wantsClasses || random.bernoulli(0.5)
      network = try Network(
        timeStep: 0.001, inputs: channels, layers: [layer],
        readout: Readout(
          outputs: outputs,
          connection: Connection(
            try connectivity("readout", inputs: neurons, scale: 1, isDelayed: false),
            filter: choose(filters)),
          reduction: readsWindows ? .meanOverWindows(steps: window) : .everyStep,
          bias: random.bernoulli(0.5) ? .normal(deviation: 0.1) : nil))
      regularizers = random.bernoulli(0.5) ? [.firingRate(strength: 50, target: 0.02)] : []

      var spikes = SpikeTensor(steps: steps, trials: trials, neurons: channels)
      for step in 0..<steps {
        for trial in 0..<trials {
          for channel in 0..<channels {
            spikes[step, trial, channel] = random.bernoulli(min(0.3, 6 / Double(channels)))
          }
        }
      }
      let shape = network.readout.shape(steps: steps, trials: trials)
      let count = shape.shape.reduce(1, *)
      batch = TrialBatch(
        inputs: .spikes(spikes),
        targets: loss.wantsClasses
          ? .classes(
            (0..<count / outputs).map { _ in
              random.bernoulli(0.5) ? TrialTargets.none : random.integer(below: outputs)
            })
          : .values(
            Tensor(axes: shape.axes, shape: shape.shape, values: random.normals(count))))
      self.seed = seed
      testDescription = summary + ", \(loss), \(regularizers.count) regularizers"
    }

    /// With inputs strong enough for spikes.
    var parameters: NamedTensors<Float> {
      var parameters = network.initialParameters(seed: seed)
      parameters.update("hidden.input.weights") { tensor in
        for index in tensor.values.indices { tensor.values[index] *= 4 }
      }
      guard crossesZero else { return parameters }
      for name in parameters.names where name.hasSuffix("hreshold") {
        parameters.update(name) { tensor in
          for index in stride(from: 0, to: tensor.count, by: 3) { tensor.values[index] *= -1 }
        }
      }
      return parameters
    }

    func rule(threads: Int) throws -> BackpropagationThroughTime {
      try BackpropagationThroughTime(
        network: network, parameters: parameters, loss: loss, regularizers: regularizers,
        optimizer: .adam(learningRate: 1e-3), threads: threads)
    }

    func reference() throws -> (loss: Double, gradients: NamedTensors<Double>, spikes: Double) {
      let engine = try ReferenceEngine(network)
      guard case .spikes(let spikes) = batch.inputs else { return (0, NamedTensors(), 0) }
      let run = try engine.run(spikes.dense(), parameters.converted())
      let (value, adjoint) = try loss.evaluate(run.readout, batch.targets)
      let rates = regularizers.rateTerms(of: run)
      let gradients = try engine.gradient(
        run, readoutAdjoint: adjoint, parameters.converted(), constantAdjoints: rates.adjoints)
      let total = run.traces[0].reduce(0.0) { $0 + $1.outputs.joined().reduce(0, +) }
      return (value + rates.value, gradients, total)
    }
  }

  @Test(arguments: [UInt64](0..<40) + (1000..<1016))
  func gradients(_ seed: UInt64) throws { try expectAgreement(Sample(seed)) }

  @Test func gradientsWithThresholdsBelowZero() throws {
    var count = 0
    for seed in UInt64(0)..<40 {
      var sample = try Sample(seed)
      guard sample.parameters.names.contains(where: { $0.hasSuffix("hreshold") }) else { continue }
      sample.crossesZero = true
      try expectAgreement(sample)
      count += 1
    }
    #expect(count > 3)
  }

  private func expectAgreement(_ sample: Sample) throws {
    #expect(sample.network.laneLayout(trials: sample.batch.trials, spiking: true) == .trials)
    let expected = try sample.reference()
    #expect(expected.spikes > 100, "\(sample.testDescription) is silent")
    let result = try sample.rule(threads: 2).gradient(sample.batch)
    #expect(
      abs(result.loss - expected.loss) <= 2e-4 * abs(expected.loss), "\(sample.testDescription)")
    for (name, gradient) in expected.gradients.pairs {
      let found = try #require(result.gradients[name]).values
      let size = gradient.values.reduce(0) { max($0, abs($1)) }
      for (value, number) in zip(found, gradient.values)
      where abs(Double(value) - number) > 2e-4 * size {
        Issue.record("\(sample.testDescription): \(name) \(value), not \(number) of \(size)")
        break
      }
    }
  }

  /// 4096 steps of sixteen trials are more than sixteen bits count.
  @Test func allSpikesOfALongTrialAreCounted() throws {
    let (steps, trials) = (4096 + 10, 16)
    let network = try Network(
      timeStep: 0.001, inputs: 1,
      layers: [
        Layer(
          neurons: 3, model: LIF(timeStep: 0.001, membraneTimeConstant: 0.020, reset: .subtract),
          input: Connection(Dense(.constant(100))),
          recurrent: Connection(
            Modes(1, modeInitialization: .constant(0), scoreInitialization: .constant(0))))
      ],
      readout: Readout(
        outputs: 1, connection: Connection(Dense(.constant(1))), reduction: .everyStep))
    #expect(network.laneLayout(trials: trials, spiking: false) == .trials)
    let rule = try BackpropagationThroughTime(
      network: network, parameters: network.initialParameters(seed: 0), loss: .meanSquaredError,
      optimizer: .adam(learningRate: 1e-3), threads: 1)
    let ones = [Float](repeating: 1, count: steps * trials)
    let batch = TrialBatch(
      inputs: .analog(
        Tensor(axes: ["time", "trial", "channel"], shape: [steps, trials, 1], values: ones)),
      targets: .values(
        Tensor(axes: ["time", "trial", "output"], shape: [steps, trials, 1], values: ones)))
    #expect(try abs(rule.evaluate(batch).firingRate - 1000) < 1e-6)
  }

  @Test(arguments: [1, 3])
  func anyNumberOfThreadsGivesTheSameBits(_ threads: Int) throws {
    for seed in [UInt64](50..<54) + (1050..<1054) {
      let sample = try Sample(seed)
      var (two, other) = (try sample.rule(threads: 2), try sample.rule(threads: threads))
      for _ in 0..<3 { #expect(try two.step(sample.batch) == other.step(sample.batch)) }
      #expect(two.parameters == other.parameters)
    }
  }

  @Test func evaluationAndRecordingAgreeWithTraining() throws {
    for seed in [UInt64](60..<66) + (1060..<1064) {
      let sample = try Sample(seed)
      let rule = try sample.rule(threads: 2)
      let evaluation = try rule.evaluate(sample.batch)
      let gradient = try rule.gradient(sample.batch)
      #expect(evaluation.readout == gradient.readout)
      let recording = try rule.network.record(sample.batch.inputs, rule.parameters, threads: 1)
      #expect(evaluation.readout == recording.readout)
    }
  }

  /// DEEP R needs the gradient of synapses that are not there.
  @Test func dormantSynapsesHaveTheirGradient() throws {
    for seed in UInt64(0)..<12 {
      let sample = try Sample(seed)
      guard let recurrent = sample.network.layers[0].recurrent.first?.connectivity else { continue }
      let base = (recurrent as? Delays)?.base ?? recurrent
      guard let sparse = base as? Sparse, sparse.density < 1 else { continue }
      let name = "hidden.recurrent.weights"
      let gradient = try #require(sample.rule(threads: 1).gradient(sample.batch).gradients[name])
      let expected = try #require(sample.reference().gradients[name])
      let weights = try #require(sample.parameters[name])
      let dormant = weights.values.indices.filter { weights.values[$0] == 0 }
      let size = expected.values.reduce(0) { max($0, abs($1)) }
      #expect(dormant.contains { abs(expected.values[$0]) > 0.1 * size })
      for index in dormant {
        #expect(abs(Double(gradient.values[index]) - expected.values[index]) <= 2e-4 * size)
      }
    }
  }

  /// The gradient of a block whose adjoints are the outputs, with the tape of so many steps at a time.
  private func gradient(
    _ sample: Sample, segmentSteps: Int?, isInterrupted: Bool = false, keepsNumbers: Bool = false
  ) throws -> [[Float]] {
    let packed = PackedNetwork(sample.network, sample.parameters, layout: .trials)
    let sweep = try TrialLaneNetworkSweep(
      sample.network, packed, steps: sample.batch.steps, segmentSteps: segmentSteps,
      keepsNumbers: keepsNumbers)
    return try sample.batch.inputs.withActivity { activity in
      sweep.forward(packed, activity, trials: 15)
      if isInterrupted, let saved = sweep.save() {
        sweep.forward(packed, activity.from(trial: 1), trials: 12)
        sweep.restore(saved, packed, activity, trials: 15)
      }
      let block = sweep.readoutBlock
      for step in 0..<block.steps {
        for trial in 0..<15 {
          let start = step * block.stepStride + trial * block.trialStride
          for output in 0..<block.count {
            block.adjoints[start + output] = block.outputs[start + output]
          }
        }
      }
      sweep.backward(packed, activity, trials: 15, constantAdjoints: [])
      return sweep.gradientBuffers(packed).map {
        Array(UnsafeBufferPointer(start: $0.pointer, count: $0.count))
      }
    }
  }

  /// Segments that are run forward again, and blocks that are gone back to, have the same bits.
  @Test func segmentsGiveTheSameBits() throws {
    for seed in [UInt64](70..<80) + (1070..<1076) {
      let sample = try Sample(seed)
      let whole = try gradient(sample, segmentSteps: sample.batch.steps)
      #expect(whole[0].contains { $0 != 0 })
      for steps in [1, 5, 13] {
        let segments = try gradient(sample, segmentSteps: steps)
        #expect(segments == whole, "\(sample.testDescription)")
      }
      let interrupted = try gradient(sample, segmentSteps: 6, isInterrupted: true)
      #expect(interrupted == whole)
    }
  }

  /// So have tapes that are found again by numbers that were kept.
  @Test func keptNumbersGiveTheSameBits() throws {
    var count = 0
    for seed in [UInt64](70..<90) + (1070..<1090) {
      let sample = try Sample(seed)
      let whole = try gradient(sample, segmentSteps: sample.batch.steps)
      for (steps, isInterrupted) in [(sample.batch.steps, false), (6, false), (6, true)] {
        let kept = try gradient(
          sample, segmentSteps: steps, isInterrupted: isInterrupted, keepsNumbers: true)
        #expect(kept == whole, "\(sample.testDescription)")
      }
      let packed = PackedNetwork(sample.network, sample.parameters, layout: .trials)
      let bytes = try [false, true].map {
        try TrialLaneNetworkSweep(
          sample.network, packed, steps: sample.batch.steps, keepsNumbers: $0
        ).savedByteCount
      }
      if bytes[1] > bytes[0] { count += 1 }
    }
    #expect(count > 5)
  }
}
