import Foundation
import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

/// The rule on networks of spiking and of rate units.
@Suite struct RecursiveLeastSquaresTests {
  private func leaky(_ timeConstant: Double) -> SpikeFilter {
    .leaky(timeConstant: timeConstant, isNormalized: false)
  }

  private func network(
    neurons: Int, factors: Int = 2, outputs: Int = 1, randomGain: Double = 0.1,
    source: FeedbackNetwork.Source = .factors
  ) throws -> FeedbackNetwork {
    let count = Double(neurons)
    return try FeedbackNetwork(
      timeStep: 0.001, inputs: 1, neurons: neurons, model: DeepResetLIF(timeStep: 0.001),
      input: Dense(.normal(deviation: 1)),
      synapses: [
        .init(
          name: "slow",
          connectivity: Dense(.normal(deviation: randomGain / 0.1 / count.squareRoot())),
          filter: leaky(0.1)),
        .init(
          name: "fast",
          connectivity: Dense(.normal(deviation: randomGain / 0.005 / count.squareRoot())),
          filter: leaky(0.005)),
        .init(
          name: "common", connectivity: Common(-0.3 / 0.005 / count), filter: leaky(0.005),
          entersMean: false),
      ], traces: [leaky(0.1), leaky(0.005)], factors: factors,
      encoders: .normal(deviation: 2), outputs: outputs, source: source)
  }

  /// Factors and one output that are sines of the period of a trial; a pulse begins each.
  private func batch(_ trials: Int, steps: Int, factors: Int = 2) -> TrialBatch {
    var inputs = Tensor<Float>(axes: ["time", "trial", "channel"], shape: [steps, trials, 1])
    var targets = Tensor<Float>(
      axes: ["time", "trial", "output"], shape: [steps, trials, factors + 1])
    for time in 0..<steps {
      let phase = 2 * Double.pi * Double(time) / Double(steps)
      for trial in 0..<trials {
        inputs[time, trial, 0] = time < steps / 10 ? 1 : 0
        for index in 0...factors {
          targets[time, trial, index] = Float(sin(phase * Double(1 + index / 2) + Double(index)))
        }
      }
    }
    return TrialBatch(inputs: .analog(inputs), targets: .values(targets))
  }

  /// Those who look on see every step, with the drives that the equations give from rest on.
  @Test func observersSeeWhatDrives() throws {
    let neurons = 20
    let network = try network(neurons: neurons)
    var parameters = network.initialParameters(seed: 3)
    parameters.update("factors.decoders") { tensor in
      for index in tensor.values.indices { tensor.values[index] = Float(sin(Double(index))) / 20 }
    }
    let rule = try RecursiveLeastSquares(
      network: network, parameters: parameters, constants: constants(settling: 0, averaging: 0),
      seed: 1, threads: 1)
    let encoders = parameters["hidden.encoders"]!
    let synapses = [("slow", exp(-0.01)), ("fast", exp(-0.2))].map { name, decay in
      (weights: parameters["hidden.recurrent.\(name).weights"]!, decay: decay)
    }
    var currents = [[Double]](
      repeating: [Double](repeating: 0, count: neurons), count: synapses.count)
    var (seen, largest, worst) = ([Int](), 0.0, 0.0)
    let trials = batch(2, steps: 60)
    let run = try rule.freeRun(trials, recordsSpikes: true) { step in
      seen.append(step.trial * 60 + step.time)
      #expect(step.inputs[0] == (step.time < 6 ? 1 : 0))
      for neuron in 0..<neurons {
        let fedBack = step.factors.indices.reduce(0) {
          $0 + Double(encoders[neuron, $1]) * step.factors[$1]
        }
        let expected = fedBack + currents[0][neuron] + currents[1][neuron]
        largest = max(largest, abs(fedBack))
        worst = max(worst, abs(step.stepper.meanDrive.pointer[neuron] - expected))
        for (kind, synapse) in synapses.enumerated() {
          currents[kind][neuron] = step.stepper.events.reduce(
            synapse.decay * currents[kind][neuron]
          ) { $0 + Double(synapse.weights[neuron, $1]) }
        }
      }
    }
    #expect(worst < 1e-10 && largest > 0.01)
    #expect(seen == Array(0..<120) && run.spikes.count > 20)
    // Looking on changes nothing.
    #expect(try rule.freeRun(trials).readout == run.readout)
  }

  private func constants(settling: Int = 1, averaging: Int = 2) -> RecursiveLeastSquares.Constants {
    var constants = RecursiveLeastSquares.Constants()
    constants.settling = settling
    constants.averaging = averaging
    return constants
  }

  private func rule(
    _ network: FeedbackNetwork, _ constants: RecursiveLeastSquares.Constants, threads: Int = 1
  ) throws -> RecursiveLeastSquares {
    try RecursiveLeastSquares(
      network: network, parameters: network.initialParameters(seed: 5), constants: constants,
      initialPotentialDeviation: 1e-3, seed: 5, threads: threads)
  }

  private func rows(_ tensor: Tensor<Float>) -> [[Double]] {
    (0..<tensor.shape[0]).map { row in (0..<tensor.shape[1]).map { Double(tensor[row, $0]) } }
  }

  /// All phases against the specification written out.
  @Test func agreesWithThePlainNetwork() throws {
    let (neurons, steps) = (24, 80)
    let network = try network(neurons: neurons)
    var rule = try rule(network, constants(settling: 2, averaging: 3))
    let start = try rule.preciseState["network.neurons"]!.values
    let parameters = network.initialParameters(seed: 5)
    var plain = PlainFactorNetwork(
      encoders: rows(parameters["hidden.encoders"]!),
      input: rows(parameters["hidden.input.weights"]!),
      offset: [Double](repeating: 0, count: neurons),
      fastWeights: rows(parameters["hidden.recurrent.fast.weights"]!),
      slowWeights: rows(parameters["hidden.recurrent.slow.weights"]!),
      common: Double(Float(-0.3 / 0.005 / Double(neurons))), potential: start, factors: [0, 0])
    var decoder = PlainLeastSquares(regressors: 2 * neurons, outputs: 2)
    var readout = PlainLeastSquares(regressors: 3, outputs: 1)
    let batch = batch(1, steps: steps)
    guard case .analog(let inputs) = batch.inputs, case .values(let targets) = batch.targets else {
      return
    }
    var sum = plain.offset
    var (counted, spikes) = (0, 0)
    for trial in 0..<10 {
      var stream = RandomStream(seed: 5, stream: "least squares", step: UInt64(trial))
      for time in 0..<steps {
        plain.step([Double(inputs[time, 0, 0])])
        spikes += plain.spikes.count
        let target = (0..<3).map { Double(targets[time, 0, $0]) }
        if trial < 7 {
          plain.factors = [target[0], target[1]]
          if 2..<5 ~= trial { for i in sum.indices { sum[i] += plain.meanDrive[i] } }
          continue
        }
        let y = decoder.predict(plain.traces)
        let z = readout.predict(y + [1])
        plain.factors = y
        guard stream.bernoulli(0.5) else { continue }
        decoder.update(plain.traces, errors: [y[0] - target[0], y[1] - target[1]])
        readout.update(y + [1], errors: [z[0] - target[2]])
      }
      if 2..<5 ~= trial {
        counted += steps
        plain.offset = sum.map { $0 / Double(counted) }
      }
      _ = try rule.step(batch)
      let state = try rule.preciseState
      func expect(_ name: String, _ expected: [Double]) {
        for (value, wanted) in zip(state[name]!.values, expected) {
          #expect(abs(value - wanted) <= 1e-9 * max(1, abs(wanted)), "\(name), trial \(trial)")
        }
      }
      expect("network.neurons", plain.potential)
      expect("network.traces", plain.traces)
      expect("offset", plain.offset)
      expect("factors.weights", decoder.weights.flatMap { $0 })
      expect("readout.weights", readout.weights.flatMap { $0 })
    }
    #expect(spikes > 100)
    #expect(rule.trials == 10)
  }

  @Test(arguments: [FeedbackNetwork.Source.factors, .traces])
  func threadsAndResumptionChangeNoBit(_ source: FeedbackNetwork.Source) throws {
    let network = try network(neurons: 140, source: source)
    let batch = batch(2, steps: 60)
    var whole = try rule(network, constants(), threads: 1)
    var broken = try rule(network, constants(), threads: 3)
    for _ in 0..<5 {
      let metrics = try whole.step(batch)
      #expect(try broken.step(batch) == metrics)
      let (parameters, precise) = (broken.parameters, try broken.preciseState)
      #expect(parameters == whole.parameters)
      #expect(try whole.preciseState == precise)
      broken = try rule(network, constants(), threads: 2)
      broken.parameters = parameters
      try broken.restore(preciseState: precise)
    }
    #expect(whole.parameters["factors.decoders"]!.values.contains { $0 != 0 })
    #expect(try whole.evaluate(batch).readout == (try broken.evaluate(batch).readout))
  }

  /// How trials are put into batches changes nothing.
  @Test func batchesChangeNoBit() throws {
    let network = try network(neurons: 40)
    var (one, four) = (try rule(network, constants()), try rule(network, constants()))
    for _ in 0..<8 { _ = try one.step(batch(1, steps: 60)) }
    for _ in 0..<2 { _ = try four.step(batch(4, steps: 60)) }
    #expect(one.parameters == four.parameters)
    #expect(try one.preciseState == (try four.preciseState))
    #expect(one.trials == 8)
  }

  /// A network without random connections learns sines in a second, and makes them alone; once it has
  /// learned, an evaluation is no update.
  @Test func learnsToOscillate() throws {
    let network = try network(neurons: 300, factors: 4, randomGain: 0)
    var rule = try rule(network, constants(settling: 2, averaging: 4), threads: 2)
    for _ in 0..<5 { _ = try rule.step(batch(6, steps: 500, factors: 4)) }
    let before = rule.parameters
    let run = try rule.freeRun(batch(4, steps: 500, factors: 4), recordsSpikes: true)
    #expect(run.factorErrors.allSatisfy { $0 < 0.01 })
    #expect(rule.parameters == before)
    #expect(Double(run.spikes.count) / 2 / 300 == run.firingRate)
    let evaluation = try rule.evaluate(batch(4, steps: 500, factors: 4))
    #expect(evaluation.readout == run.readout)
    #expect(evaluation.loss < 0.01)
  }

  /// Plain FORCE: the readout of a random rate network, fed back.
  @Test func forceOfRateUnits() throws {
    let network = try FeedbackNetwork(
      timeStep: 0.001, inputs: 1, neurons: 200,
      model: RateUnit(timeStep: 0.001, membraneTimeConstant: 0.010),
      input: Dense(.normal(deviation: 1)),
      synapses: [
        .init(
          name: "random", connectivity: Dense(.normal(deviation: 1.5 / 200.0.squareRoot())),
          filter: .none)
      ], factors: 2, encoders: .normal(deviation: 1), outputs: 1, source: .traces)
    var rule = try rule(network, constants(settling: 1, averaging: 0), threads: 2)
    let batch = batch(5, steps: 400)
    var loss = 1.0
    for _ in 0..<6 { loss = try rule.step(batch).loss }
    #expect(loss < 0.01)
    #expect(try rule.evaluate(batch).loss < 0.05)
  }

  @Test func copiesLearnApart() throws {
    let network = try network(neurons: 20)
    var rule = try rule(network, constants(settling: 0, averaging: 0))
    _ = try rule.step(batch(1, steps: 40))
    let copy = rule
    let (parameters, state) = (copy.parameters, try copy.preciseState)
    _ = try rule.step(batch(1, steps: 40))
    #expect(copy.parameters == parameters)
    #expect(try copy.preciseState == state)
    #expect(rule.parameters != parameters)
  }

  @Test func mistakesAreNamed() throws {
    let network = try network(neurons: 20)
    #expect(throws: LearningError.self) {
      try self.rule(self.network(neurons: 4, factors: 0), constants())
    }
    var bad = constants()
    bad.updateProbability = 0
    #expect(throws: LearningError.self) { try self.rule(network, bad) }
    var rule = try rule(network, constants())
    let few = batch(1, steps: 10, factors: 1)
    #expect(throws: LearningError.self) { try rule.step(few) }
    guard case .values(var targets) = batch(1, steps: 10).targets else {
      Issue.record("no numbers")
      return
    }
    targets[7, 0, 1] = .nan
    let error = #expect(throws: LearningError.self) {
      try rule.step(TrialBatch(inputs: batch(1, steps: 10).inputs, targets: .values(targets)))
    }
    #expect(error?.what.contains("step 7, trial 0, number 1") == true)
    var state = try rule.preciseState
    state["factors.weights"] = nil
    #expect(throws: LearningError.self) { try rule.restore(preciseState: state) }
  }

  /// What the rule meets in the midst of a trial says where.
  @Test func lossOfDefinitenessNamesTrialAndStep() throws {
    let network = try network(neurons: 20)
    var rule = try rule(network, constants(settling: 0, averaging: 0))
    _ = try rule.step(batch(1, steps: 40))
    var state = try rule.preciseState
    state.update("factors.inverseCorrelation") { tensor in
      for index in tensor.values.indices { tensor.values[index] *= -1 }
    }
    try rule.restore(preciseState: state)
    let error = #expect(throws: LearningError.self) { try rule.step(batch(1, steps: 40)) }
    #expect(error?.what.contains("positive definite") == true)
    #expect(error?.place.hasPrefix("trial 2, step ") == true)
  }

  /// Forgetting that leaves directions unsupported lets the inverse grow until rounding makes it indefinite.
  @Test(arguments: [0.2, 0.9]) func forgettingTooMuchIsReported(forgetting: Double) throws {
    var constants = constants(settling: 0, averaging: 0)
    constants.forgetting = forgetting
    var rule = try rule(try network(neurons: 20), constants)
    let error = #expect(throws: LearningError.self) {
      for _ in 0..<40 {
        _ = try rule.step(batch(1, steps: 100))
        _ = try rule.preciseState
      }
    }
    #expect(error?.what.contains("not positive definite any more") == true)
    #expect(error?.place.contains("trial ") == true && error?.place.contains("update ") == true)
    #expect(error?.remedy.contains("forgetting factor nearer to 1") == true)
  }
}
