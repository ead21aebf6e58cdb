import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

/// Input spikes that are known beforehand, from never to at every step, against the reference engine.
///
/// Rate units, so that no rounding can turn into a spike.
@Suite struct KnownSpikesTests {
  /// A layer of random size, its parameters, and spikes of channels that each have their own rate.
  private struct Problem: CustomTestStringConvertible {
    let network: Network
    let parameters: NamedTensors<Float>
    let spikes: SpikeTensor
    let targets: Tensor<Float>
    let testDescription: String

    init(seed: UInt64, rates: [Double], latency: Int? = nil) throws {
      var random = RandomStream(seed: seed, stream: "known spikes")
      let (neurons, channels) = (1 + random.integer(below: 140), 1 + random.integer(below: 300))
      let (steps, trials) = (5 + random.integer(below: 136), 1 + random.integer(below: 20))
      network = try Network(
        timeStep: 0.002, inputs: channels,
        layers: [
          Layer(
            neurons: neurons, model: RateUnit(timeStep: 0.002, membraneTimeConstant: 0.010),
            input: Connection(
              Dense(.normal(deviation: 1 / Double(channels).squareRoot())),
              filter: random.bernoulli(0.3) ? .single(decay: 0.030) : .none, latency: latency))
        ],
        readout: Readout(
          outputs: 2, connection: Connection(Dense(.normal(deviation: 0.3))),
          reduction: .everyStep))
      parameters = network.initialParameters(seed: seed)
      var spikes = SpikeTensor(steps: steps, trials: trials, neurons: channels)
      for trial in 0..<trials {
        // Some trials have channels that spike at most steps, some have none.
        let choices = random.bernoulli(0.7) ? rates : rates.filter { $0 < 0.4 }
        for channel in 0..<channels where !choices.isEmpty {
          let rate = choices[random.integer(below: choices.count)]
          for step in 0..<steps { spikes[step, trial, channel] = random.bernoulli(rate) }
        }
      }
      self.spikes = spikes
      targets = Tensor(
        axes: ["time", "trial", "output"], shape: [steps, trials, 2],
        values: random.normals(steps * trials * 2))
      testDescription =
        "seed \(seed): \(channels) channels, \(neurons) neurons, \(steps) steps, \(trials) trials"
    }

    func rule(threads: Int) throws -> BackpropagationThroughTime {
      try BackpropagationThroughTime(
        network: network, parameters: parameters, loss: .meanSquaredError,
        optimizer: .adam(learningRate: 1e-3), threads: threads)
    }

    var batch: TrialBatch { TrialBatch(inputs: .spikes(spikes), targets: .values(targets)) }
  }

  static let mixed = [0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 1]

  /// The norm of the difference, relative to that of the expected values.
  private func deviation(_ found: [Float], _ expected: [Double]) -> Double {
    let (difference, size) = zip(found, expected).reduce((0.0, 1e-30)) {
      ($0.0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1), $0.1 + $1.1 * $1.1)
    }
    return (difference / size).squareRoot()
  }

  private func compare(_ problem: Problem) throws {
    let engine = try ReferenceEngine(problem.network)
    let parameters: NamedTensors<Double> = problem.parameters.converted()
    let run = try engine.run(problem.spikes.dense(), parameters)
    let (loss, adjoint) = try Loss.meanSquaredError.evaluate(
      run.readout, .values(problem.targets))
    let expected = try engine.gradient(run, readoutAdjoint: adjoint, parameters)
    let result = try problem.rule(threads: 2).gradient(problem.batch)
    let name = problem.testDescription
    #expect(abs(result.loss - loss) <= 1e-6 * loss, "\(name)")
    #expect(deviation(result.readout.values, run.readout.values) < 2e-6, "\(name)")
    for (tensor, gradient) in expected.pairs {
      let found = try #require(result.gradients[tensor])
      #expect(deviation(found.values, gradient.values) < 4e-6, "\(name): \(tensor)")
    }
  }

  @Test(arguments: 400..<424)
  func mixedRates(_ seed: Int) throws {
    try compare(Problem(seed: UInt64(seed), rates: Self.mixed))
  }

  @Test(arguments: [0.0, 0.05, 0.5, 0.95, 1])
  func oneRate(_ rate: Double) throws {
    for seed in UInt64(430)..<434 { try compare(Problem(seed: seed, rates: [rate])) }
  }

  @Test(arguments: [2, 4, 40])
  func latencies(_ latency: Int) throws {
    for seed in UInt64(440)..<443 {
      try compare(Problem(seed: seed, rates: Self.mixed, latency: latency))
    }
  }

  /// A trial's numbers are its own: the same bits alone and in a batch, for any number of threads.
  @Test func trialsDoNotTouchEachOther() throws {
    for seed in UInt64(450)..<456 {
      let problem = try Problem(seed: seed, rates: Self.mixed)
      let rule = try problem.rule(threads: 2)
      let together = try rule.network.record(
        .spikes(problem.spikes), rule.parameters, threads: 2)
      #expect(try problem.rule(threads: 1).gradient(problem.batch).readout == together.readout)
      let trial = problem.spikes.trials - 1
      var single = SpikeTensor(
        steps: problem.spikes.steps, trials: 1, neurons: problem.spikes.neurons)
      for step in 0..<single.steps {
        for channel in 0..<single.neurons {
          single[step, 0, channel] = problem.spikes[step, trial, channel]
        }
      }
      let alone = try rule.network.record(.spikes(single), rule.parameters, threads: 1)
      for step in 0..<single.steps {
        for output in 0..<2 {
          #expect(
            alone.readout.values[step * 2 + output]
              == together.readout.values[(step * problem.spikes.trials + trial) * 2 + output])
        }
      }
      #expect(
        try problem.rule(threads: 1).gradient(problem.batch).gradients
          == problem.rule(threads: 3).gradient(problem.batch).gradients)
    }
  }
}
