import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

/// The worked example of e-prop: two neurons for five steps, checked against automatic differentiation with
/// the recurrent and the resetting spikes taken as constants.
@Suite struct EligibilityPropagationTests {
  private let inputs: [[Double]] = [[1, 0], [1, 1], [0, 1], [1, 1], [1, 0]]
  private let targets = [0.2, 0.4, 0.1, -0.3, 0.5]
  private let expectedLoss = 0.2914472550238868
  /// [presynaptic, postsynaptic].
  private let expectedInput = [-1.7318882891, 0.5248952741, -1.2024370874, 0.2284299852]
  private let expectedRecurrent = [0, 0.1601612251, -0.8916958880, 0]
  private let expectedReadout = [-1.8261012285, -2.6657894122]

  // A counter that is clipped before it counts down blocks one step less than it says.
  private let model = AdaptiveLIF(
    timeStep: 0.001, membraneTimeConstant: 0.020, adaptationTimeConstant: 0.010, threshold: 0.6,
    adaptationStrength: .values([0, 0.5]), refractorySteps: 0, convention: .eprop)

  private func matrix(_ values: [Double], rows: Int) -> Tensor<Double> {
    Tensor(
      axes: ["neuron", "presynaptic"], shape: [rows, values.count / rows], values: values)
  }

  private var parameters: NamedTensors<Double> {
    NamedTensors([
      ("hidden.input.weights", matrix([0.5, 0.2, 0.4, 0.7], rows: 2)),
      ("hidden.recurrent.weights", matrix([0, -0.2, 0.3, 0], rows: 2)),
      ("readout.weights", matrix([0.8, -0.6], rows: 1)),
    ])
  }

  @Test func workedExample() throws {
    let constants = EligibilityConstants<Double>(
      model, try model.kernelParameters(NamedTensors(), neurons: 2))
    let readout = try #require(parameters["readout.weights"])
    var trial = EligibilityTrial(
      constants, input: LeakySynapses(weights: try #require(parameters["hidden.input.weights"])),
      recurrent: [LeakySynapses(weights: try #require(parameters["hidden.recurrent.weights"]))],
      readoutWeights: readout, feedback: readout.values, bias: nil,
      readoutDecay: 0.951229424500714, readoutGain: 1)
    let potentials = [
      0.5, 0.4, 1.1756147123, 1.4804917698, 0.5182793062, 1.8082873342, 0.9930025261,
      2.2200961202, 0.6445732215, 2.2118207548,
    ]
    let spikes: [Double] = [0, 0, 1, 1, 0, 1, 1, 1, 1, 1]
    let outputs = [0, 0.2, -0.4097541151, -0.1897701711, 0.0194850294]
    var loss = 0.0
    for step in 0..<5 {
      let ended = trial.step(inputs[step]) { y, error in
        error[0] = y[0] - targets[step]
        loss += error[0] * error[0] / 2
      }
      let y = try #require(ended)
      #expect(abs(y[0] - outputs[step]) <= 1e-10)
      for neuron in 0..<2 {
        #expect(abs(trial.potentials[neuron] - potentials[2 * step + neuron]) <= 1e-10)
        #expect(trial.spikes[neuron] == spikes[2 * step + neuron])
      }
    }
    #expect(abs(loss - expectedLoss) <= 1e-12)
    for (found, expected) in [
      (trial.input.traces.gradient, expectedInput), (trial.readoutGradient, expectedReadout),
      // The rule of an autapse is left out by the connectivity.
      (
        [1, 2].map { trial.recurrent[0].traces.gradient[$0] }, [0.1601612251, -0.8916958880]
      ),
    ] {
      for (value, number) in zip(found, expected) { #expect(abs(value - number) <= 1e-10) }
    }
  }

  private func network(_ model: AdaptiveLIF) throws -> Network {
    try Network(
      timeStep: 0.001, inputs: 2,
      layers: [
        Layer(
          neurons: 2, model: model, input: Connection(Dense(.constant(0))),
          recurrent: Connection(Dense(.constant(0), excludesAutapses: true)))
      ],
      readout: Readout(
        outputs: 1,
        connection: Connection(
          Dense(.constant(0)), filter: .leaky(timeConstant: 0.020, isNormalized: false)),
        reduction: .everyStep))
  }

  private var batch: TrialBatch {
    TrialBatch(
      inputs: .analog(
        Tensor(
          axes: ["time", "trial", "channel"], shape: [5, 1, 2],
          values: inputs.flatMap { $0.map { Float($0) } })),
      targets: .values(
        Tensor(
          axes: ["time", "trial", "output"], shape: [5, 1, 1],
          values: targets.map { Float($0) })))
  }

  @Test func ruleInSinglePrecision() throws {
    let rule = try EligibilityPropagation(
      network: network(model), parameters: parameters.converted(), loss: .meanSquaredError,
      optimizer: .adam(learningRate: 0.01), threads: 1)
    let result = try rule.gradient(batch)
    // The mean of squares is 2/5 of half their sum.
    #expect(abs(result.loss * 2.5 - expectedLoss) <= 2e-4 * expectedLoss)
    for (name, expected, rows) in [
      ("hidden.input.weights", expectedInput, 2),
      ("hidden.recurrent.weights", expectedRecurrent, 2),
      ("readout.weights", expectedReadout, 2),
    ] {
      let found = try #require(result.gradients[name])
      let columns = expected.count / rows
      for pre in 0..<rows {
        for post in 0..<columns {
          let value = Double(found.values[post * rows + pre]) * 2.5
          #expect(abs(value - expected[pre * columns + post]) <= 2e-4, "\(name)")
        }
      }
    }
    #expect(try rule.evaluate(batch).loss.isFinite)
  }

  /// Nine neurons without recurrent synapses, classes at every step or window of five trials.
  private func classification(
    _ convention: AdaptiveLIF.Convention, window: Int = 1
  ) throws -> (network: Network, batch: TrialBatch) {
    var stream = RandomStream(seed: 4, stream: "e-prop test")
    let model = AdaptiveLIF(
      timeStep: 0.001, membraneTimeConstant: 0.020, adaptationTimeConstant: 0.050,
      threshold: convention.scalesCurrent ? 0.1 : 2, adaptationStrength: 0.8,
      refractorySteps: 2, convention: convention)
    let network = try Network(
      timeStep: 0.001, inputs: 6,
      layers: [Layer(neurons: 9, model: model, input: Connection(Dense(.normal(deviation: 1))))],
      readout: Readout(
        outputs: 3,
        connection: Connection(
          Dense(.normal(deviation: 0.5)), filter: .leaky(timeConstant: 0.020)),
        reduction: window == 1 ? .everyStep : .meanOverWindows(steps: window),
        bias: .constant(0)))
    let labels = (0..<40 / window * 5).map { step in
      stream.bernoulli(0.25) ? TrialTargets.none : step % 5 % 3
    }
    let inputs = Tensor<Float>(
      axes: ["time", "trial", "channel"], shape: [40, 5, 6], values: stream.normals(40 * 5 * 6))
    return (network, TrialBatch(inputs: .analog(inputs), targets: .classes(labels)))
  }

  /// Without recurrent synapses, and with a reset by a constant, nothing is left out: the estimate is the
  /// gradient.
  @Test(arguments: [1, 8]) func isTheGradientWhereNoPathIsLeftOut(window: Int) throws {
    var scaled = AdaptiveLIF.Convention.lsnn
    scaled.differentiatesReset = false
    scaled.resetsByBaseline = true
    for convention in [scaled, .eprop] {
      let (network, batch) = try classification(convention, window: window)
      let parameters = network.initialParameters(seed: 2)
      let regularizers = [Regularizer.firingRate(strength: 0.3, target: 0.01)]
      let online = try EligibilityPropagation(
        network: network, parameters: parameters, loss: .crossEntropy, regularizers: regularizers,
        optimizer: .adam(learningRate: 0.01), threads: 2
      ).gradient(batch)
      let full = try BackpropagationThroughTime(
        network: network, parameters: parameters, loss: .crossEntropy, regularizers: regularizers,
        optimizer: .adam(learningRate: 0.01), threads: 2
      ).gradient(batch)
      #expect(abs(online.loss - full.loss) <= 1e-5)
      #expect(full.firingRate > 5)
      #expect(online.readout.shape == full.readout.shape)
      for (value, number) in zip(online.readout.values, full.readout.values) {
        #expect(abs(value - number) <= 1e-5)
      }
      for (name, gradient) in full.gradients.pairs {
        let found = try #require(online.gradients[name]).values
        let size = gradient.values.reduce(0) { max($0, abs($1)) }
        #expect(size > 0)
        for (value, number) in zip(found, gradient.values) {
          #expect(abs(value - number) <= 2e-4 * size, "\(name)")
        }
      }
    }
  }

  @Test(arguments: EligibilityPropagation.Feedback.allCases)
  func learnsWithAnyFeedback(_ feedback: EligibilityPropagation.Feedback) throws {
    let (network, batch) = try classification(.eprop)
    var rule = try EligibilityPropagation(
      network: network, parameters: network.initialParameters(seed: 2), loss: .crossEntropy,
      optimizer: .adam(learningRate: 0.02), feedback: feedback, feedbackDecay: 1e-3, threads: 2)
    let before = try rule.evaluate(batch).loss
    for _ in 0..<150 { _ = try rule.step(batch) }
    #expect(try rule.evaluate(batch).loss < 0.7 * before)
    #expect((rule.state["feedback"] == nil) == (feedback == .symmetric))
  }

  @Test func refusesWhatItIsNotFor() throws {
    let delayed = try Network(
      timeStep: 0.001, inputs: 2,
      layers: [
        Layer(
          neurons: 2, model: model,
          input: Connection(Delays(Dense(.constant(0)), values: [0, 1, 0, 0])))
      ],
      readout: Readout(
        outputs: 1, connection: Connection(Dense(.constant(0))), reduction: .everyStep))
    #expect(throws: LearningError.self) {
      try EligibilityPropagation(
        network: delayed, parameters: delayed.initialParameters(seed: 0), loss: .meanSquaredError,
        optimizer: .adam(learningRate: 0.01), threads: 1)
    }
  }
}
