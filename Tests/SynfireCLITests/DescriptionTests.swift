import Foundation
import Synfire
import Testing

struct DescriptionTests {
  @Test func experimentsAreListed() throws {
    let text = try Program.run(["list"])
    #expect(text.code == 0 && text.output.contains("smnn/context"))
    let object = try Program.run(["list", "--json"]).object()
    guard case .array(let experiments)? = object["experiments"] else {
      Issue.record("no experiments")
      return
    }
    let names = experiments.compactMap { $0["name"]?.string }
    #expect(names == ExperimentLibrary.names)
    #expect(experiments.allSatisfy { $0["purpose"]?.string?.isEmpty == false })
  }

  @Test func anExperimentIsDescribed() throws {
    let outcome = try Program.run(
      ["describe", "smnn/context", "--set", "neurons=50", "--json"])
    let object = try outcome.object()
    #expect(object["trainedParameters"]?.int == 50 * 4 + 2 * 50 * 3 + 3 + 50)
    guard case .array(let tensors)? = object["parameters"] else {
      Issue.record("no parameters")
      return
    }
    #expect(
      tensors.compactMap { $0["name"]?.string } == [
        "hidden.input.weights", "hidden.recurrent.inputModes", "hidden.recurrent.outputModes",
        "hidden.recurrent.scores", "readout.weights",
      ])
    #expect(tensors[1]["shape"] == [50, 3])
    #expect(object["memory"]?["total"]?.int ?? 0 > 100_000)
    let text = try Program.run(["describe", "smnn/context", "--set", "neurons=50"])
    #expect(text.output.contains("hidden: 50 spiking neurons, recurrent"))
  }

  @Test func theMemoryPlanSaysHowTheTapeIsCut() throws {
    // Thirteen trials: too few for lanes.
    let ahead = [
      "describe", "lsnn/store-recall", "--set", "neurons=200", "--set", "trialsPerBatch=13",
      "--threads", "2",
    ]
    // Mean rates want a forward run of all trials, after which the tape of short segments is found again.
    let numbers = try Program.run(ahead + ["--json"]).object()
    #expect(numbers["memory"]?["segments"]?.int ?? 0 > 10)
    #expect(try Program.run(ahead).output.contains("is found again by spikes and numbers"))
    // Or they are run again, if there is no room for what finds it.
    let less = ["--memory", "\(try #require(numbers["memory"]?["total"]?.int) - 1) B"]
    let kept = try Program.run(ahead + less + ["--json"]).object()
    #expect(kept["memory"]?["segments"] == numbers["memory"]?["segments"])
    #expect(try Program.run(ahead + less).output.contains("segments are run forward twice"))
    let arguments = ahead + ["--set", "learning.regularizers=[]"]
    let whole = try Program.run(arguments + ["--json"]).object()
    #expect(
      kept["memory"]?["sweeps"]?.int ?? .max < whole["memory"]?["sweeps"]?.int ?? 0)
    #expect(whole["memory"]?["segments"]?.int == 1)
    #expect(whole["memory"]?["segmentSteps"]?.int == 2400)
    let total = try #require(whole["memory"]?["total"]?.int)
    let limit = total - (try #require(whole["memory"]?["sweeps"]?.int)) / 2
    let cut = try Program.run(arguments + ["--json", "--memory", "\(limit) B"]).object()
    #expect(cut["memory"]?["segments"]?.int ?? 0 > 1)
    #expect(cut["memory"]?["total"]?.int ?? .max <= limit)
    let text = try Program.run(arguments + ["--memory", "\(limit) B"]).output
    #expect(text.contains("segments are run forward twice"))
  }

  @Test func ePropKeepsTracesAndNoTape() throws {
    func memory(_ arguments: String...) throws -> [String: Int] {
      let object = try Program.run(
        ["describe", "lsnn/store-recall-eprop", "--json", "--threads", "2"] + arguments
      ).object()
      #expect(object["memory"]?["segments"] == .null)
      return Dictionary(
        uniqueKeysWithValues: ["traces", "gradients", "sweeps", "trials"].compactMap { key in
          object["memory"]?[key]?.int.map { (key, $0) }
        })
    }
    let usual = try memory()
    // Two workers, seven numbers for each synapse from 100 channels and 20 neurons to 32 lanes.
    #expect(usual["traces"] == 2 * 7 * 120 * 32 * 4)
    let long = try memory("--set", "task.slotDuration=2 s")
    #expect(long["traces"] == usual["traces"] && long["gradients"] == usual["gradients"])
    #expect(long["trials"]! > 9 * usual["trials"]!)
    #expect(try memory("--set", "neurons=400")["gradients"]! > 30 * usual["gradients"]!)
    let text = try Program.run(["describe", "lsnn/store-recall-eprop", "--threads", "2"]).output
    #expect(text.contains("there is no tape"), "\(text)")
    #expect(text.contains("eligibility traces of 2 workers"), "\(text)")
  }

  @Test func theYAMLThatIsPrintedIsTheExperiment() throws {
    let folder = try WorkFolder()
    for arguments in [[], ["--set", "neurons=7"]] {
      let outcome = try Program.run(["describe", "smnn/mnist", "--yaml"] + arguments)
      #expect(outcome.code == 0)
      let path = folder.at("copy.yaml")
      try Data(outcome.output.utf8).write(to: URL(fileURLWithPath: path))
      let overrides = arguments.isEmpty ? [] : [try Override(parsing: "neurons=7")]
      #expect(
        try ExperimentFile(path: path).experiment().canonicalYAML
          == ExperimentLibrary.experiment(named: "smnn/mnist", overrides: overrides).canonicalYAML)
    }
  }

  @Test func aRunIsDescribed() throws {
    let folder = try WorkFolder()
    #expect(try Program.run(["train"] + Program.tiny + ["--out", "a"], in: folder).code == 0)
    let object = try Program.run(["describe", "a", "--json"], in: folder).object()
    #expect(object["batch"]?.int == 6 && object["isFinished"] == true)
    #expect(object["test"]?["meanSquaredError"]?.double != nil)
  }

  @Test func theProgramTellsItsVersionAndBuild() throws {
    let version = try Program.run(["--version"])
    #expect(version.code == 0 && version.output == RunManifest.version + "\n")
    let object = try Program.run(["info", "--json"]).object()
    #expect(object["version"]?.string == RunManifest.version)
    #expect(object["instructionSet"]?.string == "\(InstructionSet.build)")
    #expect(object["threads"]?.int ?? 0 > 0)
    let hasHDF5Version = object["hdf5"]?.string?.contains(/^1\.\d+\.\d+$/) == true
    #expect(hasHDF5Version)
    #expect(object["zlib"]?.string?.isEmpty == false && object["lapack"]?.string?.isEmpty == false)
    let help = try Program.run(["train", "--help"])
    #expect(help.code == 0 && help.output.contains("--resume"))
  }
}
