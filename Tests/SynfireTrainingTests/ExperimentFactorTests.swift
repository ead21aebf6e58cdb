import Foundation
import SynfireCore
import SynfireLearning
import SynfireNetworks
import SynfireTasks
import SynfireTraining
import Testing

/// Experiments whose network has feedback.
@Suite struct ExperimentFactorTests {
  private static let name = "rate-to-spike/cycling"
  private static let data = ProcessInfo.processInfo.environment["SYNFIRE_DATA"]
  private static var hasData: Bool {
    data.map { FileManager.default.fileExists(atPath: "\($0)/factor-based-snn") } ?? false
  }

  private func experiment(_ changes: [String] = []) throws -> Experiment {
    try ExperimentLibrary.experiment(
      named: Self.name, overrides: changes.map { try Override(parsing: $0) })
  }

  @Test func cyclingFollowsTheSource() throws {
    let experiment = try experiment()
    #expect(experiment.task == .cycling && experiment.task.factors == 12)
    #expect(experiment.task.inputChannels == 1 && experiment.task.outputs == 15)
    let network = try #require(try experiment.makeFeedbackNetwork())
    #expect(network.neurons == 800 && network.factors == 12 && network.outputs == 3)
    #expect(network.regressors == 1600)
    #expect(network.synapses.map(\.name) == ["slow", "fast", "common"])
    #expect(network.synapses.map(\.entersMean) == [true, true, false])
    let parameters = network.initialParameters(seed: 0)
    func deviation(_ name: String) -> Double {
      let values = parameters[name]!.values.map(Double.init)
      return (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
    }
    #expect(abs(deviation("hidden.recurrent.slow.weights") - 1.1 / 800.0.squareRoot()) < 2e-4)
    #expect(abs(deviation("hidden.recurrent.fast.weights") - 26 / 800.0.squareRoot()) < 5e-3)
    #expect(parameters["hidden.recurrent.common.weight"]!.values == [-60.0 / 800])
    // Orthonormal columns times 4.
    #expect(abs(deviation("hidden.encoders") - 4 / 800.0.squareRoot()) < 1e-6)
    let trained = network.parameterSpecifications.filter(\.isTrainable).map(\.name)
    #expect(
      trained == ["hidden.offset", "factors.decoders", "readout.weights", "readout.bias"])
    guard case .leastSquares(let constants) = experiment.learning.rule else {
      Issue.record("another rule")
      return
    }
    #expect(constants == RecursiveLeastSquares.Constants())
    #expect(throws: TrainingError.self) { try experiment.makeNetwork() }
  }

  @Test func canonicalTextReadsAsTheSame() throws {
    let experiment = try experiment(["neurons=60", "network.source=traces"])
    let again = try ExperimentFile(text: experiment.canonicalYAML, place: "run.h5").experiment()
    #expect(again == experiment)
    #expect(try #require(try again.makeFeedbackNetwork()).source == .traces)
  }

  @Test(arguments: [
    ("network.neurons=10", "network.neurons", "12 factors cannot be spread over 10 neurons"),
    ("network.gain=0", "network.gain", "0 is out of range"),
    ("timeStep=2 ms", "task.kind", "the recordings of this task have steps of 1 ms"),
    (
      "learning.updateProbability=0 %", "learning.updateProbability",
      "with a probability of 0 nothing is learned"
    ),
    ("learning.forgetting=1.1", "learning.forgetting", "1.1 is above 1"),
    ("learning.optimizer=adam", "learning.optimizer", "unknown key \"optimizer\""),
    (
      "analysis=[voltage-traces]", "analysis",
      "voltage-traces is not drawn of a network with feedback"
    ),
    ("network.kind=layers", "network", "the key \"layers\" is missing"),
    (
      "task={kind: context-integration, steps: 500, stimulusStart: 50, stimulusEnd: 250}",
      "network.kind", "the task has no factors to feed back"
    ),
  ])
  func mistakesAreNamed(change: String, key: String, what: String) throws {
    let error = #expect(throws: ExperimentError.self) { try experiment([change]) }
    let text = "\(try #require(error))"
    #expect(text.contains(what), "\(text)")
  }

  @Test func ruleAndNetworkBelongTogether() throws {
    let text = try ExperimentLibrary.file(named: "smnn/context").text
    let lines = text.components(separatedBy: "\n")
    let start = try #require(lines.firstIndex { $0.hasPrefix("learning:") })
    let end = try #require(
      lines[(start + 1)...].firstIndex { $0.first.map { !$0.isWhitespace } ?? false })
    let changed =
      lines[..<start] + ["learning: {rule: recursive-least-squares}"] + lines[end...]
    let error = #expect(throws: ExperimentError.self) {
      try ExperimentFile(text: changed.joined(separator: "\n"), place: "mine.yaml").experiment()
    }
    #expect(
      "\(try #require(error))".contains("recursive least squares is for a network with feedback"))
  }

  @Test(.enabled(if: hasData, "needs SYNFIRE_DATA with factor-based-snn"))
  func theTaskHasTheSizesOfTheFile() throws {
    let experiment = try experiment()
    let task = try #require(try experiment.makeTask(dataDirectory: Self.data) as? CyclingTask)
    #expect(task.outputs == experiment.task.outputs && task.steps == experiment.task.steps)
    let batch = try task.batch(.training, index: 3, trials: 2, seed: 0)
    guard case .analog(let inputs) = batch.inputs, case .values(let targets) = batch.targets else {
      Issue.record("no numbers")
      return
    }
    #expect(inputs[49, 1, 0] == 2 && inputs[50, 1, 0] == 0)
    #expect(
      targets[700, 0, 3] == task.targets[700, 3] && targets[700, 1, 14] == task.targets[700, 14])
    // No error, and as much error as there is target.
    #expect(task.metrics(readout: targets, of: batch) == ["factorError": 0, "outputError": 0])
    let silence = Tensor<Float>(axes: targets.axes, shape: targets.shape)
    #expect(task.metrics(readout: silence, of: batch) == ["factorError": 1, "outputError": 1])
    #expect(try task.dataHashes().count == 1)
  }

  @Test func missingDataSayWhereTheyAre() throws {
    let error = #expect(throws: TasksError.self) { try CyclingTask(directory: nil) }
    #expect(error?.remedy.contains("github.com/briandepasquale") == true)
  }

  /// A run that was stopped goes on to the same bits, in the averaging phase and in that of learning.
  @Test(
    .enabled(if: hasData, "needs SYNFIRE_DATA with factor-based-snn"), arguments: [1, 2])
  func resumesToTheSameBits(stopAfter: Int) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let experiment = try experiment([
      "neurons=30", "batches=3", "trialsPerBatch=2", "learning.settlingTrials=1",
      "learning.averagingTrials=1", "training.test.trials=2",
    ])
    let whole = folder.appending(path: "whole").path
    let broken = folder.appending(path: "broken").path
    let first = try TrainingSession.start(
      experiment, in: whole, dataDirectory: Self.data, threads: 1)
    let outcome = try first.trainer().run()
    guard case .finished(let metrics) = outcome else {
      Issue.record("the run was interrupted")
      return
    }
    #expect(metrics.keys.sorted() == ["factorError", "firingRate", "loss", "outputError"])
    let stop = StopFlag()
    _ = try TrainingSession.start(
      experiment, in: broken, dataDirectory: Self.data, threads: 2
    ).trainer(stop: stop) { event in
      if case .batch(let progress) = event, progress.batch == stopAfter { stop.raise(signal: 15) }
    }.run()
    let again = try TrainingSession.resume(in: broken, dataDirectory: Self.data, threads: 1)
    #expect(again.checkpoint.batch == stopAfter)
    #expect(try again.trainer().run() == outcome)
    let results = try [whole, broken].map { try RunFolder.read(at: $0).readCheckpoint().0 }
    #expect(results[0].parameters == results[1].parameters)
    #expect(results[0].preciseState == results[1].preciseState)
    #expect(results[0].training == results[1].training)
    #expect(results[0].parameters["factors.decoders"]!.values.contains { $0 != 0 })
  }
}
