import SynfireLearning
import SynfireNetworks
import SynfireTraining
import Testing

@Suite struct ExperimentOverrideTests {
  private func hidden(_ overrides: String...) throws -> LayerDescription {
    try #require(ExperimentSample.experiment(set: overrides).network.layers.first)
  }

  private func modes(_ layer: LayerDescription) throws -> ModesDescription {
    guard case .modes(let modes) = layer.recurrent.first?.connectivity else {
      throw ExperimentError("no modes", at: ConfigurationPlace(file: ""))
    }
    return modes
  }

  @Test func longAndShortKeysReachTheSameValue() throws {
    #expect(try hidden("neurons=200").neurons == 200)
    #expect(try hidden("network.layers.hidden.neurons=200") == hidden("neurons=200"))
    #expect(try hidden("network.layers.0.neurons=200") == hidden("neurons=200"))
    #expect(try modes(hidden("modes=30")).modes == 30)
  }

  @Test func theLastOfTwoWins() throws {
    #expect(try hidden("neurons=200", "neurons=30").neurons == 30)
  }

  @Test func oneShortKeyMayStandForSeveral() throws {
    let experiment = try ExperimentSample.experiment(set: ["decay=50 ms"])
    #expect(experiment.network.readout.filter == .single(decay: 0.05))
    #expect(experiment.network.layers[0].recurrent.first?.filter == .single(decay: 0.05))
    // A short key of a mapping leads on to what is in it.
    let digits = try ExperimentLibrary.experiment(
      named: "smnn/mnist", overrides: [Override(key: "filter.decay", value: "50 ms")])
    #expect(
      digits.network.readout.filter
        == .double(decay: 0.05, rise: 0.002, normalization: .unitArea))
  }

  @Test func wholeMappingsAndLeftOutValuesCanBeSet() throws {
    let changed = try ExperimentSample.experiment(set: [
      "learning.optimizer={kind: sgd, learningRate: 0.1, momentum: 0.9}",
      "learning.schedule={kind: step, every: 100, factor: 0.5}",
      "learning.schedule.warmUpUpdates=10", "learning.clipGlobalNorm=none",
      "learning.regularizers=[{kind: firing-rate, strength: 1, target: 0.025 kHz}]",
      "training.earlyStopping={metric: loss, patience: 3}", "training.memory=1.5 GiB",
      "network.layers.hidden.recurrent=none",
      "shortcuts={}", "expected=[]", "seed=7",
    ])
    #expect(changed.learning.optimizer.method == .gradientDescent(momentum: 0.9))
    #expect(changed.learning.optimizer.learningRate == 0.1)
    #expect(changed.learning.optimizer.schedule.shape == .step(factor: 0.5, interval: 100))
    #expect(changed.learning.optimizer.schedule.warmUp == 10)
    #expect(changed.learning.clipGlobalNorm == nil)
    #expect(changed.learning.regularizers == [.firingRate(strength: 1, target: 0.05)])
    #expect(changed.training.earlyStopping?.patience == 3)
    #expect(changed.training.memory == 1_610_612_736)
    #expect(changed.network.layers[0].recurrent.isEmpty)
    #expect(changed.seed == 7)
  }

  @Test func shortKeysShowTheirPathsAndValues() throws {
    let shortcuts = try ExperimentSample.experiment(set: ["modes=7"]).shortcuts
    #expect(shortcuts.map(\.key) == ["neurons", "modes", "decay"])
    #expect(shortcuts.map(\.value) == ["100", "7", "30 ms"])
    #expect(shortcuts[2].paths.count == 2)
  }

  @Test func publishedNumbersApplyToTheirSizes() throws {
    #expect(try ExperimentSample.experiment().applicableNumbers.count == 1)
    #expect(try ExperimentSample.experiment(set: ["modes=4"]).applicableNumbers.isEmpty)
    #expect(try ExperimentSample.experiment(set: ["modes=4"]).expected.count == 1)
  }

  @Test(arguments: [
    ("neuron=200", "neuron", "unknown key \"neuron\"", "did you mean neurons?"),
    (
      "membraneTimeConstnt=10 ms", "membraneTimeConstnt", "unknown key \"membraneTimeConstnt\"",
      "did you mean network.layers.hidden.model.membraneTimeConstant?"
    ),
    (
      "network.hidden.neurons=200", "network.hidden.neurons",
      "unknown key \"network.hidden.neurons\"", "did you mean network.layers.hidden.neurons?"
    ),
    (
      "learning.optimizer.learningRat=1", "learning.optimizer.learningRat",
      "unknown key \"learningRat\"", "did you mean learningRate?"
    ),
    (
      "zzz=1", "zzz", "unknown key \"zzz\"",
      "short keys are neurons, modes, decay; others are dotted paths of the file"
    ),
    (
      "neurons.x=1", "neurons.x", "unknown key \"network.layers.hidden.neurons.x\"",
      "did you mean neurons?"
    ),
  ])
  func anUnknownKeyIsNamedWithTheNearest(
    _ override: String, _ key: String, _ what: String, _ remedy: String
  ) throws {
    let error = try ExperimentSample.error(set: override)
    #expect(error.place == "--set \(key)")
    #expect(error.what == what)
    #expect(error.remedy == remedy)
  }

  @Test func aWrongValueIsNamedWithItsOverride() throws {
    let error = try ExperimentSample.error(set: "modes=0")
    #expect(
      error.place == "--set modes: network.layers.hidden.recurrent.connectivity.modes")
    #expect(error.what == "0 is out of range")
    let unit = try ExperimentSample.error(set: "timeStep=2")
    #expect(unit.place == "--set timeStep")
    #expect(unit.what == "2 has no unit, a time needs one")
    let yaml = try ExperimentSample.error(set: "learning.optimizer={kind: adam")
    #expect(yaml.place == "--set learning.optimizer")
    #expect(yaml.what.hasPrefix("not YAML"))
    let incomplete = try ExperimentSample.error(set: "training.earlyStopping.patience=3")
    #expect(incomplete.what == "the key \"metric\" is missing")
    let quoted = try ExperimentSample.error(set: "neurons=\"200\"")
    #expect(quoted.what == "\"200\" is not a whole number")
  }

  /// The override that spoils a group is blamed, not one of a key in it that follows.
  @Test(arguments: [["training=3"], ["training=3", "training.batches=5"], ["training=[1]"]])
  func oneValueForAGroupIsNamed(_ overrides: [String]) throws {
    let error = try ExperimentSample.error(of: ExperimentSample.text, set: overrides)
    #expect(error.place == "--set training")
    #expect(error.what.hasPrefix("a group of settings, keys with values, is wanted, this is "))
    #expect(
      error.remedy == "set them one by one, --set training.KEY=VALUE, or all,"
        + " --set 'training={KEY: VALUE, ...}'")
  }

  @Test(arguments: ["neurons", "=3", "neurons=", " = "])
  func whatIsNoOverrideIsRefused(_ text: String) throws {
    let error = try #require(throws: ExperimentError.self) { try Override(parsing: text) }
    #expect(error.remedy == "write --set key=value")
    #expect(error.place == "--set \(text)")
  }
}
