import Foundation
import SynfireCore
import SynfireFormats
import SynfireTasks
import SynfireTraining
import Testing

/// The experiment on a file of the user's.
@Suite struct ExperimentCustomTests {
  private static let name = "rate-to-spike/custom"
  private static let small = [
    "neurons=30", "batches=3", "trialsPerBatch=2", "learning.settlingTrials=1",
    "learning.averagingTrials=1", "training.test.trials=2",
  ]
  private static let data = ProcessInfo.processInfo.environment["SYNFIRE_DATA"]
  private static var hasData: Bool {
    data.map { FileManager.default.fileExists(atPath: "\($0)/factor-based-snn") } ?? false
  }

  private func experiment(_ changes: [String]) throws -> Experiment {
    try ExperimentLibrary.experiment(
      named: Self.name, overrides: changes.map { try Override(parsing: $0) })
  }

  /// A folder that is removed at the end of a test.
  private final class Folder {
    let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    init() throws {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
    func at(_ name: String) -> String { path + "/" + name }

    /// Writes three factors, two outputs and one input of that many samples.
    func put(_ name: String, samples: Int = 300, factors: Int = 3) throws -> String {
      func array(_ channels: Int, _ phase: Double) -> Tensor<Double> {
        Tensor(
          axes: ["time", "channel"], shape: [samples, channels],
          values: (0..<samples * channels).map { index in
            sin(0.02 * Double(index / channels) * Double(1 + index % channels) + phase)
          })
      }
      try TensorFile.write(
        at(name),
        NamedTensors([
          ("factors", array(factors, 0)), ("outputs", array(2, 1)), ("inputs", array(1, 2)),
        ]))
      return at(name)
    }
  }

  @Test func sizesAndScalesAreThoseOfTheFile() throws {
    let folder = try Folder()
    let file = try folder.put("mine.h5")
    let experiment = try experiment(["targets=\(file)", "neurons=30"])
    #expect(experiment.task.factors == 3 && experiment.task.outputs == 5)
    #expect(experiment.task.inputChannels == 1 && experiment.task.steps == 300)
    let network = try #require(try experiment.makeFeedbackNetwork())
    #expect(network.factors == 3 && network.outputs == 2)
    guard case .custom(let task) = experiment.task else {
      Issue.record("another task")
      return
    }
    let targets = try CustomTargets(file)
    let amplitude = task.presentation.factorScale * targets.factorAmplitude
    #expect(abs(amplitude - CustomTask.usualFactorAmplitude) < 1e-9)
    #expect(abs(task.presentation.inputScale * targets.inputAmplitude - 2) < 1e-9)
    let held = try self.experiment(["targets=\(file)", "task.stepsPerSample=10"])
    #expect(held.task.steps == 3000)
  }

  /// The text in a run says sizes, scales and the whole path: it needs no data to be read.
  @Test func canonicalTextReadsAsTheSameWithoutTheFile() throws {
    let folder = try Folder()
    let file = try folder.put("my 'own'.npz")
    let changes = ["targets=\(file)", "neurons=30", "task.axes=trial-time-channel"]
    let first = try experiment(changes)
    #expect(try experiment(changes) == first)
    try FileManager.default.removeItem(atPath: file)
    let again = try ExperimentFile(text: first.canonicalYAML, place: "run.h5").experiment()
    #expect(again == first)
    #expect(
      first.canonicalYAML.contains("sizes: {factors: 3, outputs: 2, inputs: 1, samples: 300}"))
  }

  /// Another file has sizes of its own, whatever the one that was named before it.
  @Test func theLastFileCounts() throws {
    let folder = try Folder()
    let (first, second) = (
      try folder.put("a.h5"), try folder.put("b.h5", samples: 200, factors: 4)
    )
    let other = try experiment(["targets=\(first)", "targets=\(second)"])
    #expect(other.task.factors == 4 && other.task.steps == 200)
    // A run was made for sizes, which the data that it is shown must have.
    let run = try ExperimentFile(
      text: try experiment(["targets=\(first)"]).canonicalYAML, place: "run.h5")
    let changed = try run.experiment(overrides: [Override(parsing: "task.targets=\(second)")])
    let error = #expect(throws: TasksError.self) { try changed.makeTask(dataDirectory: nil) }
    #expect(
      error?.what
        == "the data have 4 factors, 2 outputs and 1 inputs at 200 samples, "
        + "and 3 factors, 2 outputs and 1 inputs at 300 samples are expected")
  }

  @Test func withoutAFileTheRemedyIsSaid() throws {
    let experiment = try experiment([])
    for body in [
      { _ = try experiment.makeTask(dataDirectory: nil) },
      { _ = try ExperimentSummary(experiment, threads: 1) },
    ] {
      let error = #expect(throws: TasksError.self) { try body() }
      #expect(error?.remedy.contains("--set targets=FILE") == true)
    }
  }

  @Test func factorsOfNoUseAreRefused() throws {
    let folder = try Folder()
    let file = try folder.put("mine.h5")
    for scale in ["1e-3", "1000"] {
      let error = #expect(throws: TasksError.self) {
        try experiment(["targets=\(file)", "task.factorScale=\(scale)"])
      }
      #expect(error?.remedy.contains("Leave task.factorScale at auto") == true)
    }
    #expect(throws: ExperimentError.self) { try experiment(["targets=\(file)", "neurons=2"]) }
  }

  private func trained(_ changes: [String], in path: String) throws -> Checkpoint {
    let session = try TrainingSession.start(
      experiment(Self.small + changes), in: path, dataDirectory: Self.data, threads: 1)
    _ = try session.trainer().run()
    return try RunFolder.read(at: path).readCheckpoint().checkpoint
  }

  /// The recordings of cycling in a user's file train the network of `rate-to-spike/cycling`, to the last bit.
  @Test(
    .enabled(if: hasData, "needs SYNFIRE_DATA with factor-based-snn"),
    arguments: ["cycling_data.mat", "cycling_data.h5"])
  func cyclingIsOneCase(file: String) throws {
    let folder = try Folder()
    let data = try #require(Self.data)
    let custom = try trained(
      [
        "targets=\(data)/factor-based-snn/\(file)", "task.outputsName=emg", "task.factorScale=1",
      ], in: folder.at("custom"))
    let cycling = try TrainingSession.start(
      ExperimentLibrary.experiment(
        named: "rate-to-spike/cycling",
        overrides: Self.small.map { try Override(parsing: $0) }), in: folder.at("cycling"),
      dataDirectory: data, threads: 2)
    _ = try cycling.trainer().run()
    let reference = try RunFolder.read(at: folder.at("cycling")).readCheckpoint().checkpoint
    #expect(custom.parameters == reference.parameters)
    #expect(custom.preciseState == reference.preciseState)
    #expect(custom.testMetrics == reference.testMetrics)
    #expect(custom.manifest["sha256 \(file)"]?.count == 64)
  }

  /// Of whatever unit factors are, the network learns the same; outputs come back in their own.
  @Test func unitsDoNotMatter() throws {
    let folder = try Folder()
    let tensors: NamedTensors<Double> = try TensorFile.read(try folder.put("mine.h5"))
    let results = try [0.0078125, 1, 1024].map { unit in
      var scaled = tensors
      for name in ["factors", "inputs"] {
        scaled.update(name) { $0.values = $0.values.map { unit * $0 } }
      }
      let file = folder.at("unit\(unit).h5")
      try TensorFile.write(file, scaled)
      return try trained(["targets=\(file)"], in: folder.at("run\(unit)"))
    }
    #expect(results[0].parameters == results[1].parameters)
    #expect(results[2].parameters == results[1].parameters)
  }

  /// Without factors a rate network that the outputs drive makes them; of whatever units the outputs are.
  @Test func outputsAloneAreEnough() throws {
    let folder = try Folder()
    let all: NamedTensors<Double> = try TensorFile.read(try folder.put("mine.h5"))
    let small = ["teacher.units=40", "components=4", "teacher.trials=2", "teacher.leadIn=50"]
    let results = try [[1.0, 1], [1024, 0.0078125]].map { units in
      var outputs = try #require(all["outputs"])
      for index in outputs.values.indices { outputs.values[index] *= units[index % 2] }
      let file = folder.at("outputs\(units[0]).npz")
      try TensorFile.write(file, NamedTensors([("outputs", outputs), ("inputs", all["inputs"]!)]))
      let experiment = try self.experiment(["targets=\(file)"] + small)
      #expect(experiment.teacher?.components == .count(4) && experiment.task.factors == 0)
      #expect(experiment.task.outputs == 2)
      let again = try ExperimentFile(text: experiment.canonicalYAML, place: "run.h5").experiment()
      #expect(again == experiment)
      return try trained(["targets=\(file)"] + small, in: folder.at("run\(units[0])"))
    }
    #expect(results[0].testMetrics.keys.sorted().prefix(2) == ["factorError", "firingRate"])
    #expect(results[0].testMetrics["outputError"] != nil)
    #expect(results[0].parameters["factors.decoders"]?.shape == [4, 60])
    #expect(results[0].parameters == results[1].parameters)
    // With factors of their own nobody teaches.
    #expect(try experiment(["targets=\(folder.at("mine.h5"))"]).teacher == nil)
  }

  @Test func scalesOfOutputsAreOneForEach() throws {
    let folder = try Folder()
    let file = try folder.put("mine.h5")
    for (given, expected) in [
      ("auto", [1.0, 1]), ("3", [3, 3]), ("[2, 0.5]", [2, 0.5]),
    ] {
      let experiment = try experiment(["targets=\(file)", "task.outputScale=\(given)"])
      guard case .custom(let task) = experiment.task else { continue }
      #expect(task.presentation.outputScales == expected)
    }
    let error = #expect(throws: ExperimentError.self) {
      try experiment(["targets=\(file)", "task.outputScale=[1, 2, 3]"])
    }
    #expect(error?.what == "3 scales for 2 outputs")
  }

  /// A run goes on from another folder than that in which it was begun, with its file in the data directory.
  @Test func aFileThatMovedIsFoundAmongTheData() throws {
    let folder = try Folder()
    let file = try folder.put("mine.h5")
    let reference = try trained(["targets=\(file)"], in: folder.at("whole"))
    let stop = StopFlag()
    _ = try TrainingSession.start(
      experiment(Self.small + ["targets=\(file)"]), in: folder.at("run"), threads: 1
    ).trainer(stop: stop) { event in
      if case .batch(let progress) = event, progress.batch == 1 { stop.raise(signal: 15) }
    }.run()
    let data = folder.at("data")
    try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
    try FileManager.default.moveItem(atPath: file, toPath: data + "/mine.h5")
    let error = #expect(throws: TasksError.self) {
      try TrainingSession.resume(in: folder.at("run"))
    }
    #expect(error?.what == "there is no such file" && error?.remedy.contains("--data") == true)
    let resumed = try TrainingSession.resume(in: folder.at("run"), dataDirectory: data, threads: 2)
    #expect(resumed.checkpoint.batch == 1)
    _ = try resumed.trainer().run()
    let result = try RunFolder.read(at: folder.at("run")).readCheckpoint().checkpoint
    #expect(result.parameters == reference.parameters)
    #expect(result.preciseState == reference.preciseState)
    // Other numbers in it are noticed.
    _ = try folder.put("data/mine.h5", samples: 300, factors: 3)
    try FileManager.default.removeItem(atPath: data + "/mine.h5")
    let tensors = NamedTensors<Double>(
      try ["factors", "outputs", "inputs"].map { name in
        let other: NamedTensors<Double> = try TensorFile.read(try folder.put("other.h5"))
        var tensor = other[name]!
        tensor.values[7] += 0.5
        return (name, tensor)
      })
    try TensorFile.write(data + "/mine.h5", tensors)
    #expect(throws: TrainingError.self) {
      try TrainingSession.resume(in: folder.at("run"), dataDirectory: data)
    }
  }
}
