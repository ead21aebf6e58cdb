import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

/// The first number that is not finite is named, and the parameters stay as they were.
@Suite struct NonFiniteTests {
  private func rule() throws -> BackpropagationThroughTime {
    let network = try Network(
      timeStep: 0.002, inputs: 2,
      layers: [
        Layer(
          neurons: 20, model: LIF(timeStep: 0.002, membraneTimeConstant: 0.020),
          input: Connection(Dense(.normal(deviation: 1))),
          recurrent: Connection(Dense(.normal(deviation: 1))))
      ],
      readout: Readout(
        outputs: 1, connection: Connection(Dense(.normal(deviation: 1))), reduction: .everyStep))
    return try BackpropagationThroughTime(
      network: network, parameters: network.initialParameters(seed: 1), loss: .meanSquaredError,
      optimizer: .adam(learningRate: 1e-3), threads: 2)
  }

  private func batch(_ change: (inout Tensor<Float>) -> Void) -> TrialBatch {
    var inputs = Tensor<Float>(
      axes: ["time", "trial", "channel"], shape: [30, 40, 2], repeating: 0.5)
    change(&inputs)
    return TrialBatch(
      inputs: .analog(inputs),
      targets: .values(Tensor(axes: ["time", "trial", "output"], shape: [30, 40, 1])))
  }

  @Test func anInfiniteStateIsNamed() throws {
    var rule = try rule()
    // One weight and one input whose product overflows, for neuron 7 at step 11 of trial 33.
    rule.parameters.update("hidden.input.weights") { $0[7, 1] = 1e30 }
    let before = rule.parameters
    let error = #expect(throws: LearningError.self) {
      try rule.step(batch { $0[11, 33, 1] = -1e30 })
    }
    #expect(error?.place == "layer hidden, step 11, neuron 7, trial 33")
    #expect(error?.what == "a state is not finite at update 0")
    #expect(rule.parameters == before)
    #expect(rule.updates == 0)
  }

  @Test func aParameterThatIsNotANumberIsNamed() throws {
    var rule = try rule()
    rule.parameters.update("hidden.recurrent.weights") { $0[3, 4] = .nan }
    // Neuron 4 must spike for the number to be met.
    let error = #expect(throws: LearningError.self) {
      try rule.step(batch { tensor in for i in tensor.values.indices { tensor.values[i] = 100 } })
    }
    #expect(error?.place == "hidden.recurrent.weights[3, 4]")
  }

  @Test func aHealthyBatchTrains() throws {
    var rule = try rule()
    let metrics = try rule.step(batch { _ in })
    #expect(metrics.loss.isFinite)
    #expect(rule.updates == 1)
  }
}
