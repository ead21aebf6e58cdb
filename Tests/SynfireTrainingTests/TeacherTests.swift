import Foundation
import SynfireCore
import SynfireFormats
import SynfireLearning
import SynfireNetworks
import SynfireTasks
import SynfireTraining
import Testing

/// Experiments whose factors a rate network makes.
@Suite struct TeacherTests {
  private static let data = ProcessInfo.processInfo.environment["SYNFIRE_DATA"]
  private static var hasData: Bool {
    data.map { FileManager.default.fileExists(atPath: "\($0)/factor-based-snn") } ?? false
  }

  private func experiment(_ name: String, _ changes: [String] = []) throws -> Experiment {
    try ExperimentLibrary.experiment(
      named: "rate-to-spike/\(name)", overrides: changes.map { try Override(parsing: $0) })
  }

  private func taught(_ experiment: Experiment) throws -> TaughtTask {
    try #require(try experiment.makeTask(dataDirectory: Self.data) as? TaughtTask)
  }

  @Test(arguments: [
    "oscillation", "oscillation-rate", "chirp", "chirp-rate", "ready-set-go", "reaching",
    "contextual-integration", "reaching-or-cycling",
  ])
  func canonicalTextReadsAsTheSame(_ name: String) throws {
    let experiment = try experiment(name)
    let again = try ExperimentFile(text: experiment.canonicalYAML, place: "run.h5").experiment()
    #expect(again == experiment && experiment.teacher != nil)
    let network = try #require(try experiment.makeFeedbackNetwork())
    #expect(
      network.factors == (experiment.teacher?.components.least ?? 0) + experiment.task.factors)
  }

  @Test func factorsArePrincipalComponents() throws {
    let experiment = try experiment("oscillation", ["components=12", "teacher.units=60"])
    let task = try taught(experiment)
    #expect(task.factors == 12 && task.outputs == 13 && task.explained.count == 60)
    #expect(task.explained[11] > 0.8 && abs(task.explained[59] - 1) < 1e-9)
    let batch = try task.batch(.training, index: 0, trials: 2, seed: 0)
    guard case .values(let targets) = batch.targets else {
      Issue.record("no numbers")
      return
    }
    // Coordinates along principal components have no second moments between each other.
    for a in 0..<12 {
      for b in 0...a {
        let moment =
          (0..<2000).reduce(0.0) { $0 + Double(targets[$1, 0, a]) * Double(targets[$1, 0, b]) }
          / 2000
        let scale = (task.power[a] * task.power[b]).squareRoot()
        #expect(abs(moment - (a == b ? scale : 0)) < 2e-3 * scale, "\(a) \(b)")
      }
    }
    // A trial begins where the one before it ends, and the output is the task's.
    for factor in 0..<12 {
      let step = abs(targets[1, 0, factor] - targets[0, 0, factor])
      let seam = abs(targets[0, 1, factor] - targets[1999, 0, factor])
      #expect(seam < 10 * step + 0.2)
    }
    #expect(targets[500, 1, 12] == Float(try OscillationTask(.sumOfSines).target[500]))
    #expect(task.metrics(readout: targets, of: batch) == ["factorError": 0, "outputError": 0])
  }

  /// The root of the mean square of u y is what was asked for.
  @Test func driveHasTheSizeAskedFor() throws {
    let experiment = try experiment(
      "oscillation", ["teacher.units=60", "neurons=100", "network.drive=2.5"])
    let task = try taught(experiment)
    let network = try #require(try experiment.makeFeedbackNetwork(for: task))
    let encoders = network.initialParameters(seed: 0)["hidden.encoders"]!
    guard case .values(let targets) = try task.batch(.test, index: 0, trials: 1, seed: 0).targets
    else {
      Issue.record("no numbers")
      return
    }
    var sum = 0.0
    for time in 0..<2000 {
      for neuron in 0..<100 {
        let drive = (0..<12).reduce(Float(0)) {
          $0 + encoders[neuron, $1] * targets[time, 0, $1]
        }
        sum += Double(drive * drive)
      }
    }
    #expect(abs((sum / 200_000).squareRoot() - 2.5) < 0.01)
  }

  /// A rate network that is taught by full-FORCE has the teacher's own units.
  @Test func unitsOfTheTeacher() throws {
    let experiment = try experiment("oscillation-rate", ["units=50"])
    let task = try taught(experiment)
    let network = try #require(try experiment.makeFeedbackNetwork(for: task))
    let parameters = network.initialParameters(seed: 0)
    #expect(network.neurons == 50 && network.factors == 50 && !network.model.isSpiking)
    for unit in 0..<50 {
      #expect(
        abs(Double(parameters["hidden.input.weights"]![unit, 0]) - task.generator.inputs[unit, 0])
          < 1e-6)
      let encoders = parameters["hidden.encoders"]!
      let square = (0..<50).reduce(Float(0)) { $0 + encoders[unit, $1] * encoders[unit, $1] }
      #expect(abs(square - 1) < 1e-5)
    }
  }

  /// FORCE: the output itself is fed back, through random weights, to a random network.
  @Test func outputsAreFedBack() throws {
    let experiment = try experiment("oscillation-force", ["neurons=40"])
    let again = try ExperimentFile(text: experiment.canonicalYAML, place: "run.h5").experiment()
    let network = try #require(try again.makeFeedbackNetwork())
    #expect(again == experiment && network.factors == 1 && network.outputs == 0)
    let parameters = network.initialParameters(seed: 0)
    let encoders = parameters["hidden.encoders"]!.values
    #expect(abs(encoders.reduce(0) { $0 + $1 * $1 } - 100) < 1e-3)
    #expect(parameters["hidden.input.weights"]!.values.allSatisfy { abs($0) <= 1 })
    let task = try experiment.makeTask(dataDirectory: nil)
    var rule = try experiment.makeRule(for: task, threads: 1)
    _ = try rule.step(task.batch(.training, index: 0, trials: 12, seed: 0))
    let batch = try task.batch(.test, index: 0, trials: 1, seed: 0)
    let metrics = task.metrics(readout: try rule.evaluate(batch).readout, of: batch)
    #expect(metrics.keys.sorted() == ["outputError"])
  }

  /// As many components as hold a part of the activity: known when the teacher has run, and a number in the run.
  @Test(arguments: [80, 99])
  func componentsMayBeThoseThatHoldAPart(percent: Int) throws {
    let experiment = try experiment(
      "oscillation",
      [
        "components=\(percent) %", "teacher.units=60", "neurons=80", "batches=1",
        "trialsPerBatch=2",
      ])
    let again = try ExperimentFile(text: experiment.canonicalYAML, place: "run.h5").experiment()
    #expect(again == experiment)
    let (settled, task) = try experiment.settled(dataDirectory: nil)
    let taught = try #require(task as? TaughtTask)
    let count = taught.components.shape[1]
    #expect(taught.explained[count - 1] > Double(percent) / 100)
    #expect(count > 1 && taught.explained[count - 2] <= Double(percent) / 100)
    #expect(settled.teacher?.components == .count(count))
    #expect(try settled.makeFeedbackNetwork(for: task)?.factors == count)
    #expect(throws: TrainingError.self) { try experiment.makeRule(for: task, threads: 1) }
    // The summary needs no teacher, and counts its memory.
    let memory = try ExperimentSummary(experiment, threads: 1).memory
    let part = try #require(memory.parts.first { $0.key == "teacher" })
    #expect(part.bytes > 4 * 60 * 60 && memory.total > part.bytes)
  }

  @Test func moreComponentsThanNeuronsAreRefused() throws {
    let experiment = try experiment(
      "oscillation", ["components=99.9 %", "teacher.units=60", "neurons=5"])
    let error = #expect(throws: ExperimentError.self) { try experiment.settled(dataDirectory: nil) }
    #expect("\(try #require(error))".contains("cannot be spread over 5 neurons"))
  }

  @Test(arguments: [
    ("oscillation", "components=100 %", "teacher.components", "100 % of the activity"),
    ("oscillation", "components=301", "teacher.components", "301 components of 300 units"),
    ("oscillation", "components=0", "teacher.components", "out of range"),
    ("oscillation", "neurons=11", "network.neurons", "12 factors cannot be spread"),
    ("oscillation", "teacher=none", "network.kind", "no factors to feed back"),
    (
      "oscillation-rate", "network.neurons=400", "network.neurons",
      "400 neurons are not the 300 units of the teacher"
    ),
    (
      "reaching", "network.mixing=units", "network.mixing",
      "there are no currents of a teacher's units"
    ),
    ("cycling", "network.drive=3", "network.drive", "the size of these factors is not known"),
    ("oscillation", "network.feeds=outputs", "network.feeds", "where there are factors"),
    ("oscillation", "network.drive=none", "network", "the key \"gain\" is missing"),
    ("reaching", "timeStep=2 ms", "task.kind", "have steps of 1 ms"),
    ("oscillation", "task.duration=40 ms", "task.duration", "40 ms is less than 51 time steps"),
    (
      "oscillation", "teacher={kind: trained, components: 2}", "teacher.kind",
      "trained networks are there for noise-integration only"
    ),
  ])
  func mistakesAreNamed(name: String, change: String, key: String, what: String) throws {
    let error = #expect(throws: ExperimentError.self) { try experiment(name, [change]) }
    let text = "\(try #require(error))"
    #expect(text.contains(what) && text.contains(key), "\(text)")
  }

  @Test(.enabled(if: hasData, "needs SYNFIRE_DATA with factor-based-snn"))
  func thePublishedNetworkIntegrates() throws {
    let experiment = try experiment("contextual-integration", ["teacher.trials=60"])
    let task = try taught(experiment)
    // Of the source: eight components hold 95 %.
    let published = [0.505, 0.708, 0.860, 0.893, 0.921, 0.934, 0.944, 0.951]
    for (own, wanted) in zip(task.explained, published) { #expect(abs(own - wanted) < 0.03) }
    // Its readout, on its activity.
    let file = try #require(Self.data).appending(
      "/factor-based-snn/backprop_trained_rate_net_params.mat")
    let predict: Tensor<Double> = try #require(
      try TensorFile.read(file)["trained_params.predict"])
    let batch = try task.base.batch(.test, index: 0, trials: 200, seed: 1)
    let rates = try task.generator.rates(batch)
    var right = 0
    for trial in 0..<200 {
      let output =
        (0..<100).reduce(predict.values[100]) {
          $0 + predict.values[$1] * Double(rates[999, trial, $1])
        }
      if (output > 0) == (batch.conditions["target"]![trial] == 1) { right += 1 }
    }
    #expect(right > 188)
    #expect(try task.dataHashes().keys.contains { $0.hasSuffix("rate_net_params.mat") })
  }

  /// A run that was stopped goes on to the same bits, with a start state of its own.
  @Test(
    .enabled(if: hasData, "needs SYNFIRE_DATA with factor-based-snn"), arguments: [1, 2, 3])
  func resumesToTheSameBits(stopAfter: Int) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let experiment = try experiment(
      "contextual-integration",
      [
        "neurons=120", "batches=4", "trialsPerBatch=2", "learning.settlingTrials=1",
        "learning.averagingTrials=1", "training.test.trials=2", "teacher.trials=4",
        "learning.warmUpSteps=150",
      ])
    func session(_ name: String) throws -> TrainingSession {
      try TrainingSession.start(
        experiment, in: folder.appending(path: name).path, dataDirectory: Self.data, threads: 1)
    }
    let outcome = try session("whole").trainer().run()
    let stop = StopFlag()
    _ = try session("broken").trainer(stop: stop) { event in
      if case .batch(let progress) = event, progress.batch == stopAfter { stop.raise(signal: 15) }
    }.run()
    let again = try TrainingSession.resume(
      in: folder.appending(path: "broken").path, dataDirectory: Self.data, threads: 2)
    #expect(again.checkpoint.batch == stopAfter)
    #expect(again.checkpoint.preciseState.names.contains("start.neurons"))
    #expect(try again.trainer().run() == outcome)
    let results = try ["whole", "broken"].map {
      try RunFolder.read(at: folder.appending(path: $0).path).readCheckpoint().0
    }
    #expect(results[0].parameters == results[1].parameters)
    #expect(results[0].preciseState == results[1].preciseState)
    #expect(results[0].parameters["factors.decoders"]!.values.contains { $0 != 0 })
  }
}
