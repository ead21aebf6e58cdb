import Foundation
import SynfireCore
import SynfireNetworks
import Testing

/// The neurons of rate-to-spike training, step by step.
@Suite struct FactorNeuronTests {
  @Test func deepReset() throws {
    let model = DeepResetLIF(timeStep: 0.001)
    let kernel = try model.reference(smoothed: false)
    var state = kernel.initialState
    let decay = exp(-0.1)
    // A drive below, one above; the reset, and the long way back.
    #expect(!kernel.step(&state, drive: -2).spikes)
    #expect(abs(kernel.potential(of: state) - -2 * (1 - decay)) < 1e-15)
    let before = 30 + (kernel.potential(of: state) - 30) * decay
    #expect(before > 0)
    #expect(kernel.step(&state, drive: 30).spikes)
    #expect(kernel.potential(of: state) == 1e-16 - 10)
    var potential = -10.0
    for _ in 0..<23 {
      #expect(!kernel.step(&state, drive: 1).spikes)
      potential = 1 + (potential - 1) * decay
      #expect(abs(kernel.potential(of: state) - potential) < 1e-14)
    }
    // ln(11) time constants of ten steps, so 24 steps, bring -10 to 0 under a drive of 1.
    #expect(kernel.potential(of: state) > -0.2)
    #expect(kernel.step(&state, drive: 1).spikes)
  }

  @Test func thresholdCounts() throws {
    let kernel = try DeepResetLIF(timeStep: 0.001, threshold: 0).reference(smoothed: false)
    var state = kernel.initialState
    #expect(kernel.step(&state, drive: 0).spikes)
  }

  @Test func constantsAreChecked() {
    #expect(throws: NetworkError.self) {
      try DeepResetLIF(timeStep: 0.001, resetDepth: 0).reference(smoothed: false)
    }
    #expect(throws: NetworkError.self) {
      try DeepResetLIF(timeStep: 0.02).reference(smoothed: false)
    }
    #expect(throws: NetworkError.self) {
      try RateUnit(timeStep: 0.001, membraneTimeConstant: -0.01, nonlinearity: .drive).reference(
        smoothed: false)
    }
  }

  /// The worked example of the specification: two rate units driven by the wanted output.
  private func rateNetwork(_ model: any NeuronModel) throws -> FeedbackStepper {
    let network = try FeedbackNetwork(
      timeStep: 0.001, inputs: 1, neurons: 2, model: model, input: Dense(.values([1, 0.3])),
      synapses: [
        .init(
          name: "random", connectivity: Dense(.values([0, 0.7, -0.7, 0.2])), filter: .none)
      ], factors: 1, encoders: .values([0.5, -1]))
    var parameters: NamedTensors<Double> = network.initialParameters(seed: 0).converted()
    parameters.update("hidden.input.weights") { $0.values = [1, 0.3] }
    parameters.update("hidden.recurrent.random.weights") { $0.values = [0, 0.7, -0.7, 0.2] }
    return try FeedbackStepper(network, parameters)
  }

  /// - Parameter outputs: what the units put out in the step before the first.
  private func start(_ stepper: FeedbackStepper, _ states: [Double], outputs: [Double]) {
    var state = stepper.state
    state.update("neurons") { $0.values = states }
    state.update("synapses.random") {
      $0.values = [0, 0, 0.7 * outputs[1], -0.7 * outputs[0] + 0.2 * outputs[1]]
    }
    stepper.state = state
  }

  private func expect(_ values: [Double], _ expected: [Double]) {
    for (a, b) in zip(values, expected) { #expect(abs(a - b) < 1e-11) }
  }

  @Test func boundedRateUnits() throws {
    let stepper = try rateNetwork(
      RateUnit(timeStep: 0.001, membraneTimeConstant: 0.010, nonlinearity: .drive))
    start(stepper, [0.1, -0.3], outputs: [0.1, -0.3])
    for row in [[0.133708150308, -0.305967404523], [0.163892448182, -0.31339692781]] {
      stepper.step(inputs: [0.5], factors: [0.4])
      expect(stepper.state["neurons"]!.values, row)
    }
  }

  @Test func rateUnitsOfFullFORCE() throws {
    let stepper = try rateNetwork(RateUnit(timeStep: 0.001, membraneTimeConstant: 0.010))
    start(stepper, [0.1, -0.3], outputs: [tanh(0.1), tanh(-0.3)])
    let currents = [
      [-0.00391882871611, -0.528030118728], [-0.0086652493621, -0.555398580218],
    ]
    let states = [[0.137692106927, -0.307425547569], [0.171345653995, -0.316748914319]]
    for (current, state) in zip(currents, states) {
      stepper.step(inputs: [0.5], factors: [0.4])
      expect((0..<2).map { stepper.meanDrive.pointer[$0] }, current)
      expect(stepper.state["neurons"]!.values, state)
    }
  }
}
