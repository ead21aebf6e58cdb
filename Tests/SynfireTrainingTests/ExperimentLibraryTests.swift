import Foundation
import SynfireNetworks
import SynfireTraining
import Testing

@Suite struct ExperimentLibraryTests {
  @Test func theBundledExperimentsAreThoseOfTheFolder() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Experiments")
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    let yaml = try #require(files).compactMap { $0 as? URL }.filter { $0.pathExtension == "yaml" }
    let names = yaml.map { $0.path.dropFirst(folder.path.count + 1).dropLast(".yaml".count) }
    #expect(names.map(String.init).sorted() == ExperimentLibrary.names)
    for (name, file) in zip(names, yaml) {
      let text = try String(contentsOf: file, encoding: .utf8)
      #expect(try ExperimentLibrary.file(named: String(name)).text == text)
    }
  }

  @Test func everyBundledExperimentIsValidUnderItsName() throws {
    let list = try ExperimentLibrary.list()
    #expect(list.map(\.name) == ExperimentLibrary.names)
    for name in [
      "lsnn/store-recall", "smnn/context", "smnn/context-switch", "smnn/mnist", "smnn/mnist-rate",
    ] {
      #expect(try ExperimentLibrary.experiment(named: name).name == name)
      #expect(try #require(list.first { $0.name == name }).purpose.count > 20)
    }
  }

  @Test func digitsFollowTheRecipe() throws {
    let experiment = try ExperimentLibrary.experiment(named: "smnn/mnist")
    let layer = experiment.network.layers[0]
    #expect(layer.neurons == 100)
    #expect(experiment.task.steps == 50)
    #expect(experiment.training.batches == 3000)
    #expect(experiment.training.trialsPerBatch == 256)
    #expect(experiment.training.updatesPerBatch == 1)
    #expect(experiment.training.testTrials == .all)
    #expect(experiment.learning.loss == .crossEntropyOnProbabilities)
    #expect(experiment.learning.clipGlobalNorm == 20)
    #expect(
      layer.recurrent.first?.filter == .double(decay: 0.03, rise: 0.002, normalization: .unitArea))
    #expect(experiment.network.readout.filter == layer.recurrent.first?.filter)
    #expect(layer.input.connectivity == .dense(.normal(deviation: .init(1, .inverseRoot(.inputs)))))
    #expect(
      experiment.network.readout.connectivity
        == .dense(.normal(deviation: .init(1, .inverseRoot(.outputs)))))
  }

  @Test(arguments: [
    ("smnn/mnist", 100, 3, 0.9601, 0.005), ("smnn/mnist", 200, 1, 0.9728, 0.005),
    ("smnn/mnist", 30, 1, 0.9423, 0.006), ("smnn/mnist", 100, 100, 0.9517, 0.006),
    ("smnn/mnist-rate", 100, 3, 0.9559, 0.006),
  ])
  func theReportFindsThePublishedAccuracy(
    _ name: String, _ neurons: Int, _ modes: Int, _ accuracy: Double, _ band: Double
  ) throws {
    let experiment = try ExperimentLibrary.experiment(
      named: name,
      overrides: [
        Override(key: "neurons", value: "\(neurons)"), Override(key: "modes", value: "\(modes)"),
      ])
    let numbers = experiment.applicableNumbers
    #expect(numbers.map(\.metric) == ["accuracy"])
    #expect(numbers.first?.value == accuracy)
    #expect(numbers.first?.band == band)
  }

  @Test func theContextTaskHasThreePublishedNumbers() throws {
    let experiment = try ExperimentLibrary.experiment(named: "smnn/context")
    let numbers = experiment.applicableNumbers
    #expect(numbers.map(\.metric) == ["meanSquaredError", "decisionAccuracy", "firingRate"])
    #expect(numbers.map(\.value) == [0.02, 1, 22.5])
    #expect(experiment.training.trialsPerBatch == 300)
    #expect(
      experiment.network.readout.connectivity
        == .dense(.normal(deviation: .init(1, .inverseRoot(.neurons)))))
  }

  @Test func anUnknownNameIsAnsweredWithTheNearest() throws {
    let error = try #require(throws: ExperimentError.self) {
      try ExperimentLibrary.file(named: "smnn/contxt")
    }
    #expect(error.place == "smnn/contxt")
    #expect(error.remedy.hasPrefix("did you mean smnn/context, "))
  }

  @Test func filesAreFoundByPath() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "mine.yaml").path
    try Data(ExperimentSample.text.utf8).write(to: URL(filePath: path))
    #expect(try ExperimentLibrary.experiment(named: path).name == "sample/context")

    let missing = folder.appending(path: "other.yaml").path
    var error = try #require(throws: ExperimentError.self) {
      try ExperimentLibrary.file(named: missing)
    }
    #expect(error.description.hasPrefix("\(missing): there is no such file"))
    error = try #require(throws: ExperimentError.self) {
      try ExperimentLibrary.file(named: folder.path)
    }
    #expect(error.what == "this is a folder")
    try Data([0xFF, 0xFE, 0xC0]).write(to: URL(filePath: path))
    error = try #require(throws: ExperimentError.self) { try ExperimentLibrary.file(named: path) }
    #expect(error.what == "not YAML: not UTF-8 text")
  }
}
