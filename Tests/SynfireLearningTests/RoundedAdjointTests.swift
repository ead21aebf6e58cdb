import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

/// Gradients whose adjoints are passed back in 16 bits.
@Suite struct RoundedAdjointTests {
  private func gradient(
    _ precision: AdjointPrecision, neurons: Int, threads: Int = 1
  ) throws -> GradientResult {
    let model = AdaptiveLIF(
      timeStep: 0.001, membraneTimeConstant: 0.020, adaptationTimeConstant: 0.700, threshold: 1,
      adaptationStrength: 1.75, convention: .adaptiveSRNN)
    let gain = 20 / Double(neurons).squareRoot()
    let network = try Network(
      timeStep: 0.001, inputs: 30,
      layers: [
        Layer(
          neurons: neurons, model: model, input: Connection(Dense(.normal(deviation: 10))),
          recurrent: Connection(
            Dense(.normal(deviation: gain), adjointPrecision: precision)))
      ],
      readout: Readout(
        outputs: 5,
        connection: Connection(
          Dense(.normal(deviation: 0.1)), filter: .leaky(timeConstant: 0.020)),
        reduction: .meanOverWindows(steps: 50)))
    var stream = RandomStream(seed: 3, stream: "spikes")
    var spikes = SpikeTensor(steps: 100, trials: 20, neurons: 30)
    for step in 0..<100 {
      for trial in 0..<20 {
        for channel in 0..<30 where stream.uniform() < 0.02 {
          spikes[step, trial, channel] = true
        }
      }
    }
    let rule = try BackpropagationThroughTime(
      network: network, parameters: network.initialParameters(seed: 0), loss: .crossEntropy,
      optimizer: .adam(learningRate: 1e-3), threads: threads)
    let labels = [Int](repeating: TrialTargets.none, count: 20) + (0..<20).map { $0 % 5 }
    return try rule.gradient(TrialBatch(inputs: .spikes(spikes), targets: .classes(labels)))
  }

  /// Off by less than is said, and not to the bits of single precision: it is what was asked for.
  @Test(arguments: [128, 150, 251], [(AdjointPrecision.bfloat16, 1e-3), (.int16, 1e-4)])
  func gradientsAreNearThoseOfSinglePrecision(
    neurons: Int, rounding: (precision: AdjointPrecision, error: Double)
  ) throws {
    let single = try gradient(.single, neurons: neurons)
    let rounded = try gradient(rounding.precision, neurons: neurons)
    #expect(single.firingRate > 5)
    #expect(single.loss == rounded.loss)
    for (name, expected) in single.gradients.pairs {
      let found = try #require(rounded.gradients[name])
      var (difference, size) = (0.0, 0.0)
      for (value, number) in zip(found.values, expected.values) {
        difference += Double((value - number) * (value - number))
        size += Double(number * number)
      }
      #expect(difference.squareRoot() < rounding.error * size.squareRoot(), "\(name)")
      #expect((difference > 0) == name.hasPrefix("hidden"), "\(name)")
    }
  }

  @Test(arguments: [AdjointPrecision.bfloat16, .int16])
  func smallConnectionsKeepSinglePrecision(precision: AdjointPrecision) throws {
    let single = try gradient(.single, neurons: 127)
    let rounded = try gradient(precision, neurons: 127)
    for (name, tensor) in single.gradients.pairs {
      #expect(rounded.gradients[name]?.values == tensor.values)
    }
  }

  @Test(arguments: [AdjointPrecision.bfloat16, .int16])
  func threadsDoNotMatter(precision: AdjointPrecision) throws {
    let one = try gradient(precision, neurons: 150)
    let two = try gradient(precision, neurons: 150, threads: 2)
    for (name, tensor) in one.gradients.pairs {
      #expect(two.gradients[name]?.values == tensor.values)
    }
  }
}
