import Foundation
import SynfireCore
import SynfireLearning
import SynfireNetworks
import SynfireTraining
import Testing

/// Experiments whose trained synapses are sparse, or follow Dale's law, and the form of 2016.
@Suite struct ExperimentRecurrenceTests {
  private static let data = ProcessInfo.processInfo.environment["SYNFIRE_DATA"]
  private static var hasData: Bool {
    data.map { FileManager.default.fileExists(atPath: "\($0)/factor-based-snn") } ?? false
  }

  private func experiment(_ name: String, _ changes: [String] = []) throws -> Experiment {
    try ExperimentLibrary.experiment(
      named: "rate-to-spike/\(name)", overrides: changes.map { try Override(parsing: $0) })
  }

  @Test func daleIsAsTheFileSays() throws {
    let experiment = try experiment("cycling-dale")
    let network = try #require(try experiment.makeFeedbackNetwork())
    let recurrence = try #require(network.recurrence)
    #expect(recurrence.inputs.allSatisfy { $0.count == 80 })
    #expect(recurrence.signs?.values.count { $0 == 1 } == 640)
    #expect(
      experiment.learning.rule
        == .constrainedLeastSquares(
          {
            var constants = ConstrainedLeastSquares()
            (constants.settling, constants.averaging) = (5, 5)
            return constants
          }()))
    let trained = network.parameterSpecifications.filter(\.isTrainable).map(\.name)
    #expect(
      trained == ["hidden.offset", "hidden.recurrence", "readout.weights", "readout.bias"])
    let again = try ExperimentFile(text: experiment.canonicalYAML, place: "run.h5").experiment()
    #expect(again == experiment)
    #expect(try again.makeFeedbackNetwork()?.recurrence == recurrence)
  }

  @Test func sparseHasFreeSigns() throws {
    let network = try #require(try experiment("cycling-sparse").makeFeedbackNetwork())
    #expect(network.recurrence?.signs == nil)
    #expect(network.recurrence?.inputs.allSatisfy { $0.count == 80 } == true)
    #expect(network.regressors == 1600)
  }

  @Test func theFormOf2016LearnsSlowSynapsesAlone() throws {
    let network = try #require(try experiment("cycling-2016").makeFeedbackNetwork())
    #expect(network.synapses.map(\.name) == ["fast", "common"])
    #expect(network.source == .traces && network.recurrence == nil)
    #expect(network.regressors == 800 && network.traces.count == 1)
    let trained = network.parameterSpecifications.filter(\.isTrainable).map(\.name)
    #expect(trained == ["hidden.offset", "factors.decoders", "readout.weights"])
  }

  @Test(arguments: [
    ("probability=0 %", "none of 800 neurons has an input"),
    ("probability=110 %", "out of range"),
    ("probability=-10 %", "out of range"),
    ("probability=0.05 %", "none of 800 neurons has an input"),
    ("excitatoryFraction=120 %", "out of range"),
    ("learning.ridge=0", "out of range"),
    ("learning.forgetting=1.5", "1.5 is above 1"),
    ("learning.teacherDecay=0", "out of range"),
    ("learning.longestRun=0", "out of range"),
    ("learning.updateProbability=50 %", "unknown key \"updateProbability\""),
    ("network.recurrence.kind=dense", "dense"),
    ("learning={rule: recursive-least-squares}", "does not keep Dale's law"),
    (
      "learning={rule: bptt, loss: mean-squared-error, optimizer: {kind: sgd, learningRate: 1}}",
      "learns by recursive or constrained least squares"
    ),
  ])
  func mistakesAreNamed(change: String, what: String) throws {
    let error = #expect(throws: ExperimentError.self) {
      try experiment("cycling-dale", [change])
    }
    let text = "\(try #require(error))"
    #expect(text.contains(what), "\(text)")
  }

  @Test func constrainedLeastSquaresNeedsARecurrence() throws {
    let error = #expect(throws: ExperimentError.self) {
      try experiment("cycling", ["learning={rule: constrained-least-squares}"])
    }
    #expect("\(try #require(error))".contains("network.recurrence: {kind: sparse"))
  }

  /// A matrix a neuron is refused where it cannot fit, and counted where it can.
  @Test func memoryOfAMatrixANeuron() throws {
    let file = try ExperimentLibrary.file(named: "rate-to-spike/cycling-sparse")
    let error = #expect(throws: ExperimentError.self) {
      try file.experiment(
        overrides: [try Override(parsing: "probability=100 %")], memory: 8_000_000_000)
    }
    let text = "\(try #require(error))"
    #expect(text.contains("the correlations of 1600 traces of the inputs of each of 800 neurons"))
    #expect(text.contains("8 GB are there") || text.contains("8.0 GB are there"), "\(text)")
    let summary = try ExperimentSummary(try experiment("cycling-sparse"), threads: 1)
    let part = try #require(summary.memory.parts.first { $0.key == "inverseCorrelation" })
    #expect(part.bytes > 800 * (160 * 160 + 160 * 161) * 8)
    #expect(part.bytes < 500_000_000)
  }

  /// A run that was stopped goes on to the same bits.
  @Test(
    .enabled(if: hasData, "needs SYNFIRE_DATA with factor-based-snn"),
    arguments: ["cycling-dale", "cycling-sparse"])
  func resumesToTheSameBits(name: String) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let experiment = try experiment(
      name,
      [
        "neurons=30", "probability=30 %", "batches=3", "trialsPerBatch=3",
        "learning.settlingTrials=1", "learning.averagingTrials=1", "training.test.trials=2",
        "training.checkpointEvery=1",
      ])
    let (whole, broken) = (
      folder.appending(path: "whole").path, folder.appending(path: "broken").path
    )
    let outcome = try TrainingSession.start(
      experiment, in: whole, dataDirectory: Self.data, threads: 1
    ).trainer().run()
    guard case .finished(let metrics) = outcome else {
      Issue.record("the run was interrupted")
      return
    }
    #expect(metrics.keys.sorted() == ["factorError", "firingRate", "loss", "outputError"])
    let stop = StopFlag()
    _ = try TrainingSession.start(
      experiment, in: broken, dataDirectory: Self.data, threads: 2
    ).trainer(stop: stop) { event in
      if case .batch(let progress) = event, progress.batch == 2 { stop.raise(signal: 15) }
    }.run()
    let again = try TrainingSession.resume(in: broken, dataDirectory: Self.data, threads: 1)
    #expect(again.checkpoint.batch == 2)
    #expect(try again.trainer().run() == outcome)
    let results = try [whole, broken].map { try RunFolder.read(at: $0).readCheckpoint().0 }
    #expect(results[0].parameters == results[1].parameters)
    #expect(results[0].preciseState == results[1].preciseState)
    let learned = results[0].parameters["hidden.recurrence"]!
    #expect(learned.values.contains { $0 != 0 })
    #expect(
      try #require(try experiment.makeFeedbackNetwork()?.recurrence).allows(learned.converted()))
  }
}
