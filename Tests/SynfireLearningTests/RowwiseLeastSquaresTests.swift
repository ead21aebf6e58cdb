import Foundation
import SynfireCore
import SynfireLearning
import SynfireNetworks
import Testing

/// Networks whose trained synapses are sparse, or follow Dale's law.
@Suite struct RowwiseLeastSquaresTests {
  private static let traces: [SpikeFilter] = [0.1, 0.005].map {
    .leaky(timeConstant: $0, isNormalized: false)
  }

  private func network(
    neurons: Int = 40, recurrence: SparseRecurrence?, randomGain: Double = 0.05,
    inhibition: Double = -60, source: FeedbackNetwork.Source = .factors
  ) throws -> FeedbackNetwork {
    let count = Double(neurons)
    return try FeedbackNetwork(
      timeStep: 0.001, inputs: 1, neurons: neurons, model: DeepResetLIF(timeStep: 0.001),
      input: Dense(.normal(deviation: 1)),
      synapses: [
        .init(
          name: "fast",
          connectivity: Dense(.normal(deviation: randomGain / 0.005 / count.squareRoot())),
          filter: Self.traces[1]),
        .init(
          name: "common", connectivity: Common(inhibition / count), filter: Self.traces[1],
          entersMean: false),
      ], traces: Self.traces, factors: 2, encoders: .normal(deviation: 2), outputs: 1,
      source: source, recurrence: recurrence)
  }

  /// Two factors and one output, sines of the period of a trial; a pulse begins each.
  private func batch(_ trials: Int, steps: Int) -> TrialBatch {
    var inputs = Tensor<Float>(axes: ["time", "trial", "channel"], shape: [steps, trials, 1])
    var targets = Tensor<Float>(axes: ["time", "trial", "output"], shape: [steps, trials, 3])
    for time in 0..<steps {
      let phase = 2 * Double.pi * Double(time) / Double(steps)
      for trial in 0..<trials {
        inputs[time, trial, 0] = time < steps / 10 ? 1 : 0
        for index in 0..<3 {
          targets[time, trial, index] = Float(sin(phase * Double(1 + index / 2) + Double(index)))
        }
      }
    }
    return TrialBatch(inputs: .analog(inputs), targets: .values(targets))
  }

  private func sparse(
    _ neurons: Int = 40, _ probability: Double, excitatory: Double? = nil
  ) throws -> SparseRecurrence {
    try .drawn(neurons: neurons, probability: probability, excitatory: excitatory, seed: 4)
  }

  private static var recursive: RecursiveLeastSquares.Constants {
    var constants = RecursiveLeastSquares.Constants()
    (constants.settling, constants.averaging) = (1, 1)
    return constants
  }

  private static var constrained: ConstrainedLeastSquares {
    var constants = ConstrainedLeastSquares()
    (constants.settling, constants.averaging, constants.blendedTrials) = (1, 1, 4)
    (constants.teacherDecay, constants.trialsPerLongerRun) = (0.5, 2)
    return constants
  }

  private func rule(
    _ network: FeedbackNetwork, _ method: RowwiseLeastSquares.Method, threads: Int = 1
  ) throws -> RowwiseLeastSquares {
    try RowwiseLeastSquares(
      network: network, parameters: network.initialParameters(seed: 3), method: method,
      initialPotentialDeviation: 0.001, seed: 7, threads: threads)
  }

  /// With all neurons connected, the rows of J are those of u w.
  @Test func withAllConnectedItIsTheSharedGain() throws {
    let (low, full) = (
      try network(recurrence: nil), try network(recurrence: sparse(40, 1))
    )
    var parameters = low.initialParameters(seed: 3)
    var shared = try RecursiveLeastSquares(
      network: low, parameters: parameters, constants: Self.recursive,
      initialPotentialDeviation: 0.001, seed: 7, threads: 1)
    var rowwise = try rule(full, .recursive(Self.recursive))
    // Three trials that are led, and one that learns for so long that rounding does not grow to a spike.
    let batch = batch(4, steps: 60)
    let (first, second) = (try shared.step(batch), try rowwise.step(batch))
    #expect(first.firingRate == second.firingRate && first.firingRate > 0)
    #expect(abs(first.loss - second.loss) < 1e-8 * first.loss)
    parameters = shared.parameters
    let (state, own) = (try shared.preciseState, try rowwise.preciseState)
    let (w, j) = (state["factors.weights"]!, own["recurrence.weights"]!)
    let encoders = parameters["hidden.encoders"]!
    var largest = 0.0
    for neuron in 0..<40 {
      for regressor in 0..<80 {
        let product = (0..<2).reduce(0.0) {
          $0 + Double(encoders[neuron, $1]) * w[$1, regressor]
        }
        largest = max(largest, abs(product))
        #expect(abs(product - j[neuron, regressor]) < 1e-8)
      }
    }
    #expect(largest > 0.01)
  }

  /// Each row is the ridge regression of its targets on its own inputs' traces, taken as they were met.
  @Test func rowsAreRidgeRegressions() throws {
    let recurrence = try sparse(24, 0.25)
    let network = try network(neurons: 24, recurrence: recurrence)
    var constants = Self.recursive
    (constants.settling, constants.averaging, constants.updateProbability) = (0, 0, 1)
    constants.blockSize = 7
    var rule = try rule(network, .recursive(constants))
    let start = try rule.preciseState
    let batch = batch(1, steps: 120)
    // The run as it was: at each step the current of the weights before it was fed back.
    _ = try rule.step(batch)
    let learned = try rule.preciseState["recurrence.weights"]!
    let stepper = try FeedbackStepper(
      network, network.initialParameters(seed: 3).converted())
    stepper.state = NamedTensors(
      start.pairs.filter { $0.name.hasPrefix("network.") }.map {
        (String($0.name.dropFirst(8)), $0.tensor)
      })
    guard case .values(let targets) = batch.targets, case .analog(let inputs) = batch.inputs else {
      return
    }
    let (own, wanted) = (stepper.makeCurrent(), stepper.makeCurrent())
    let mine = recurrence.inputs.indices.map { recurrence.regressors(of: $0, traces: 2) }
    var samples = mine.map { _ in [[Double]]() }
    var goals = mine.map { _ in [Double]() }
    var weights = mine.map { [Double](repeating: 0, count: $0.count) }
    var inverses = mine.map { list in
      list.indices.map { row in list.indices.map { $0 == row ? 1.0 : 0.0 } }
    }
    for time in 0..<120 {
      var input = Double(inputs[time, 0, 0])
      stepper.step(inputs: &input, current: own)
      stepper.encode((0..<2).map { Double(targets[time, 0, $0]) }, into: wanted)
      for neuron in 0..<24 {
        let s = mine[neuron].map { stepper.traces.pointer[$0] }
        own.pointer[neuron] = zip(weights[neuron], s).reduce(0) { $0 + $1.0 * $1.1 }
        // The textbook's update, one at a time.
        let q = inverses[neuron].map { zip($0, s).reduce(0) { $0 + $1.0 * $1.1 } }
        let scale = 1 + zip(q, s).reduce(0) { $0 + $1.0 * $1.1 }
        let error = own.pointer[neuron] - wanted.pointer[neuron]
        for i in q.indices {
          for k in q.indices { inverses[neuron][i][k] -= q[i] * q[k] / scale }
          weights[neuron][i] -= error * q[i] / scale
        }
        samples[neuron].append(s)
        goals[neuron].append(wanted.pointer[neuron])
      }
    }
    for neuron in 0..<24 {
      let count = mine[neuron].count
      let ridge = (0..<count).map { row in (0..<count).map { $0 == row ? 1.0 : 0 } }
      let (solution, _) = try LinearAlgebra.leastSquares(
        Tensor(
          axes: ["row", "column"], shape: [120 + count, count],
          values: (samples[neuron] + ridge).flatMap { $0 }),
        Tensor(
          axes: ["row", "column"], shape: [120 + count, 1],
          values: goals[neuron] + [Double](repeating: 0, count: count)))
      for (position, regressor) in mine[neuron].enumerated() {
        #expect(abs(solution.values[position] - learned[neuron, regressor]) < 1e-8)
      }
    }
    #expect(recurrence.allows(learned))
    #expect(learned.values.contains { abs($0) > 1e-3 })
  }

  /// Mask and signs hold in what is learned, and the random synapses beside it keep the signs too.
  @Test func constraintsAreExact() throws {
    let recurrence = try sparse(40, 0.3, excitatory: 0.8)
    var rule = try rule(network(recurrence: recurrence), .constrained(Self.constrained), threads: 2)
    for _ in 0..<3 {
      _ = try rule.step(batch(5, steps: 200))
      let weights = try rule.preciseState["recurrence.weights"]!
      #expect(recurrence.allows(weights))
      #expect(rule.parameters["hidden.recurrence"]! == weights.converted())
    }
    let weights = try rule.preciseState["recurrence.weights"]!
    #expect(weights.values.contains { $0 > 0 } && weights.values.contains { $0 < 0 })
    #expect(weights.values.count { $0 != 0 } <= 40 * 12 * 2)
    // A weight of the wrong sign, or outside the mask, is seen.
    var wrong = weights
    let index = wrong.values.firstIndex { $0 > 0 }!
    wrong.values[index] *= -1
    #expect(!recurrence.allows(wrong))
    wrong = weights
    wrong[0, (0..<40).first { !recurrence.inputs[0].contains($0) }!] = 1e-30
    #expect(!recurrence.allows(wrong))
  }

  @Test func fixedSynapsesKeepTheSigns() throws {
    let recurrence = try sparse(10, 0.5, excitatory: 0.5)
    let network = try network(neurons: 10, recurrence: recurrence, randomGain: 1)
    let parameters: NamedTensors<Double> = network.initialParameters(seed: 3).converted()
    let stepper = try FeedbackStepper(network, parameters)
    let push = stepper.makeCurrent()
    // Neurons 2, which excites, and 7, which inhibits, are made to spike.
    for neuron in 0..<10 { push.pointer[neuron] = neuron == 2 || neuron == 7 ? 1000 : -1000 }
    var input = 0.0
    stepper.step(inputs: &input, current: push)
    #expect(stepper.events == [2, 7])
    let random = parameters["hidden.recurrent.fast.weights"]!
    let (fast, common) = (
      stepper.state["synapses.fast"]!, stepper.state["synapses.common"]!
    )
    for neuron in 0..<10 {
      let expected = max(0, random[neuron, 2]) + min(0, random[neuron, 7])
      #expect(abs(fast[1, neuron] - expected) < 1e-12)
      // One of the two inhibits.
      #expect(abs(common[1, neuron] + 6) < 1e-6)
    }
  }

  private static let methods: [RowwiseLeastSquares.Method] = [
    .recursive(recursive), .constrained(constrained),
  ]

  private func recurrence(for method: RowwiseLeastSquares.Method) throws -> SparseRecurrence {
    if case .constrained = method { return try sparse(40, 0.3, excitatory: 0.8) }
    return try sparse(40, 0.3)
  }

  /// On one thread, on two, and interrupted after each batch.
  @Test(arguments: [0, 1], [FeedbackNetwork.Source.factors, .traces])
  func threadsAndPausesChangeNoBit(method: Int, source: FeedbackNetwork.Source) throws {
    let method = Self.methods[method]
    let network = try network(recurrence: recurrence(for: method), source: source)
    var (whole, broken) = (
      try rule(network, method), try rule(network, method, threads: 2)
    )
    let batch = batch(4, steps: 80)
    for _ in 0..<4 {
      #expect(try whole.step(batch) == (try broken.step(batch)))
      let (parameters, precise) = (broken.parameters, try broken.preciseState)
      #expect(parameters == whole.parameters)
      #expect(try whole.preciseState == precise)
      broken = try rule(network, method, threads: 2)
      broken.parameters = parameters
      try broken.restore(preciseState: precise)
    }
    #expect(whole.parameters["hidden.recurrence"]!.values.contains { $0 != 0 })
    #expect(whole.parameters["readout.weights"]!.values.contains { $0 != 0 })
    let before = try whole.preciseState
    let evaluation = try whole.evaluate(batch)
    #expect(evaluation.readout == (try broken.evaluate(batch).readout))
    #expect(try whole.preciseState == before)
  }

  /// Networks without random synapses learn to make sines alone, under each constraint.
  @Test(arguments: [0, 1])
  func learnsToOscillate(method: Int) throws {
    let neurons = 200
    var constants = Self.constrained
    (constants.blendedTrials, constants.teacherDecay) = (20, 0.8)
    let network = try network(
      neurons: neurons,
      recurrence: sparse(neurons, 0.3, excitatory: method == 0 ? nil : 0.8), randomGain: 0,
      inhibition: method == 0 ? -60 : -300)
    var rule = try rule(
      network, method == 0 ? .recursive(Self.recursive) : .constrained(constants), threads: 2)
    for _ in 0..<(method == 0 ? 4 : 12) { _ = try rule.step(batch(5, steps: 500)) }
    let run = try rule.freeRun(batch(3, steps: 500), recordsSpikes: true)
    #expect(run.factorErrors.sorted()[1] < 0.1, "\(run.factorErrors)")
    #expect(abs(Double(run.spikes.count) / 1.5 / Double(neurons) - run.firingRate) < 1e-9)
  }

  @Test func mistakesAreNamed() throws {
    let dale = try network(recurrence: sparse(40, 0.3, excitatory: 0.8))
    #expect(throws: LearningError.self) { try self.rule(dale, .recursive(Self.recursive)) }
    let low = try network(recurrence: nil)
    #expect(throws: LearningError.self) { try self.rule(low, .constrained(Self.constrained)) }
    for change: (inout ConstrainedLeastSquares) -> Void in [
      { $0.ridge = 0 }, { $0.forgetting = 1.1 }, { $0.limits.sweeps = 0 },
      { $0.teacherDecay = 0 }, { $0.longestRun = 0 }, { $0.commonNoise = -1 },
    ] {
      var constants = Self.constrained
      change(&constants)
      #expect(throws: LearningError.self) { try self.rule(dale, .constrained(constants)) }
    }
    var rule = try self.rule(dale, .constrained(Self.constrained))
    var state = try rule.preciseState
    state["recurrence.cross"] = Tensor(axes: ["element"], shape: [1], values: [0])
    #expect(throws: LearningError.self) { try rule.restore(preciseState: state) }
  }
}
