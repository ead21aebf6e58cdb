import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

/// The adaptive neuron with delays, refractoriness, leaky readout and rate regularizer: three neurons for
/// six steps, computed by hand and by automatic differentiation of the published equations.
@Suite struct AdaptiveWorkedExampleTests {
  struct Expected: Sendable, CustomTestStringConvertible {
    let convention: AdaptiveLIF.Convention
    let tolerance: Double
    let loss: Double
    let spikes: [[Double]]
    let inputWeights: [Double]
    let recurrentWeights: [Double]
    let readoutWeights: [Double]
    let bias: [Double]

    var testDescription: String { "reset \(convention.resetLag) steps after the spike" }
  }

  /// Gradients are [presynaptic, postsynaptic] here, as they were given.
  static let expected = [
    Expected(
      convention: .lsnn, tolerance: 1e-11, loss: 0.8128844166800577,
      spikes: [[0, 0, 0], [1, 0, 1], [0, 1, 0], [0, 0, 0], [1, 0, 0], [0, 1, 1]],
      inputWeights: [
        0.012459194775, -0.000005143957, 0.004565549103, 0.007686745777, -0.000005143957,
        0.002780229180,
      ],
      recurrentWeights: [
        0, 0, 0.001349323113, 0.003939437198, 0, 0.000012401679, 0.003939437198, 0, 0,
      ],
      readoutWeights: [
        0.048011649072, -0.048011649072, 0.036571338756, -0.036571338756, 0.035432671490,
        -0.035432671490,
      ],
      bias: [0.542290732408, -0.542290732408]),
    Expected(
      convention: .lsnnPaper, tolerance: 1e-9, loss: 0.8204558328456876,
      spikes: [[0, 0, 0], [1, 0, 1], [0, 1, 0], [0, 0, 0], [1, 0, 1], [0, 1, 0]],
      inputWeights: [
        0.0120135245, -0.0000256440, 0.0039783272, 0.0073010169, -0.0000256440, 0.0015029840,
      ],
      recurrentWeights: [0, 0, 0.0007327086, 0.0037417521, 0, 0, 0.0037417521, 0, 0],
      readoutWeights: [
        0.0483173088, -0.0483173088, 0.0368041653, -0.0368041653, 0.0483173088, -0.0483173088,
      ],
      bias: [0.5457431534, -0.5457431534]),
  ]

  private static let regularizers = [Regularizer.firingRate(strength: 0.1, target: 0.01)]

  /// A matrix [presynaptic, postsynaptic] the other way round.
  private static func turned<Element>(_ values: [Element], rows: Int) -> [Element] {
    let columns = values.count / rows
    return (0..<columns).flatMap { column in (0..<rows).map { values[$0 * columns + column] } }
  }

  private func network(_ convention: AdaptiveLIF.Convention) throws -> Network {
    let start = Initialization.constant(0)
    let model = AdaptiveLIF(
      timeStep: 0.001, membraneTimeConstant: 0.020, adaptationTimeConstant: 0.010, threshold: 0.1,
      adaptationStrength: .values([0, 0, 1.7]), refractorySteps: 2, convention: convention)
    let layer = Layer(
      neurons: 3, model: model,
      input: Connection(
        Delays(Dense(start), values: Self.turned([0, 1, 0, 1, 0, 1], rows: 2))),
      recurrent: Connection(
        Delays(
          Dense(start, excludesAutapses: true),
          values: Self.turned([0, 1, 0, 0, 0, 1, 1, 0, 0], rows: 3))))
    return try Network(
      timeStep: 0.001, inputs: 2, layers: [layer],
      readout: Readout(
        outputs: 2, connection: Connection(Dense(start), filter: .leaky(timeConstant: 0.020)),
        reduction: .meanOverWindows(steps: 2), bias: start))
  }

  private var parameters: NamedTensors<Double> {
    func weights(_ values: [Double], rows: Int) -> Tensor<Double> {
      Tensor(
        axes: ["neuron", "presynaptic"], shape: [values.count / rows, rows],
        values: Self.turned(values, rows: rows))
    }
    return NamedTensors([
      ("hidden.input.weights", weights([3, -1, 2.5, -2, 4, 1.5], rows: 2)),
      (
        "hidden.recurrent.weights", weights([0, 1.2, -0.7, 0.8, 0, 1.1, -0.9, 0.6, 0], rows: 3)
      ),
      ("readout.weights", weights([0.5, -0.3, -0.2, 0.4, 0.7, 0.1], rows: 3)),
      ("readout.bias", Tensor(axes: ["output"], shape: [2], values: [0.05, -0.05])),
    ])
  }

  private var inputs: Tensor<Double> {
    Tensor(
      axes: ["time", "trial", "channel"], shape: [6, 1, 2],
      values: [1, 0, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1])
  }

  /// The second class, in the last of three windows.
  private let targets = TrialTargets.classes([TrialTargets.none, TrialTargets.none, 1])

  private func check(
    _ gradients: NamedTensors<Double>, _ expected: Expected, within tolerance: Double
  ) throws {
    for (name, values, rows) in [
      ("hidden.input.weights", expected.inputWeights, 2),
      ("hidden.recurrent.weights", expected.recurrentWeights, 3),
      ("readout.weights", expected.readoutWeights, 3), ("readout.bias", expected.bias, 1),
    ] {
      let found = try #require(gradients[name]).values
      for (value, number) in zip(found, Self.turned(values, rows: rows)) {
        #expect(abs(value - number) <= tolerance, "\(name)")
      }
    }
  }

  @Test(arguments: expected)
  func reference(_ expected: Expected) throws {
    let network = try network(expected.convention)
    let engine = try ReferenceEngine(network)
    let run = try engine.run(inputs, parameters)
    #expect(run.traces[0][0].outputs == expected.spikes)
    let (loss, adjoint) = try Loss.crossEntropy.evaluate(run.readout, targets)
    let rates = Self.regularizers.rateTerms(of: run)
    #expect(abs(loss + rates.value - expected.loss) <= 1e-10)
    try check(
      engine.gradient(
        run, readoutAdjoint: adjoint, parameters, constantAdjoints: rates.adjoints),
      expected, within: expected.tolerance)
  }

  @Test(arguments: expected)
  func fastEngine(_ expected: Expected) throws {
    let rule = try BackpropagationThroughTime(
      network: network(expected.convention), parameters: parameters.converted(),
      loss: .crossEntropy, regularizers: Self.regularizers,
      optimizer: .adam(learningRate: 0.01), threads: 1)
    let batch = TrialBatch(
      inputs: .spikes(try #require(SpikeTensor(dense: inputs))), targets: targets)
    let result = try rule.gradient(batch)
    #expect(abs(result.loss - expected.loss) <= 2e-4 * expected.loss)
    let spikes: Tensor<Double> = try #require(
      rule.network.record(batch.inputs, rule.parameters, threads: 1).spikes(ofLayer: 0)
    ).dense()
    #expect(spikes.values == expected.spikes.flatMap { $0 })
    // Relative to the largest element of the gradients of a tensor, of which the least is 0.0039.
    try check(result.gradients.converted(), expected, within: 2e-4 * 0.0037)
  }

  /// The same trial many times is swept with trials as lanes, and has the same loss and gradient.
  @Test(arguments: expected, [16, 37])
  func manyTrials(_ expected: Expected, _ trials: Int) throws {
    let network = try network(expected.convention)
    #expect(network.laneLayout(trials: trials, spiking: true) == .trials)
    let rule = try BackpropagationThroughTime(
      network: network, parameters: parameters.converted(), loss: .crossEntropy,
      regularizers: Self.regularizers, optimizer: .adam(learningRate: 0.01), threads: 2)
    var spikes = SpikeTensor(steps: 6, trials: trials, neurons: 2)
    for index in inputs.values.indices where inputs.values[index] == 1 {
      for trial in 0..<trials { spikes[index / 2, trial, index % 2] = true }
    }
    let none = TrialTargets.none
    let classes = [none, none, 1].flatMap { [Int](repeating: $0, count: trials) }
    let result = try rule.gradient(
      TrialBatch(inputs: .spikes(spikes), targets: .classes(classes)))
    #expect(abs(result.loss - expected.loss) <= 2e-4 * expected.loss)
    try check(result.gradients.converted(), expected, within: 2e-4 * 0.0037)
  }

  @Test func membranePotentialsOfThePublishedConventions() throws {
    for (convention, last) in [
      (AdaptiveLIF.Convention.lsnn, [0.196132583265, 0.509816988675, 0.503954118637]),
      (.lsnnPaper, [0.2052073631, 0.4434922781, 0.4262795485]),
    ] {
      let run = try ReferenceEngine(network(convention)).run(inputs, parameters)
      for (value, expected) in zip(run.traces[0][0].potentials[5], last) {
        #expect(abs(value - expected) <= 1e-10)
      }
    }
  }
}
