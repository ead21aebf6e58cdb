import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

/// Sequences cut into segments that are run forward twice, against the same sequences in one piece.
@Suite struct SegmentTests {
  @Test(arguments: [Int](500..<524) + RandomNetwork.severalKinds)
  func segmentsChangeNoBit(_ seed: Int) throws {
    var options = RandomNetwork.Options()
    options.neurons = seed.isMultiple(of: 2) ? 60...150 : 3...20
    options.modes = 1...12
    options.steps = 220...330
    options.trials = 1...15
    options.adaptive = 0.4
    options.largestDelay = seed.isMultiple(of: 3) ? 10 : 0
    options.spikeInputs = seed.isMultiple(of: 4)
    // Above one half, drives are found 64 steps at a time.
    options.spikeProbability = seed.isMultiple(of: 8) ? 0.8 : 0.3
    options.kinds = RandomNetwork.severalKinds.contains(seed) ? 2...3 : 1...1
    let random = try RandomNetwork(seed: UInt64(seed), options)
    let inputs: TrialInputs =
      options.spikeInputs
      ? .spikes(try #require(SpikeTensor(dense: random.inputs)))
      : .analog(random.inputs.converted())
    try expectSameBits(
      random.network, random.parameters.converted(), random.loss,
      TrialBatch(inputs: inputs, targets: random.targets), random.testDescription)
  }

  @Test(arguments: 600..<612)
  func meansOverWindows(_ seed: Int) throws {
    var options = RandomNetwork.Options()
    options.neurons = 10...70
    options.steps = 240...240
    options.adaptive = 0.5
    options.largestDelay = 5
    let random = try RandomNetwork(seed: UInt64(seed), options)
    let network = try Network(
      timeStep: random.network.timeStep, inputs: random.network.inputs,
      layers: random.network.layers,
      readout: Readout(
        outputs: 3,
        connection: Connection(
          Dense(.normal(deviation: 1)), filter: .leaky(timeConstant: 0.020), latency: seed % 3),
        reduction: .meanOverWindows(steps: 80), bias: .constant(0.1)))
    let classes = (0..<3 * random.trials).map { $0 % 4 - 1 }
    try expectSameBits(
      network, network.initialParameters(seed: UInt64(seed)), .crossEntropy,
      TrialBatch(inputs: .analog(random.inputs.converted()), targets: .classes(classes)),
      random.testDescription)
  }

  /// Tapes that are found again by numbers that were kept, against those of steps that are run again.
  @Test(arguments: [AdaptiveLIF.Convention.lsnn, .lsnnPaper, .adaptiveSRNN, .eprop], [0, 3])
  func keptNumbersChangeNoBit(convention: AdaptiveLIF.Convention, refractorySteps: Int) throws {
    for surrogate in [Surrogate.triangular(dampening: 0.3, width: 1), .boxcar(width: 0.8)] {
      let model = AdaptiveLIF(
        timeStep: 0.001, membraneTimeConstant: 0.020, adaptationTimeConstant: 0.100, threshold: 0.5,
        adaptationStrength: 0.7, refractorySteps: refractorySteps, convention: convention,
        surrogate: surrogate)
      let network = try Network(
        timeStep: 0.001, inputs: 10,
        layers: [
          Layer(
            neurons: 45, model: model, input: Connection(Dense(.normal(deviation: 3))),
            recurrent: Connection(Dense(.normal(deviation: 0.5))))
        ],
        readout: Readout(
          outputs: 3, connection: Connection(Dense(.normal(deviation: 1))),
          reduction: .meanOverWindows(steps: 75)))
      var stream = RandomStream(seed: 5, stream: "spikes")
      var spikes = SpikeTensor(steps: 150, trials: 14, neurons: 10)
      for step in 0..<150 {
        for trial in 0..<14 {
          for channel in 0..<10 { spikes[step, trial, channel] = stream.uniform() < 0.1 }
        }
      }
      let plan = try SweepPlan(
        network, steps: 150, trials: 14, spiking: true, sweepsAhead: true, threads: 2,
        limit: .max)
      #expect(plan.layout == .neurons && plan.segments > 1 && plan.runsStepsOnce)
      try expectSameBits(
        network, network.initialParameters(seed: 1), .crossEntropy,
        TrialBatch(
          inputs: .spikes(spikes), targets: .classes((0..<28).map { $0 % 3 })),
        "\(convention), \(refractorySteps) refractory steps, \(surrogate)")
    }
  }

  /// That loss, readout and gradients are the same bits for several numbers of segments: where each block
  /// runs back after it ran forward, and where all run forward first, as mean firing rates want.
  private func expectSameBits(
    _ network: Network, _ parameters: NamedTensors<Float>, _ loss: Loss, _ batch: TrialBatch,
    _ description: String
  ) throws {
    for regularizers in [[], [Regularizer.firingRate(strength: 1, target: 0.02)]] {
      let sweepsAhead = !regularizers.isEmpty
      func result(_ limit: Int?) throws -> GradientResult {
        try BackpropagationThroughTime(
          network: network, parameters: parameters, loss: loss, regularizers: regularizers,
          optimizer: .adam(learningRate: 1e-3), threads: 2, sweepMemory: limit
        ).gradient(batch)
      }
      func plan(_ limit: Int) throws -> SweepPlan {
        try SweepPlan(
          network, steps: batch.steps, trials: batch.trials, spiking: false,
          sweepsAhead: sweepsAhead, threads: 2, limit: limit)
      }
      let whole = try result(nil)
      let least = try plan(0)
      #expect(least.segments > 2)
      let full = try plan(.max)
      #expect(full.segments == 1 || sweepsAhead)
      for limit in [least.bytes, (least.bytes + full.bytes) / 2, full.bytes - 1] {
        let plan = try plan(limit)
        guard plan.segments > 1 else { continue }
        let cut = try result(limit)
        let comment = Comment(
          rawValue: "\(description), \(plan.segments) segments, \(regularizers)")
        #expect(cut.loss == whole.loss, comment)
        #expect(cut.readout == whole.readout, comment)
        #expect(cut.firingRate == whole.firingRate, comment)
        for (name, gradient) in whole.gradients.pairs {
          #expect(cut.gradients[name] == gradient, "\(comment): \(name)")
        }
        #expect(whole.gradients.globalNorm(whole.gradients.names) > 0)
      }
    }
  }

  @Test func aPlanTakesTheFewestSegmentsThatFit() throws {
    let network = try Network(
      timeStep: 0.001, inputs: 40,
      layers: [
        Layer(
          neurons: 1000,
          model: AdaptiveLIF(
            timeStep: 0.001, adaptationTimeConstant: 0.7, adaptationStrength: 1.8),
          input: Connection(Dense(.normal(deviation: 1))),
          recurrent: Connection(Dense(.normal(deviation: 1))))
      ],
      readout: Readout(
        outputs: 2, connection: Connection(Dense(.normal(deviation: 1))), reduction: .everyStep))
    func plan(_ limit: Int) throws -> SweepPlan {
      try SweepPlan(
        network, steps: 10_000, trials: 32, spiking: true, threads: 2, limit: limit)
    }
    func segments(_ limit: Int) throws -> Int { try plan(limit).segments }
    let whole = try plan(.max)
    #expect(whole.segments == 1)
    var before = whole
    for limit in [9, 5, 3, 2].map({ whole.bytes / 10 * $0 }) {
      let plan = try plan(limit)
      #expect(plan.bytes <= limit && plan.segments >= before.segments)
      // Fewer segments take more.
      #expect(try segments(plan.bytes - 1) > plan.segments)
      #expect(plan.segments * plan.segmentSteps >= 10_000)
      before = plan
    }
    #expect(before.segments > 4)
    // Where nothing fits, what takes least.
    let least = try plan(0)
    #expect(least.bytes < whole.bytes / 6)
    #expect(try plan(least.bytes - 1).bytes == least.bytes)
  }
}
