import Foundation
import SynfireCore
import SynfireLearning
import SynfireNetworks
import SynfireTasks
import SynfireTraining
import Testing

/// Tasks that ask for classes window by window, and what networks need for them.
@Suite struct ExperimentSequenceTests {
  static let recall = """
    name: sample/recall
    purpose: A small experiment
    timeStep: 1 ms
    task: {kind: store-recall}
    network:
      layers:
        - name: hidden
          neurons: 20
          model:
            kind: lif
            membraneTimeConstant: 20 ms
            refractorySteps: 5
            reset: {kind: subtract, differentiated: true}
            surrogate: {kind: fast-sigmoid, slope: 5}
          input:
            connectivity: {kind: dense, initialDeviation: 1/sqrt(inputs)}
            delays: 4
          recurrent:
            connectivity: {kind: dense, initialDeviation: 1/sqrt(inputs), excludesAutapses: true}
            delays: 10
      readout:
        filter: {kind: leaky, timeConstant: 20 ms}
        reduction: mean-over-windows
        initialDeviation: 1/sqrt(neurons)
        bias: true
    learning:
      rule: bptt
      loss: cross-entropy
      optimizer: {kind: adam, learningRate: 1e-2}
    training:
      batches: 10
      trialsPerBatch: 16
      validation: {every: 5, trials: 16}
      keepBest: error
      checkpointEvery: 5
      test: {trials: 32}

    """

  static let pixels = recall.replacing("store-recall", with: "sequential-mnist")

  func task(_ keys: String, in text: String = recall) throws -> Experiment {
    let kind = text == Self.recall ? "{kind: store-recall" : "{kind: sequential-mnist"
    return try ExperimentSample.experiment(text.replacing("\(kind)}", with: "\(kind), \(keys)}"))
  }

  @Test func theDefaultsOfStoreRecallAreThePublishedOnes() throws {
    let experiment = try ExperimentSample.experiment(Self.recall)
    let task = try #require(experiment.makeTask(dataDirectory: nil) as? StoreRecallTask)
    let published = try StoreRecallTask()
    #expect(task.slots == published.slots && task.stepsPerSlot == published.stepsPerSlot)
    #expect(abs(task.commandProbability - published.commandProbability) < 1e-12)
    #expect(task.flipProbability == published.flipProbability)
    #expect(task.neuronsPerPopulation == published.neuronsPerPopulation)
    #expect(task.spikeProbability == published.spikeProbability)
    #expect(experiment.task.steps == 2_400 && experiment.task.windowSteps == 200)
    #expect(experiment.task.inputChannels == 100 && experiment.task.outputs == 2)
    #expect(!experiment.task.isFinite && experiment.task.isClassification)
    #expect(experiment.training.keepBest == "error")
  }

  @Test func timesOfStoreRecallFollowTheTimeStep() throws {
    let text = Self.recall.replacing("timeStep: 1 ms", with: "timeStep: 2 ms").replacing(
      "{kind: store-recall}",
      with: "{kind: store-recall, slots: 5, slotDuration: 0.1 s, expectedDelay: 300 ms,"
        + " flipProbability: 25 %, neuronsPerPopulation: 3, firingRate: 40 Hz}")
    let experiment = try ExperimentSample.experiment(text)
    let task = try #require(experiment.makeTask(dataDirectory: nil) as? StoreRecallTask)
    #expect(task.slots == 5 && task.stepsPerSlot == 50 && task.neuronsPerPopulation == 3)
    #expect(abs(task.commandProbability - 0.25) < 1e-12)
    #expect(task.flipProbability == 0.25 && task.spikeProbability == 0.08)
    #expect(try experiment.makeNetwork().readout.reduction == .meanOverWindows(steps: 50))
    #expect(
      try ExperimentFile(text: experiment.canonicalYAML, place: "run.h5").experiment()
        == experiment)
  }

  @Test func sizesOfSequentialImages() throws {
    let plain = try ExperimentSample.experiment(Self.pixels).task
    #expect(plain.inputChannels == 80 && plain.outputs == 10)
    #expect(plain.steps == 840 && plain.windowSteps == 28 && plain.hasSpikes)
    #expect(plain.validationImages == 5_000 && plain.isFinite)
    let slow = try task("stepsPerPixel: 2, encoding: threshold-crossing", in: Self.pixels).task
    #expect(slow.steps == 1_680 && slow.windowSteps == 56)
    let analog = try task("encoding: analog, validationImages: 100", in: Self.pixels).task
    #expect(analog.steps == 784 && analog.inputChannels == 1 && !analog.hasSpikes)
    #expect(analog.validationImages == 100)
  }

  private static let data = ProcessInfo.processInfo.environment["SYNFIRE_DATA"]

  @Test(.enabled(if: data != nil, "SYNFIRE_DATA is not set"), arguments: [1, 2])
  func theTaskHasTheSizesOfTheFile(stepsPerPixel: Int) throws {
    for encoding in ["analog", "threshold-crossing"] {
      let experiment = try task(
        "stepsPerPixel: \(stepsPerPixel), encoding: \(encoding)", in: Self.pixels)
      let made = try experiment.makeTask(dataDirectory: Self.data)
      let task = try #require(made as? SequentialMNISTTask)
      #expect(task.inputChannels == experiment.task.inputChannels)
      #expect(task.steps == experiment.task.steps && task.outputs == experiment.task.outputs)
      #expect(task.windowSteps == experiment.task.windowSteps)
      #expect(task.size(of: .validation) == 5_000)
      let batch = try task.batch(.training, index: 0, trials: 4, seed: 1)
      var rule = try experiment.makeRule(threads: 1)
      #expect(try rule.step(batch).gradientNorm > 0)
      let evaluation = try rule.evaluate(batch)
      #expect(evaluation.readout.shape == [task.windows, 4, 10])
      #expect(
        task.metrics(readout: evaluation.readout, of: batch).keys.sorted()
          == experiment.task.metrics)
    }
  }

  @Test func theNetworkIsThatOfTheFile() throws {
    let network = try ExperimentSample.experiment(Self.recall, set: ["seed=7"]).makeNetwork()
    #expect(
      network.parameterSpecifications.map { "\($0.name) \($0.shape)" } == [
        "hidden.input.weights [20, 100]", "hidden.recurrent.weights [20, 20]",
        "readout.weights [2, 20]", "readout.bias [2]",
      ])
    #expect(network.parameterSpecifications.last?.initialization == .constant(0))
    let input = try #require(network.layers[0].input.connectivity as? Delays)
    #expect(input.count == 4)
    #expect(
      input.delays(presynaptic: 100, postsynaptic: 20)
        == Delays(Dense(.constant(0)), count: 4, seed: 7, name: "hidden.input")
        .delays(presynaptic: 100, postsynaptic: 20))
    let recurrent = try #require(network.layers[0].recurrent.first?.connectivity as? Delays)
    #expect(recurrent.count == 10)
    #expect(
      recurrent.delays(presynaptic: 20, postsynaptic: 20)
        == Delays(Dense(.constant(0)), count: 10, seed: 7, name: "hidden.recurrent")
        .delays(presynaptic: 20, postsynaptic: 20))
    #expect((recurrent.base as? Dense)?.excludesAutapses == true)
    #expect((input.base as? Dense)?.excludesAutapses == false)
  }

  @Test(arguments: ["none", "1"]) func oneDelayIsNoDelay(delays: String) throws {
    let network = try ExperimentSample.experiment(
      Self.recall,
      set: [
        "network.layers.hidden.input.delays=\(delays)", "network.readout.bias=false",
        "network.layers.hidden.recurrent.connectivity.excludesAutapses=false",
      ]
    ).makeNetwork()
    #expect(network.layers[0].input.connectivity is Dense)
    #expect(!network.parameterSpecifications.contains { $0.name == "readout.bias" })
  }

  @Test(arguments: [AdjointPrecision.bfloat16, .int16])
  func adjointsArePassedBackAsIsSaid(precision: AdjointPrecision) throws {
    let experiment = try ExperimentSample.experiment(
      Self.recall,
      set: [
        "network.layers.hidden.recurrent.delays=none",
        "network.layers.hidden.recurrent.connectivity.adjointPrecision=\(precision)",
      ])
    let network = try experiment.makeNetwork()
    let recurrent = try #require(network.layers[0].recurrent.first?.connectivity as? Dense)
    #expect(recurrent.adjointPrecision == precision && recurrent.excludesAutapses)
    // Delays have sweeps of their own.
    let withDelays = Self.recall.replacing(
      "excludesAutapses: true", with: "adjointPrecision: \(precision)")
    #expect(
      try ExperimentSample.error(of: withDelays).key
        == "network.layers.hidden.recurrent.connectivity.adjointPrecision")
    #expect(
      try ExperimentSample.error(
        of: Self.recall.replacing(
          "excludesAutapses: true", with: "adjointPrecision: half")
      ).key == "network.layers.hidden.recurrent.connectivity.adjointPrecision")
  }

  @Test func storeRecallCanBeTrainedOn() throws {
    let experiment = try task("slots: 5, slotDuration: 20 ms, expectedDelay: 60 ms")
    let task = try experiment.makeTask(dataDirectory: nil)
    let batch = try task.batch(.training, index: 0, trials: 16, seed: 0)
    var rule = try experiment.makeRule(threads: 1)
    let first = try rule.step(batch).loss
    for _ in 0..<30 { _ = try rule.step(batch) }
    let evaluation = try rule.evaluate(batch)
    #expect(evaluation.loss < first)
    #expect(evaluation.readout.shape == [5, 16, 2])
    #expect(rule.parameters["readout.bias"]?.values.contains { $0 != 0 } == true)
    #expect(
      task.metrics(readout: evaluation.readout, of: batch).keys.sorted()
        == experiment.task.metrics.sorted())
  }
}
