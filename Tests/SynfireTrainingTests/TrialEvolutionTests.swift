import Foundation
import SynfireCore
import SynfireLearning
import SynfireNetworks
import SynfireTasks
import SynfireTraining
import Testing

/// Networks that act, evolved on the trials of tasks.
@Suite struct TrialEvolutionTests {
  /// Classes in windows of spikes, classes a trial of grey values, values at every step, and values of trials
  /// that have lengths of their own.
  private static let tasks = [
    "storeRecall": """
    timeStep: 5 ms
    task: {kind: store-recall, slots: 4, slotDuration: 30 ms, expectedDelay: 50 ms, neuronsPerPopulation: 2}
    """,
    "images": """
    timeStep: 1 ms
    task: {kind: mnist, steps: 6, encoding: analog, pooling: 4, validationImages: 5}
    """,
    "context": """
    timeStep: 2 ms
    task: {kind: context-integration, steps: 12, stimulusStart: 2, stimulusEnd: 6}
    """,
    "ready": """
    timeStep: 1 ms
    task: {kind: ready-set-go}
    """,
  ]

  private func experiment(
    _ task: String, kind: String = "bernoulli", bins: Int = 3, _ changes: [String] = []
  ) throws -> Experiment {
    let isOfClasses = ["storeRecall", "images"].contains(task)
    let isReady = task == "ready"
    let text = """
      name: ec/sample
      purpose: A network that acts on trials
      \(Self.tasks[task]!)
      network: {kind: \(kind), neurons: \(isReady ? 4 : 20), binSteps: \(isReady ? 40 : bins)}
      learning:
        rule: \(kind == "bernoulli" ? "evolving-connectivity" : "dense-evolution")
        loss: \(isOfClasses ? "cross-entropy" : "mean-squared-error")
        population: 9
      training:
        {batches: 4, trialsPerBatch: 5, updatesPerBatch: 2, checkpointEvery: 1, test: {trials: 7}}

      """
    return try ExperimentFile(text: text, place: "sample.yaml")
      .experiment(overrides: changes.map { try Override(parsing: $0) }, memory: 1 << 33)
  }

  /// A data directory with images of 28 x 28 pixels.
  private static func images() throws -> String {
    let directory = FileManager.default.temporaryDirectory.appending(
      path: "synfire-data-\(UUID().uuidString)"
    ).path
    try FileManager.default.createDirectory(
      atPath: "\(directory)/mnist", withIntermediateDirectories: true)
    for (prefix, count) in [("train", 30), ("t10k", 10)] {
      func idx(_ shape: [Int], _ bytes: [UInt8]) -> Data {
        Data(
          [0, 0, 8, UInt8(shape.count)] + shape.flatMap { [0, 0, UInt8($0 >> 8), UInt8($0 & 255)] }
            + bytes)
      }
      let pixels = (0..<count * 784).map { UInt8(truncatingIfNeeded: $0 * 37 ^ ($0 >> 5)) }
      try idx([count, 28, 28], pixels).write(
        to: URL(fileURLWithPath: "\(directory)/mnist/\(prefix)-images-idx3-ubyte"))
      try idx([count], (0..<count).map { UInt8($0 % 10) }).write(
        to: URL(fileURLWithPath: "\(directory)/mnist/\(prefix)-labels-idx1-ubyte"))
    }
    return directory
  }

  private func withTask<Result>(
    _ experiment: Experiment, _ body: (any TrialTask, String?) throws -> Result
  ) throws -> Result {
    guard case .images = experiment.task else {
      return try body(experiment.makeTask(dataDirectory: nil), nil)
    }
    let directory = try Self.images()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    return try body(experiment.makeTask(dataDirectory: directory), directory)
  }

  // MARK: What trials come to

  /// What a network answers to trials, found step by step: the reference.
  private func answers(
    _ batch: TrialBatch, of individual: some Controller, bins: Int, shape: [Int]
  ) throws -> Tensor<Float> {
    let inputs: Tensor<Float> =
      switch batch.inputs {
      case .spikes(let spikes): spikes.dense()
      case .analog(let tensor): tensor
      }
    var result = Tensor<Float>(axes: shape.map { "\($0)" }, shape: shape)
    let rest = [Float](repeating: 0, count: individual.stateCount)
    for trial in 0..<batch.trials {
      rest.withUnsafeBufferPointer { individual.restore($0.baseAddress!) }
      let length = batch.lengths?[trial] ?? batch.steps
      var outputs: [Float] = []
      for step in 0..<length {
        if step % bins == 0 {
          let last = min(step + bins, length)
          outputs = try individual.step(
            (0..<individual.observations).map { channel in
              (step..<last).reduce(Float(0)) { $0 + inputs[$1, trial, channel] }
                / Float(last - step)
            })
        }
        for (output, value) in outputs.enumerated() {
          if shape.count == 2 {
            result[trial, output] += value / Float(length)
          } else {
            // Windows have six steps in these tasks.
            let isWindow = shape[0] < batch.steps
            result[isWindow ? step / 6 : step, trial, output] += value / (isWindow ? 6 : 1)
          }
        }
      }
    }
    return result
  }

  @Test(
    arguments: [
      ("storeRecall", 3), ("storeRecall", 1), ("images", 4), ("context", 5), ("ready", 40),
    ]
  )
  func aBinIsAStepOfTheNetwork(name: String, bins: Int) throws {
    let experiment = try experiment(name, kind: "gru", bins: bins)
    try withTask(experiment) { task, _ in
      let network = try GRUNetwork(
        observations: task.inputChannels, neurons: name == "ready" ? 4 : 20, actions: task.outputs,
        actionRange: nil)
      let parameters = network.initialParameters(seed: 3)
      let rule = try experiment.makeRule(for: task, parameters: parameters, threads: 2)
      let batch = try task.batch(.test, index: 0, trials: 5, seed: 1)
      let found = try rule.evaluate(batch)
      let individual = network.makeIndividual()
      try network.load(parameters, into: individual)
      let expected = try answers(batch, of: individual, bins: bins, shape: found.readout.shape)
      #expect(expected.values.contains { abs($0) > 0.01 })
      for (value, wanted) in zip(found.readout.values, expected.values) {
        #expect(abs(value - wanted) < 1e-5)
      }
      let wanted = [
        "storeRecall": [4, 5, 2], "images": [5, 10], "context": [12, 5, 1],
        "ready": [batch.steps, 5, 2],
      ]
      #expect(found.readout.shape == wanted[name])
      #expect((batch.lengths == nil) == (name != "ready"))
      let rows = name == "ready" ? batch.lengths : nil
      let loss = try experiment.learning.loss.evaluate(
        found.readout.converted() as Tensor<Double>, batch.targets, rows: rows
      ).loss
      #expect(abs(found.loss - loss) < 1e-5 * max(1, loss))
    }
  }

  /// A generation is the library's rule, with minus the loss of all trials of the batch as fitness.
  @Test(arguments: ["storeRecall", "context"])
  func theFitnessIsMinusTheLossOfTheBatch(name: String) throws {
    let experiment = try experiment(name)
    let task = try experiment.makeTask(dataDirectory: nil)
    let network = try BernoulliNetwork(
      observations: task.inputChannels, neurons: 20, actions: task.outputs,
      neuron: ControlNeuron(timeStep: experiment.timeStep), actionRange: nil)
    var library = try EvolvingConnectivity(
      network, population: Population(size: 9, evaluationMembers: 1), seed: experiment.seed)
    var rule = try experiment.makeRule(for: task, threads: 2)
    let pool = WorkerPool(threads: 1)
    for index in 0..<2 {
      let batch = try task.batch(.training, index: index, trials: 5, seed: 1)
      let shape = try rule.evaluate(batch).readout.shape
      let wanted = try library.step(on: pool) { member in
        let answers = try answers(batch, of: member.individual, bins: 3, shape: shape)
        return -(try experiment.learning.loss.evaluate(answers, batch.targets).loss)
      }
      let metrics = try rule.step(batch)
      #expect(abs(metrics.loss + wanted.meanFitness) < 1e-6)
      #expect(metrics.others["bestLoss"].map { abs($0 + wanted.bestFitness) < 1e-6 } == true)
      #expect(metrics.others["evaluationLoss"] != nil && metrics.others["withoutLoss"] == 0)
      #expect(metrics.learningRate == 0.15 && rule.updates == index + 1)
      for (name, tensor) in library.parameters.pairs {
        #expect(rule.parameters[name] == tensor.converted())
      }
    }
  }

  @Test func firingRatesAreCounted() throws {
    let experiment = try experiment("context", kind: "weighted", bins: 1)
    let task = try experiment.makeTask(dataDirectory: nil)
    let network = try DenseSpikingNetwork(
      observations: 4, neurons: 20, actions: 1, neuron: ControlNeuron(timeStep: 0.002),
      actionRange: nil)
    let parameters = network.initialParameters(seed: 5)
    let batch = try task.batch(.test, index: 0, trials: 3, seed: 1)
    guard case .analog(let inputs) = batch.inputs else { throw TasksError("no numbers") }
    let individual = network.makeIndividual()
    try network.load(parameters, into: individual)
    let rest = [Float](repeating: 0, count: individual.stateCount)
    var spikes = 0
    for trial in 0..<3 {
      rest.withUnsafeBufferPointer { individual.restore($0.baseAddress!) }
      for step in 0..<12 {
        _ = try individual.step((0..<4).map { inputs[step, trial, $0] })
        for word in individual.spikes { spikes += word.nonzeroBitCount }
      }
    }
    // Eight sub-steps of 2 ms.
    let wanted = Double(spikes) / Double(20 * 8 * 12 * 3) / 0.002
    #expect(spikes > 50 && network.neuron.subSteps == 8)
    for threads in [1, 2] {
      let rule = try experiment.makeRule(for: task, parameters: parameters, threads: threads)
      #expect(abs(try rule.evaluate(batch).firingRate - wanted) < 1e-9 * wanted)
    }
  }

  @Test func inputsAreNormalizedByWhatTheTrialsShow() throws {
    let experiment = try experiment("context", bins: 1, ["learning.normalizer=visited"])
    let task = try experiment.makeTask(dataDirectory: nil)
    var rule = try experiment.makeRule(for: task, threads: 1)
    let batch = try task.batch(.training, index: 0, trials: 5, seed: 1)
    _ = try rule.step(batch)
    guard case .analog(let inputs) = batch.inputs else { throw TasksError("no numbers") }
    let mean = try #require(rule.parameters["normalizer.mean"])
    for channel in 0..<4 {
      var sum: Float = 0
      for step in 0..<12 { for trial in 0..<5 { sum += inputs[step, trial, channel] } }
      #expect(abs(mean[channel] - sum / 60) < 1e-5)
    }
    #expect(try rule.preciseState["normalizer.count"]?.values == [60])
  }

  // MARK: Runs

  private func trained(
    _ experiment: Experiment, data: String?, threads: Int, stoppedAt batch: Int? = nil
  ) throws -> Checkpoint {
    let path = FileManager.default.temporaryDirectory.appending(
      path: "synfire-\(UUID().uuidString)"
    )
    .path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let stop = StopFlag()
    _ = try TrainingSession.start(experiment, in: path, dataDirectory: data, threads: threads)
      .trainer(stop: stop) { event in
        if case .batch(let progress) = event, progress.batch == batch { stop.raise(signal: 15) }
      }.run()
    if batch != nil {
      #expect(try RunFolder.read(at: path).readCheckpoint().checkpoint.batch == batch)
      _ = try TrainingSession.resume(in: path, dataDirectory: data, threads: threads).trainer()
        .run()
    }
    return try RunFolder.read(at: path).readCheckpoint().checkpoint
  }

  @Test(arguments: [
    ("storeRecall", "bernoulli"), ("images", "bernoulli"), ("images", "weighted"),
    ("context", "tanh"), ("ready", "gru"),
  ])
  func threadsAndInterruptionsChangeNoBit(name: String, kind: String) throws {
    let changes = name == "images" ? ["training.validation={every: 2, trials: 5}"] : []
    let experiment = try experiment(name, kind: kind, changes + ["learning.normalizer=visited"])
    try withTask(experiment) { _, data in
      let one = try trained(experiment, data: data, threads: 1)
      let two = try trained(experiment, data: data, threads: 2, stoppedAt: 2)
      #expect(one.parameters == two.parameters && one.preciseState == two.preciseState)
      #expect(one.testMetrics == two.testMetrics && one.training["loss"] == two.training["loss"])
      #expect(one.updates == 8 && one.testMetrics["loss"] != nil)
      #expect(one.validation == two.validation)
      let other = try self.experiment(name, kind: kind, changes + ["seed=9"])
      #expect(one.parameters != (try trained(other, data: data, threads: 2).parameters))
    }
  }

  private static let data = ProcessInfo.processInfo.environment["SYNFIRE_DATA"]

  /// A part of `ec/digits`, in a few seconds.
  @Test(.enabled(if: data != nil, "SYNFIRE_DATA is not set"), arguments: [0, 1])
  func digitsAreLearned(seed: Int) throws {
    let experiment = try ExperimentLibrary.experiment(
      named: "ec/digits",
      overrides: [
        "seed=\(seed)", "neurons=48", "pooling=4", "population=129", "trialsPerBatch=48",
        "generations=100", "learningRate=0.1", "training.validation=none",
        "training.test.trials=2000", "analysis=[]",
      ].map { try Override(parsing: $0) })
    let run = try trained(experiment, data: Self.data, threads: 2)
    #expect(try #require(run.testMetrics["accuracy"]) > 0.5)
    let losses = try #require(run.training["loss"])
    let (first, last): (Double, Double) = (
      losses.prefix(10).reduce(0, +), losses.suffix(10).reduce(0, +)
    )
    #expect(last < 0.7 * first)
  }

  // MARK: Mistakes

  @Test(arguments: [
    ("storeRecall", "network.binSteps=4", "network.binSteps", "do not divide the 6 steps"),
    ("context", "network.binSteps=13", "network.binSteps", "out of range"),
    ("context", "network.synapticTimeConstant=1 ms", "synapticTimeConstant", "shorter than"),
    ("context", "learning.loss=cross-entropy", "learning.loss", "does not suit the task"),
    ("context", "learning.normalizer=last", "learning.normalizer", "no last observations"),
    ("context", "learning.population=1", "learning.population", "out of range"),
    ("context", "learning.rule=dense-evolution", "learning.rule", "no weights to evolve"),
    ("context", "learning={rule: bptt}", "learning.rule", "that acts is evolved"),
    ("context", "learning.episodes=first", "learning.episodes", "unknown key"),
    ("context", "training.carriesState=true", "training.carriesState", "starts each trial anew"),
    ("context", "analysis=[episode]", "analysis", "not drawn of a network that acts"),
    ("context", "analysis=[return-curve]", "analysis", "not drawn of a network that acts"),
    ("images", "task.pooling=3", "task.pooling", "do not fill a side of 28"),
    ("images", "task.encoding=grey", "task.encoding", "grey"),
  ])
  func mistakesAreNamed(name: String, change: String, key: String, what: String) throws {
    let error = #expect(throws: ExperimentError.self) { try experiment(name, [change]) }
    let text = "\(try #require(error))"
    #expect(text.contains(what) && text.contains(key), "\(text)")
  }

  @Test func layersAreNotEvolved() throws {
    let error = try ExperimentSample.error(set: "learning={rule: evolving-connectivity}")
    #expect("\(error)".contains("evolution is for a network that acts"))
  }

  @Test func aBatchOfOtherTrialsIsRefused() throws {
    let context = try experiment("context")
    var rule = try context.makeRule(threads: 1)
    let task = try experiment("storeRecall").makeTask(dataDirectory: nil)
    let batch = try task.batch(.training, index: 0, trials: 2, seed: 0)
    let parameters = rule.parameters
    #expect(throws: LearningError.self) { try rule.step(batch) }
    #expect(rule.parameters == parameters && rule.updates == 0)
  }

  @Test func aPopulationOfTooFewIsRefusedBeforeAnythingIsWritten() throws {
    let path = FileManager.default.temporaryDirectory.appending(
      path: "synfire-\(UUID().uuidString)"
    )
    .path
    let experiment = try experiment("context", ["learning.evaluationMembers=8"])
    let error = #expect(throws: LearningError.self) {
      try TrainingSession.start(experiment, in: path)
    }
    #expect(error?.what.contains("are too few") == true && error?.isUserMistake == true)
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}
