import Foundation
import Synfire
import Testing

/// A mistake of the user: one message, exit code 2, nothing written.
struct MistakeTests {
  @Test(arguments: [
    (["frobnicate"], "Unexpected argument 'frobnicate'"),
    (["train"], "Missing expected argument '<experiment>'"),
    (["train", "smnn/context", "--speed", "9"], "Unknown option '--speed'"),
    (["train", "smnn/context", "--threads", "0"], "--threads 0 is outside 1...1024"),
    (["train", "smnn/context", "--threads", "many"], "'many'"),
    (["train", "smnn/contxt"], "did you mean smnn/context"),
    (["train", "no.yaml"], "there is no such file"),
    (["train", "smnn/context", "--set", "neurns=3"], "did you mean neurons?"),
    (["train", "smnn/context", "--set", "neurons"], "there is no \"=\""),
    (["train", "smnn/context", "--set", "neurons=0"], "write a whole number of at least 1"),
    (["train", "smnn/context", "--set", "neurons=100000000"], "100000000 neurons need"),
    (["describe", "smnn/context", "--set", "neurons=100000000"], "100000000 neurons need"),
    (["train", "smnn/context", "--set", "timeStep=1e-320 s"], "it must be greater than 0"),
    (["train", "smnn/context", "--set", "timeStep=2"], "timeStep"),
    (["train", "smnn/context", "--set", "timeStep=2 Hz"], "timeStep"),
    (
      ["train", "smnn/context", "--set", "training=3", "--seed", "2", "--memory", "1 GB"],
      "--set training: a group of settings"
    ),
    (["train", "smnn/context", "--memory", "lots"], "lots"),
    (["train", "smnn/context", "--memory", "1 MB"], "allowed are 1.0 MB"),
    (["describe", "smnn/context", "--memory", "1 MB"], "training takes at least"),
    (["train", "smnn/mnist", "--data", "nowhere"], "there is no such data directory"),
    (["train", "smnn/context", "--resume", "--out", "nothing"], "there is no such run folder"),
    (["train", "smnn/context", "--parameters", "no.safetensors"], "no.safetensors"),
    (["evaluate", "nothing"], "nothing"),
    (["evaluate", "smnn/context"], "this is no run folder"),
    (["analyze", "nothing"], "there is no such run folder"),
    (["report", "nothing"], "there is no such run folder"),
    (["export", "nothing", "--format", "npz", "--output", "x.npz"], "there is no such run folder"),
    (["export", "nothing", "--format", "onnx", "--output", "x"], "onnx"),
    (["export", "nothing", "--output", "x.onnx"], "does not say its format"),
    (["simulate", "smnn/context", "--trials", "no.npz", "--output", "x.npz"], "no.npz"),
    (["gradient", "smnn/context", "--output", "x.npz"], "--trials"),
    (["sweep", "smnn/context", "--grid", "modes"], "write --grid key=a,b,c"),
    (["sweep", "smnn/context", "--grid", "modes=1,many"], "modes"),
    (["data", "verify", "imagenet"], "no data set is named imagenet"),
  ])
  func isExplained(_ arguments: [String], _ text: String) throws {
    let folder = try WorkFolder()
    let outcome = try Program.run(arguments, in: folder)
    #expect(outcome.code == 2)
    #expect(outcome.errors.hasPrefix("error: "))
    #expect(outcome.errors.contains(text), "\(outcome.errors)")
    #expect(outcome.errors.components(separatedBy: "error: ").count == 2)
    #expect(outcome.output.isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  /// Needs and limits that are nearly the same are told apart.
  @Test func memoryThatJustDoesNotFitIsSaidExactly() throws {
    let arguments = ["describe", "lsnn/store-recall-eprop", "--threads", "2"]
    let total = try #require(
      Program.run(arguments + ["--json"]).object()["memory"]?["total"]?.int)
    let outcome = try Program.run(arguments + ["--memory", "\(total - 2) B"])
    #expect(outcome.code == 2)
    let amounts = outcome.errors.matches(of: /[0-9.]+ MB/).map { String($0.output) }
    #expect(amounts.count == 3 && amounts[0] != amounts[1], "\(outcome.errors)")
    #expect(try Program.run(arguments + ["--memory", "\(total) B"]).code == 0)
  }

  @Test func whatIsNotYAMLIsSaidSo() throws {
    let folder = try WorkFolder()
    try Data("name: [smnn\n  purpose: }".utf8).write(
      to: URL(fileURLWithPath: folder.at("broken.yaml")))
    let outcome = try Program.run(["train", "broken.yaml"], in: folder)
    #expect(outcome.code == 2)
    #expect(outcome.errors.contains("broken.yaml:2") || outcome.errors.contains("broken.yaml:1"))
  }

  @Test func aRunFolderThatExistsIsKept() throws {
    let folder = try WorkFolder()
    let first = try Program.run(["train"] + Program.tiny + ["--out", "run"], in: folder)
    #expect(first.code == 0, "\(first.errors)")
    let bytes = FileManager.default.contents(atPath: folder.at("run/run.h5"))
    let second = try Program.run(["train"] + Program.tiny + ["--out", "run"], in: folder)
    #expect(second.code == 2)
    #expect(second.errors.contains("this run folder exists already"))
    #expect(FileManager.default.contents(atPath: folder.at("run/run.h5")) == bytes)
  }

  @Test func aFileIsNotTakenForARunFolder() throws {
    let folder = try WorkFolder()
    try Data("mine".utf8).write(to: URL(fileURLWithPath: folder.at("run")))
    let outcome = try Program.run(["train"] + Program.tiny + ["--out", "run"], in: folder)
    #expect(outcome.code == 2)
    #expect(outcome.errors.contains("there is a file of this name"))
    #expect(FileManager.default.contents(atPath: folder.at("run")) == Data("mine".utf8))
  }

  @Test func aBrokenDataSetIsAnErrorWithARemedy() throws {
    let folder = try WorkFolder()
    try FileManager.default.createDirectory(
      atPath: folder.at("data/mnist"), withIntermediateDirectories: true)
    try Data("not gzip".utf8).write(
      to: URL(fileURLWithPath: folder.at("data/mnist/train-images-idx3-ubyte.gz")))
    for arguments in [["data", "verify"], ["data", "verify", "mnist"]] {
      let outcome = try Program.run(arguments + ["--data", "data"], in: folder)
      #expect(outcome.code == 2)
      #expect(outcome.output.contains("broken   "))
      #expect(outcome.errors.contains("synfire data fetch mnist"), "\(outcome.errors)")
    }
    #expect(try Program.run(["data", "verify", "--data", "."], in: folder).code == 0)
  }

  @Test func aRunIsNotResumedWithOtherValues() throws {
    let folder = try WorkFolder()
    #expect(try Program.run(["train"] + Program.tiny + ["--out", "run"], in: folder).code == 0)
    let other = try Program.run(
      ["train", "smnn/context", "--set", "neurons=21", "--out", "run", "--resume"], in: folder)
    #expect(other.code == 2 && other.errors.contains("the run was started with other values"))
    let named = try Program.run(
      ["train", "smnn/context-switch", "--out", "run", "--resume"], in: folder)
    #expect(named.code == 2 && named.errors.contains("the run is one of smnn/context"))
    let same = try Program.run(["train"] + Program.tiny + ["--out", "run", "--resume"], in: folder)
    #expect(same.code == 0, "\(same.errors)")
  }

  @Test func aRunFolderWithoutItsFileIsAnError() throws {
    let folder = try WorkFolder()
    #expect(try Program.run(["train"] + Program.tiny + ["--out", "run"], in: folder).code == 0)
    try FileManager.default.removeItem(atPath: folder.at("run/run.h5"))
    for arguments in [
      ["train"] + Program.tiny + ["--out", "run", "--resume"], ["analyze", "run"],
      ["evaluate", "run"], ["export", "run", "--format", "npz", "--output", "x.npz"],
    ] {
      let outcome = try Program.run(arguments, in: folder)
      #expect(outcome.code == 2)
      #expect(outcome.errors.contains("this folder has no run.h5"), "\(outcome.errors)")
    }
  }

  @Test func everyTensorThatDoesNotFitIsListed() throws {
    let folder = try WorkFolder()
    let network = try ExperimentLibrary.experiment(named: "smnn/context").makeNetwork()
    var tensors = network.initialParameters(seed: 1)
    tensors["hidden.recurrent.scores"] = nil
    tensors["hidden.bias"] = Tensor(axes: ["neuron"], shape: [100], repeating: 0)
    tensors["readout.weights"] = Tensor(axes: ["a", "b"], shape: [100, 1], repeating: 0)
    tensors.update("hidden.input.weights") { $0.values[5] = .infinity }
    for name in ["bad.safetensors", "bad.npz", "bad.h5"] {
      try TensorFile.write(folder.at(name), tensors)
      let outcome = try Program.run(
        ["train", "smnn/context", "--parameters", name, "--out", "run"], in: folder)
      #expect(outcome.code == 2)
      for text in [
        name, "hidden.recurrent.scores is missing", "hidden.bias belongs to no part",
        "readout.weights has shape [100, 1] instead of [1, 100]",
        "hidden.input.weights is not finite at [1, 1]",
      ] {
        #expect(outcome.errors.contains(text), "\(outcome.errors)")
      }
      #expect(!folder.exists("run"))
    }
  }
}
