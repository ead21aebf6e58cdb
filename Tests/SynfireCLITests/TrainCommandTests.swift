import Foundation
import Synfire
import Testing

struct TrainCommandTests {
  @Test func aRunFolderHasAllItsFiles() throws {
    let folder = try WorkFolder()
    let outcome = try Program.run(
      ["train"] + Program.tiny + ["--set", "training.keepBest=loss"], in: folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let run = "runs/smnn-context/seed-0"
    for name in ["run.h5", "run.previous.h5", "best.h5", "log.jsonl", "report.html"] {
      #expect(folder.exists("\(run)/\(name)"), "\(name)")
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.at(run))
    #expect(names.contains { $0.hasPrefix("events.out.tfevents.") })
    #expect(!names.contains { $0.hasPrefix(".") || $0.hasSuffix(".tmp") })
    #expect(outcome.output.contains("meanSquaredError "))
    #expect(outcome.output.contains("report "))
    // A pipe gets plain lines.
    #expect(outcome.errors.contains("batch 6/6  loss "))
    #expect(!outcome.errors.contains("\u{1B}") && !outcome.errors.contains("\r"))
    let checkpoint = try Checkpoint(contentsOf: folder.at(run + "/run.h5"))
    #expect(checkpoint.isFinished && checkpoint.batch == 6 && checkpoint.updates == 18)
    #expect(checkpoint.manifest["synfireVersion"] == RunManifest.version)
    #expect(checkpoint.manifest["instructionSet"] != nil && checkpoint.manifest["seed"] == "0")
  }

  @Test func seedsDifferAndAreRepeatable() throws {
    let folder = try WorkFolder()
    for (name, seed) in [("a", "7"), ("b", "7"), ("c", "8")] {
      let outcome = try Program.run(
        ["train"] + Program.tiny + ["--seed", seed, "--out", name], in: folder)
      #expect(outcome.code == 0, "\(outcome.errors)")
    }
    let ends = try ["a", "b", "c"].map {
      try Checkpoint(contentsOf: folder.at("\($0)/run.h5")).parameters
    }
    #expect(ends[0] == ends[1])
    #expect(ends[0] != ends[2])
  }

  @Test func trainingStartsFromGivenParameters() throws {
    let folder = try WorkFolder()
    #expect(try Program.run(["train"] + Program.tiny + ["--out", "a"], in: folder).code == 0)
    for options in [["--output", "a.safetensors"], ["--format", "npz", "--output", "a.npz"]] {
      let export = try Program.run(["export", "a"] + options, in: folder)
      #expect(export.code == 0, "\(export.errors)")
    }
    for file in ["a.safetensors", "a.npz", "a/run.h5"] {
      let name = "from-\(file.suffix(3))"
      let outcome = try Program.run(
        ["train"] + Program.tiny
          + ["--parameters", file, "--set", "learningRate=1e-30", "--out", name], in: folder)
      #expect(outcome.code == 0, "\(outcome.errors)")
      // A learning rate that changes nothing leaves what was given.
      let started = try Checkpoint(contentsOf: folder.at("\(name)/run.h5")).parameters
      #expect(started == (try Checkpoint(contentsOf: folder.at("a/run.h5")).parameters))
    }
  }

  /// What was connected before training is that of the parameters that were given.
  @Test func givenParametersAreWhatTrainingBeganWith() throws {
    let folder = try WorkFolder()
    let analysis = ["--set", "analysis=[connection-probability]", "--set", "batches=2"]
    let arguments = Program.rewired + analysis
    let overrides = try stride(from: 2, to: arguments.count, by: 2).map {
      try Override(parsing: arguments[$0])
    }
    var given = try ExperimentLibrary.experiment(named: "lsnn/store-recall", overrides: overrides)
      .makeNetwork().initialParameters(seed: 0)
    // Half of the input synapses are no longer connected.
    given.update("hidden.input.weights") { tensor in
      for index in 0..<tensor.count / 2 { tensor.values[index] = -1 }
    }
    let weights = ["hidden.input.weights", "hidden.recurrent.weights"].flatMap {
      given[$0]!.values
    }
    let connected = Double(weights.count { $0 > 0 }) / Double(weights.count)
    try TensorFile.write(folder.at("given.npz"), given)
    let train = try Program.run(
      ["train"] + arguments + ["--parameters", "given.npz", "--out", "run"], in: folder)
    #expect(train.code == 0, "\(train.errors)")
    let outcome = try Program.run(["analyze", "run"], in: folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let line = "connected before training (fraction)  \(MetricText.text(connected, of: ""))"
    #expect(outcome.output.contains(line), "\(line): \(outcome.output)")
  }

  @Test func nirIsNotPretended() throws {
    let folder = try WorkFolder()
    #expect(try Program.run(["train"] + Program.tiny + ["--out", "a"], in: folder).code == 0)
    let outcome = try Program.run(
      ["export", "a", "--format", "nir", "--output", "a.nir"], in: folder)
    #expect(outcome.code == 2 && outcome.errors.contains("without loss"))
    #expect(!folder.exists("a.nir"))
  }

  @Test func evaluationAgreesWithTheTestOfTheRun() throws {
    let folder = try WorkFolder()
    #expect(try Program.run(["train"] + Program.tiny + ["--out", "a"], in: folder).code == 0)
    let object = try Program.run(["evaluate", "a", "--json"], in: folder).object()
    let tested = try Checkpoint(contentsOf: folder.at("a/run.h5")).testMetrics
    for name in ["meanSquaredError", "decisionAccuracy", "loss", "firingRate"] {
      #expect(object[name]?.double == tested[name])
    }
    #expect(object["trials"]?.int == 20 && object["experiment"]?.string == "smnn/context")
    let few = try Program.run(["evaluate", "a", "--trials", "3", "--json"], in: folder).object()
    #expect(few["trials"]?.int == 3)
    let given = try Program.run(
      ["evaluate"] + Program.tiny + ["--parameters", "a/run.h5", "--json"], in: folder
    ).object()
    #expect(given["meanSquaredError"] == object["meanSquaredError"])
  }
}
