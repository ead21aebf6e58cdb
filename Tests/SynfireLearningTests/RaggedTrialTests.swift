import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

/// Batches whose trials end at different steps.
@Suite struct RaggedTrialTests {
  private struct Problem {
    let random: RandomNetwork
    let network: Network
    let parameters: NamedTensors<Double>
    let loss: Loss
    let targets: TrialTargets
    let lengths: [Int]
    let regularizers: [Regularizer]

    /// - Parameter window: of a readout that is read in windows; nil for that of the random network.
    init(
      _ seed: Int, window: Int? = nil, steps: ClosedRange<Int> = 90...150,
      regularizers: [Regularizer] = []
    ) throws {
      var options = RandomNetwork.Options()
      options.neurons = seed.isMultiple(of: 2) ? 60...80 : 3...20
      options.steps = window.map { 5 * $0...5 * $0 } ?? steps
      options.trials = 5...21
      options.adaptive = 0.5
      options.largestDelay = seed.isMultiple(of: 3) ? 10 : 0
      options.spikeInputs = seed.isMultiple(of: 4)
      options.kinds = RandomNetwork.severalKinds.contains(seed) ? 2...3 : 1...1
      // The rates of rate units are not regularized.
      options.allowsRates = regularizers.isEmpty
      random = try RandomNetwork(seed: UInt64(seed), options)
      self.regularizers = regularizers
      var stream = RandomStream(seed: UInt64(seed), stream: "lengths")
      let (steps, trials) = (random.inputs.shape[0], random.trials)
      lengths = (0..<trials).map { _ in
        window.map { $0 * (1 + stream.integer(below: 5)) } ?? 1 + stream.integer(below: steps)
      }
      guard let window else {
        network = random.network
        parameters = random.parameters
        loss = random.loss
        targets = random.targets
        return
      }
      network = try Network(
        timeStep: random.network.timeStep, inputs: random.network.inputs,
        layers: random.network.layers,
        readout: Readout(
          outputs: 3,
          connection: Connection(
            Dense(.normal(deviation: 1)), filter: .leaky(timeConstant: 0.020), latency: seed % 3),
          reduction: .meanOverWindows(steps: window), bias: .constant(0.1)))
      parameters = network.initialParameters(seed: UInt64(seed)).converted()
      loss = .crossEntropy
      targets = .classes((0..<5 * trials).map { $0 % 4 - 1 })
    }

    var inputs: TrialInputs {
      SpikeTensor(dense: random.inputs).map { .spikes($0) } ?? .analog(random.inputs.converted())
    }

    var batch: TrialBatch { TrialBatch(inputs: inputs, targets: targets, lengths: lengths) }

    func rule(memory: Int? = nil) throws -> BackpropagationThroughTime {
      try BackpropagationThroughTime(
        network: network, parameters: parameters.converted(), loss: loss,
        regularizers: regularizers, optimizer: .adam(learningRate: 1e-3), threads: 2,
        sweepMemory: memory)
    }

    /// One trial, cut to its length.
    func alone(_ trial: Int) -> (inputs: Tensor<Double>, targets: TrialTargets) {
      let length = lengths[trial]
      let inputs = Self.cut(random.inputs, trial, rows: length)
      switch targets {
      case .classes(let classes):
        let rows = network.readout.rows(steps: length)
        return (inputs, .classes((0..<rows).map { classes[$0 * random.trials + trial] }))
      case .values(let tensor):
        return (inputs, .values(Self.cut(tensor, trial, rows: length)))
      }
    }

    /// The first rows of one trial of [time, trial, anything].
    private static func cut<Scalar: TensorScalar>(
      _ tensor: Tensor<Scalar>, _ trial: Int, rows: Int
    ) -> Tensor<Scalar> {
      let (trials, width) = (tensor.shape[1], tensor.shape[2])
      var values: [Scalar] = []
      for row in 0..<rows {
        let start = (row * trials + trial) * width
        values += tensor.values[start..<start + width]
      }
      return Tensor<Scalar>(axes: tensor.axes, shape: [rows, 1, width], values: values)
    }

    /// What a trial with a loss of its own has in the loss and gradient of all.
    func share(_ trial: Int, loss own: Double, of all: Double) -> Double {
      switch loss {
      case .rootSumSquares: all == 0 ? 0 : own / all
      case .meanSquaredError: Double(lengths[trial]) / Double(lengths.reduce(0, +))
      case .crossEntropy, .crossEntropyOnProbabilities: 1 / Double(random.trials)
      }
    }
  }

  /// The sums over trials that are each run alone.
  private func expectSums(
    _ problem: Problem, loss: Double, _ gradients: NamedTensors<Double>, tolerance: Double,
    gradientTolerance: Double,
    alone: (_ trial: Int) throws -> (loss: Double, gradients: NamedTensors<Double>)
  ) throws {
    let trials = try (0..<problem.random.trials).map(alone)
    let shares = trials.indices.map { problem.share($0, loss: trials[$0].loss, of: loss) }
    var all = 0.0
    for (share, trial) in zip(shares, trials) { all += share * trial.loss }
    #expect(abs(all - loss) <= tolerance * abs(loss), "\(problem.random.testDescription)")
    for (name, gradient) in gradients.pairs {
      var difference = 0.0
      // Of the parts, which may cancel.
      var sizes = [Double](repeating: 0, count: trials.count)
      for index in gradient.values.indices {
        var sum = 0.0
        for trial in trials.indices {
          let part = shares[trial] * trials[trial].gradients[name]!.values[index]
          sum += part
          sizes[trial] += part * part
        }
        difference += (sum - gradient.values[index]) * (sum - gradient.values[index])
      }
      let size = sizes.reduce(0) { $0 + $1.squareRoot() }
      #expect(
        difference.squareRoot() <= gradientTolerance * size + 1e-12,
        "\(problem.random.testDescription): \(name)")
    }
  }

  @Test(arguments: [Int](800..<820) + RandomNetwork.severalKinds)
  func trialsAreAsAlone(_ seed: Int) throws {
    // Sums are made in another order, and recurrent adjoints multiply the rounding of single precision.
    let problem = try Problem(seed, steps: 50...90)
    let rule = try problem.rule()
    let result = try rule.gradient(problem.batch)
    try expectSums(
      problem, loss: result.loss, result.gradients.converted(), tolerance: 1e-6,
      gradientTolerance: 3e-6
    ) { trial in
      let (inputs, targets) = problem.alone(trial)
      let alone = try rule.gradient(
        TrialBatch(
          inputs: SpikeTensor(dense: inputs).map { .spikes($0) } ?? .analog(inputs.converted()),
          targets: targets))
      return (alone.loss, alone.gradients.converted())
    }
  }

  @Test(arguments: [Int](800..<812) + RandomNetwork.severalKinds)
  func trialsOfTheReferenceAreAsAlone(_ seed: Int) throws {
    let problem = try Problem(seed, steps: 30...50)
    let engine = try ReferenceEngine(problem.network)
    func gradient(
      _ inputs: Tensor<Double>, _ targets: TrialTargets, _ lengths: [Int]?
    ) throws -> (loss: Double, gradients: NamedTensors<Double>) {
      let run = try engine.run(inputs, problem.parameters, lengths: lengths)
      let rows = lengths.map { $0.map { problem.network.readout.rows(steps: $0) } }
      let (loss, adjoint) = try problem.loss.evaluate(run.readout, targets, rows: rows)
      return (loss, try engine.gradient(run, readoutAdjoint: adjoint, problem.parameters))
    }
    let all = try gradient(problem.random.inputs, problem.targets, problem.lengths)
    try expectSums(
      problem, loss: all.loss, all.gradients, tolerance: 1e-12, gradientTolerance: 1e-12
    ) { trial in
      let (inputs, targets) = problem.alone(trial)
      return try gradient(inputs, targets, nil)
    }
  }

  /// Also with windows, a bias and a regularizer of rates.
  @Test(arguments: 820..<844)
  func agreesWithTheReference(_ seed: Int) throws {
    let problem = try Problem(
      seed, window: seed.isMultiple(of: 2) ? 20 : nil,
      regularizers: seed.isMultiple(of: 3) ? [.firingRate(strength: 10, target: 0.02)] : [])
    let result = try problem.rule().gradient(problem.batch)
    let engine = try ReferenceEngine(problem.network)
    let run = try engine.run(
      problem.random.inputs, problem.parameters, lengths: problem.lengths)
    let rows = problem.lengths.map { problem.network.readout.rows(steps: $0) }
    let (loss, adjoint) = try problem.loss.evaluate(run.readout, problem.targets, rows: rows)
    let rates = problem.regularizers.rateTerms(of: run)
    let gradients = try engine.gradient(
      run, readoutAdjoint: adjoint, problem.parameters, constantAdjoints: rates.adjoints)
    let total = loss + rates.value
    #expect(abs(result.loss - total) <= 2e-4 * abs(total), "\(problem.random.testDescription)")
    for (name, gradient) in gradients.pairs {
      var (difference, size) = (0.0, 0.0)
      for (value, number) in zip(try #require(result.gradients[name]).values, gradient.values) {
        difference += (Double(value) - number) * (Double(value) - number)
        size += number * number
      }
      #expect(
        difference.squareRoot() <= 2e-4 * size.squareRoot() + 1e-9,
        "\(problem.random.testDescription): \(name)")
    }
    let difference = zip(result.readout.values, run.readout.values).map { abs(Double($0) - $1) }
    #expect(difference.max()! <= 1e-3 * (1 + run.readout.values.map(\.magnitude).max()!))
  }

  @Test(arguments: 850..<862)
  func neitherSegmentsNorPaddingChangeABit(_ seed: Int) throws {
    let problem = try Problem(
      seed, window: seed.isMultiple(of: 3) ? 40 : nil, steps: 220...260,
      regularizers: [.firingRate(strength: 10, target: 0.02)])
    let result = try problem.rule().gradient(problem.batch)
    let cut = try problem.rule(memory: 0).gradient(problem.batch)
    #expect(cut.loss == result.loss && cut.gradients == result.gradients)
    // Other inputs past the end of each trial.
    var other = problem.random.inputs
    let (trials, channels) = (problem.random.trials, problem.network.inputs)
    for index in other.values.indices
    where index / channels / trials >= problem.lengths[index / channels % trials] {
      other.values[index] = 1 - other.values[index]
    }
    let inputs: TrialInputs =
      SpikeTensor(dense: other).map { .spikes($0) } ?? .analog(other.converted())
    let padded = try problem.rule().gradient(
      TrialBatch(inputs: inputs, targets: problem.targets, lengths: problem.lengths))
    #expect(padded.loss == result.loss && padded.gradients == result.gradients)
    #expect(padded.firingRate == result.firingRate && padded.readout == result.readout)
  }

  @Test(arguments: [Int](870..<880) + RandomNetwork.severalKinds)
  func everyTrialEndsInItsOwnState(_ seed: Int) throws {
    let problem = try Problem(seed)
    let rule = try problem.rule()
    let (evaluation, state) = try rule.evaluate(problem.batch, from: nil)
    for trial in 0..<min(4, problem.random.trials) {
      let (inputs, targets) = problem.alone(trial)
      let alone = try rule.evaluate(
        TrialBatch(
          inputs: SpikeTensor(dense: inputs).map { .spikes($0) } ?? .analog(inputs.converted()),
          targets: targets), from: nil)
      for (name, tensor) in alone.state.tensors.pairs {
        let found = state[trial..<trial + 1].tensors[name]!
        for (value, number) in zip(found.values, tensor.values) {
          #expect(
            abs(value - number) <= 1e-5 * (1 + abs(number)),
            "\(problem.random.testDescription): \(name)")
        }
      }
    }
    #expect(evaluation.loss == (try rule.evaluate(problem.batch)).loss)
  }

  @Test func fullLengthsChangeNoBit() throws {
    let problem = try Problem(802)
    let steps = problem.random.inputs.shape[0]
    let rule = try problem.rule()
    let plain = try rule.evaluate(
      TrialBatch(inputs: problem.inputs, targets: problem.targets), from: nil)
    let full = try rule.evaluate(
      TrialBatch(
        inputs: problem.inputs, targets: problem.targets,
        lengths: [Int](repeating: steps, count: problem.random.trials)), from: nil)
    #expect(plain.evaluation.loss == full.evaluation.loss && plain.state == full.state)
    #expect(plain.evaluation.readout == full.evaluation.readout)
  }

  @Test func lengthsThatDoNotFitAreRefused() throws {
    let problem = try Problem(803)
    let rule = try problem.rule()
    for lengths in [[], [0], [problem.random.inputs.shape[0] + 1]] {
      var all = problem.lengths
      if lengths.isEmpty { all.removeLast() } else { all[0] = lengths[0] }
      let batch = TrialBatch(inputs: problem.inputs, targets: problem.targets, lengths: all)
      #expect(throws: LearningError.self) { try rule.gradient(batch) }
    }
    let windows = try Problem(804, window: 10)
    var lengths = windows.lengths
    lengths[1] = 15
    let batch = TrialBatch(inputs: windows.inputs, targets: windows.targets, lengths: lengths)
    #expect(throws: NetworkError.self) { try windows.rule().gradient(batch) }
  }
}
