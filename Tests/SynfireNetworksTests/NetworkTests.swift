import SynfireCore
import SynfireNetworks
import Testing

@Suite struct NetworkTests {
  private func network(
    timeStep: Double = 0.002, membrane: Double = 0.020, neurons: Int = 20, name: String = "hidden",
    latency: Int? = nil
  ) throws -> Network {
    try Network(
      timeStep: timeStep, inputs: 4,
      layers: [
        Layer(
          name: name, neurons: neurons,
          model: LIF(timeStep: timeStep, membraneTimeConstant: membrane),
          input: Connection(Dense(.normal(deviation: 0.5))),
          recurrent: Connection(
            Modes(
              3, modeInitialization: .normal(deviation: 1), scoreInitialization: .constant(0.1)),
            filter: .single(decay: 0.030), latency: latency))
      ],
      readout: Readout(
        outputs: 2, connection: Connection(Dense(.normal(deviation: 1))), reduction: .everyStep))
  }

  @Test func namesAndShapes() throws {
    let specifications = try network().parameterSpecifications
    #expect(
      specifications.map(\.name) == [
        "hidden.input.weights", "hidden.recurrent.inputModes", "hidden.recurrent.outputModes",
        "hidden.recurrent.scores", "readout.weights",
      ])
    #expect(specifications.map(\.shape) == [[20, 4], [20, 3], [20, 3], [3], [2, 20]])
  }

  @Test func delayedSynapsesOfAReadoutAreRefused() throws {
    let network = try network()
    let delayed = Connection(
      Delays(Dense(.normal(deviation: 1)), count: 3, seed: 0, name: "readout"))
    #expect(throws: NetworkError.self) {
      try Network(
        timeStep: network.timeStep, inputs: network.inputs, layers: network.layers,
        readout: Readout(outputs: 2, connection: delayed, reduction: .everyStep))
    }
  }

  @Test func initialParametersDependOnTheSeedOnly() throws {
    let network = try network(neurons: 400)
    let first = network.initialParameters(seed: 1)
    #expect(first == network.initialParameters(seed: 1))
    #expect(first != network.initialParameters(seed: 2))
    let weights = first["hidden.input.weights"]!.values.map { Double($0) }
    let variance = weights.reduce(0) { $0 + $1 * $1 } / Double(weights.count)
    // 1 600 draws: the variance has a relative standard error of 3.5 %.
    #expect(abs(variance / 0.25 - 1) < 0.15)
    #expect(first["hidden.recurrent.scores"]!.values.allSatisfy { $0 == 0.1 })
    try network.validate(first)
  }

  @Test func badConstantsAreNamed() {
    #expect(throws: NetworkError.self) { try network(timeStep: 0.050) }
    #expect(throws: NetworkError.self) { try network(membrane: -0.020) }
    #expect(throws: NetworkError.self) { try network(neurons: 0) }
    #expect(throws: NetworkError.self) { try network(name: "readout") }
    #expect(throws: NetworkError.self) { try network(latency: 1) }
    #expect(throws: NetworkError.self) { try network(latency: 64) }
    let error = #expect(throws: NetworkError.self) { try network(timeStep: 0.050) }
    #expect(error?.what.contains("0.05 s is longer than membraneTimeConstant of 0.02 s") == true)
  }

  @Test func allMisfitsAreListed() throws {
    let network = try network()
    var parameters = network.initialParameters(seed: 0)
    parameters["hidden.recurrent.scores"] = nil
    parameters["extra"] = Tensor(axes: ["x"], shape: [1], values: [0])
    parameters["readout.weights"] = Tensor(axes: ["a", "b"], shape: [20, 2], repeating: 0)
    parameters.update("hidden.input.weights") { $0.values[5] = .nan }
    let error = #expect(throws: NetworkError.self) { try network.validate(parameters) }
    let text = error?.what ?? ""
    #expect(text.contains("hidden.recurrent.scores is missing"))
    #expect(text.contains("extra belongs to no part"))
    #expect(text.contains("readout.weights has shape [20, 2] instead of [2, 20]"))
    #expect(text.contains("hidden.input.weights is not finite at [1, 1]"))
  }
}
