import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

/// The worked example of rate-to-spike training: three neurons, two factors, four steps, two updates.
@Suite struct FactorWorkedExampleTests {
  private struct Step {
    let potential: [Double]
    let spikes: [Int]
    let slow: [Double]
    let fast: [Double]
    let common: Double
    let traces: [Double]
    let factors: [Double]
    let output: Double
  }

  private struct Update {
    let gain: [Double]
    let weights: [[Double]]
    let diagonal: [Double]
    let trace: Double
    let readoutGain: [Double]
    let readoutWeights: [Double]
    let readoutMatrix: [Double]
    let errors: [Double]
  }

  private let steps = [
    Step(
      potential: [-10, -0.140047573363, -0.267644722132], spikes: [0], slow: [0.05, -0.03, 0.02],
      fast: [0.6, 3, 0.1], common: -0.2, traces: [1, 0, 0, 1, 0, 0], factors: [0, 0], output: 0),
    Step(
      potential: [-8.82474211274, -10, -0.204109926539], spikes: [1],
      slow: [0.0695024916875, 0.0302985049875, -0.030199003325],
      fast: [0.191238451847, 2.85619225923, -0.718126924692], common: -0.363746150616,
      traces: [0.990049833749, 1, 0, 0.818730753078, 1, 0], factors: [0, 0], output: 0),
    Step(
      potential: [-8.00427536779, -8.80354516019, -0.292417200898], spikes: [],
      slow: [0.0688109303403, 0.0299970298257, -0.0298985182213],
      fast: [0.156572801698, 2.33845243934, -0.587952597859], common: -0.297810159823,
      traces: [0.980198673307, 0.990049833749, 0, 0.670320046036, 0.818730753078, 0],
      factors: [0.572501771491, 0.500939050055], output: 0.05),
    Step(
      potential: [-7.20109060768, -7.68497447743, -0.354310977243], spikes: [],
      slow: [0.0681262501436, 0.029698554392, -0.0296010229944],
      fast: [0.128190967846, 1.9145629267, -0.481374873219], common: -0.243826336426,
      traces: [0.970445533549, 0.980198673307, 0, 0.548811636094, 0.670320046036, 0],
      factors: [0.498516991914, 0.61472620049], output: -0.0288961727002),
  ]

  private let updates = [
    1: Update(
      gain: [0.212890194298, 0.215029776322, 0, 0.176051490702, 0.215029776322, 0],
      weights: [
        [0.170312155439, 0.172023821057, 0, 0.140841192562, 0.172023821057, 0],
        [0.149023136009, 0.150520843425, 0, 0.123236043491, 0.150520843425, 0],
      ], diagonal: [0.789228098528, 0.784970223678, 1, 0.855861230437, 0.784970223678, 1],
      trace: 5.21502977632, readoutGain: [0, 0, 0.5], readoutWeights: [0, 0, 0.05],
      readoutMatrix: [1, 0, 1, 0, 0, 0.5], errors: [-0.172023821057, -0.150520843425]),
    2: Update(
      gain: [0.161817526115, 0.163443819289, 0, 0.0502762956871, 0.0614076062223, 0],
      weights: [
        [0.158580098137, 0.16017385462, 0, 0.13719607206, 0.167571660823, 0],
        [0.213598191698, 0.215744889213, 0, 0.143299349808, 0.175026221098, 0],
      ], diagonal: [0.745263560106, 0.740117542667, 1, 0.851617205308, 0.778638882173, 1],
      trace: 5.11563719025, readoutGain: [0.275413606782, 0.240986905934, 0.24053515683],
      readoutWeights: [-0.0413120410173, -0.0361480358902, 0.0139197264755],
      readoutMatrix: [
        0.842325222224, -0.137965430554, 0.879280248266, -0.137706803391, -0.120493452967,
        0.379732421585,
      ], errors: [0.0431814493436, -0.237677367611]),
  ]

  private let encoders = [[1.5, -0.5], [0.4, 1.2], [-0.8, 0.9]]
  private let input = [[2.0], [-0.5], [0.5]]
  private let offset = [0.1, -0.05, 0.02]
  private let fastWeights = [[0.6, -0.3, 0.2], [3.0, 0.4, 0.7], [0.1, -0.8, -0.2]]
  private let slowWeights = [[0.05, 0.02, -0.04], [-0.03, 0.06, 0.01], [0.02, -0.05, 0.03]]
  private let potential = [-0.05, -0.2, -0.3]
  private let factors = [1.0, 0.4]
  private let drive = [1.0, 1, 0, 0]
  private let targets = [[1, 0.5], [0.8, 0.7], [0.5, 0.9], [0.2, 1.0]]
  private let outputs = [0.3, 0.1, -0.1, -0.2]

  private func expect(
    _ values: some Sequence<Double>, _ expected: [Double], _ what: String, _ time: Int
  ) {
    let values = Array(values)
    #expect(values.count == expected.count)
    for (value, wanted) in zip(values, expected) {
      // The example has twelve digits.
      #expect(abs(value - wanted) <= 1e-11 * max(1, abs(wanted)), "\(what) at \(time + 1)")
    }
  }

  @Test func plainReference() {
    var network = PlainFactorNetwork(
      encoders: encoders, input: input, offset: offset, fastWeights: fastWeights,
      slowWeights: slowWeights, common: -0.2, potential: potential, factors: factors)
    var decoder = PlainLeastSquares(regressors: 6, outputs: 2)
    var readout = PlainLeastSquares(regressors: 3, outputs: 1)
    for (time, step) in steps.enumerated() {
      network.step([drive[time]])
      let y = decoder.predict(network.traces)
      let z = readout.predict(y + [1])
      network.factors = y
      expect(network.potential, step.potential, "potential", time)
      #expect(network.spikes == step.spikes)
      expect(network.slow, step.slow, "slow", time)
      expect(network.fast, step.fast, "fast", time)
      expect([network.inhibition], [step.common], "common", time)
      expect(network.traces, step.traces, "traces", time)
      expect(y, step.factors, "factors", time)
      expect(z, [step.output], "output", time)
      guard let update = updates[time] else { continue }
      decoder.update(network.traces, errors: zip(y, targets[time]).map { $0 - $1 })
      readout.update(y + [1], errors: [z[0] - outputs[time]])
      expect(decoder.gain, update.gain, "gain", time)
      expect(decoder.weights.joined(), update.weights.flatMap { $0 }, "weights", time)
      expect(
        decoder.correlation.indices.map { decoder.correlation[$0][$0] }, update.diagonal, "P", time)
      expect(readout.gain, update.readoutGain, "readout gain", time)
      expect(readout.weights[0], update.readoutWeights, "readout weights", time)
    }
  }

  private func makeStepper() throws -> FeedbackStepper {
    func leaky(_ timeConstant: Double) -> SpikeFilter {
      .leaky(timeConstant: timeConstant, isNormalized: false)
    }
    let network = try FeedbackNetwork(
      timeStep: 0.001, inputs: 1, neurons: 3, model: DeepResetLIF(timeStep: 0.001),
      input: Dense(.constant(0)),
      synapses: [
        .init(name: "slow", connectivity: Dense(.constant(0)), filter: leaky(0.1)),
        .init(name: "fast", connectivity: Dense(.constant(0)), filter: leaky(0.005)),
        .init(
          name: "common", connectivity: Common(0), filter: leaky(0.005), entersMean: false),
      ], traces: [leaky(0.1), leaky(0.005)], factors: 2, outputs: 1)
    var parameters: NamedTensors<Double> = network.initialParameters(seed: 0).converted()
    for (name, values) in [
      ("hidden.input.weights", input.flatMap { $0 }),
      ("hidden.recurrent.slow.weights", slowWeights.flatMap { $0 }),
      ("hidden.recurrent.fast.weights", fastWeights.flatMap { $0 }),
      ("hidden.recurrent.common.weight", [-0.2]), ("hidden.offset", offset),
      ("hidden.encoders", encoders.flatMap { $0 }),
    ] {
      parameters.update(name) { $0.values = values }
    }
    let stepper = try FeedbackStepper(network, parameters)
    var state = stepper.state
    state.update("neurons") { $0.values = potential }
    stepper.state = state
    return stepper
  }

  /// Through the engine; the inverse correlation taken as it is, or following the spikes in blocks.
  @Test(arguments: [false, true]) func engine(tracked: Bool) throws {
    let stepper = try makeStepper()
    let pool = WorkerPool(threads: 1)
    let blockSize = tracked ? 32 : 1
    var decoder = try RecursiveDecoder(
      regressors: 6, outputs: 2, blockSize: blockSize, pool: pool)
    var readout = try RecursiveDecoder(
      regressors: 3, outputs: 1, blockSize: blockSize, pool: pool)
    if tracked {
      try decoder.correlation.track(groups: [0..<3, 3..<6], stepper.traces.pointer)
    }
    let extended = AlignedBuffer<Double>(count: 8)
    extended.pointer[2] = 1
    var (y, z) = (factors, [0.0])
    for (time, step) in steps.enumerated() {
      stepper.step(inputs: [drive[time]], factors: y)
      decoder.correlation.advance(
        decays: stepper.traceDecays, jumps: stepper.traceJumps, events: stepper.events)
      decoder.predict(stepper.traces.pointer, into: &y)
      extended.pointer.update(from: y, count: 2)
      readout.predict(extended.pointer, into: &z)
      let state = stepper.state
      expect(state["neurons"]!.values, step.potential, "potential", time)
      #expect(stepper.events == step.spikes)
      expect(state["synapses.slow"]!.values[3...], step.slow, "slow", time)
      expect(state["synapses.fast"]!.values[3...], step.fast, "fast", time)
      expect(
        state["synapses.common"]!.values[3...], [Double](repeating: step.common, count: 3),
        "common", time)
      expect(state["traces"]!.values, step.traces, "traces", time)
      expect(y, step.factors, "factors", time)
      expect(z, [step.output], "output", time)
      guard let update = updates[time] else { continue }
      let before = zip(y, targets[time]).map { $0 - $1 }
      let variance = try decoder.update(stepper.traces.pointer, errors: before)
      try readout.update(extended.pointer, errors: [z[0] - outputs[time]])
      expect(decoder.gain, update.gain, "gain", time)
      expect(decoder.weights.values, update.weights.flatMap { $0 }, "weights", time)
      let triangle = try decoder.correlation.triangle
      let diagonal = (0..<6).map { triangle[$0 * ($0 + 3) / 2] }
      expect(diagonal, update.diagonal, "P", time)
      expect([diagonal.reduce(0, +)], [update.trace], "trace of P", time)
      expect(readout.gain, update.readoutGain, "readout gain", time)
      expect(readout.weights.values, update.readoutWeights, "readout weights", time)
      expect(try readout.correlation.triangle, update.readoutMatrix, "readout P", time)
      var after = [0.0, 0]
      decoder.predict(stepper.traces.pointer, into: &after)
      expect(zip(after, targets[time]).map { $0 - $1 }, update.errors, "error", time)
      expect(before.map { $0 / (1 + variance) }, update.errors, "shrunk error", time)
    }
  }
}
