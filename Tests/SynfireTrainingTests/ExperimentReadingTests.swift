import SynfireTraining
import Testing

@Suite struct ExperimentReadingTests {
  static let hidden = "network.layers.hidden"

  @Test func valuesAreInUnitsOfTheInternationalSystem() throws {
    let experiment = try ExperimentSample.experiment()
    #expect(experiment.name == "sample/context")
    #expect(experiment.seed == 0)
    #expect(experiment.timeStep == 0.002)
    let layer = try #require(experiment.network.layers.first)
    guard case .leakyIntegrateAndFire(let neuron) = layer.model else {
      Issue.record("not a LIF neuron")
      return
    }
    #expect(neuron.membraneTimeConstant == 0.02)
    #expect(neuron.synapticTimeConstant == 0.01)
    #expect(neuron.threshold == 1)
    #expect(neuron.refractorySteps == 5)
    #expect(layer.recurrent.first?.filter == .single(decay: 0.03))
    #expect(layer.input.filter == .none)
    #expect(experiment.learning.clipGlobalNorm == 20)
    #expect(experiment.training.updatesPerBatch == 1)
    #expect(experiment.training.testTrials == .count(1000))
    #expect(experiment.analyses == [.lossCurve])
  }

  typealias Mistake = ExperimentSample.Mistake

  static let mistakes = [
    Mistake(
      old: "neurons: 100", new: "neurns: 100", key: "\(hidden).neurns",
      what: "unknown key \"neurns\"", remedy: "did you mean neurons?"),
    Mistake(
      old: "neurons: 100", new: "neurons: 0", key: "\(hidden).neurons", what: "0 is out of range",
      remedy: "write a whole number of at least 1"),
    Mistake(
      old: "neurons: 100", new: "neurons: 10.5", key: "\(hidden).neurons",
      what: "\"10.5\" is not a whole number", remedy: "write a whole number of at least 1"),
    Mistake(
      old: "neurons: 100", new: "neurons: [100]", key: "\(hidden).neurons",
      what: "a single value is wanted, this is a list",
      remedy: "write it on the line of the key: neurons: VALUE"),
    Mistake(
      old: "neurons: 100", new: "neurons:", key: "\(hidden).neurons",
      what: "a single value is wanted, this is nothing",
      remedy: "write it on the line of the key: neurons: VALUE"),
    Mistake(
      old: "membraneTimeConstant: 20 ms", new: "membraneTimeConstant: 20",
      key: "\(hidden).model.membraneTimeConstant", what: "20 has no unit, a time needs one",
      remedy: "write it as in 20 ms; units are s, ms or us"),
    Mistake(
      old: "membraneTimeConstant: 20 ms", new: "membraneTimeConstant: 20 Hz",
      key: "\(hidden).model.membraneTimeConstant",
      what: "\"Hz\" is a unit of frequency, a time is wanted",
      remedy: "write it as in 20 ms; units are s, ms or us"),
    Mistake(
      old: "membraneTimeConstant: 20 ms", new: "membraneTimeConstant: 20 msec",
      key: "\(hidden).model.membraneTimeConstant", what: "\"msec\" is not a unit of time",
      remedy: "write it as in 20 ms; units are s, ms or us"),
    Mistake(
      old: "membraneTimeConstant: 20 ms", new: "membraneTimeConstant: -20 ms",
      key: "\(hidden).model.membraneTimeConstant", what: "-20 ms is out of range",
      remedy: "it must be greater than 0"),
    Mistake(
      old: "synapticTimeConstant: 10 ms", new: "synapticTimeConstant: 1 ms",
      key: "\(hidden).model.synapticTimeConstant",
      what: "1 ms is shorter than the time step of 2 ms",
      remedy: "lengthen it, or make timeStep smaller"),
    Mistake(
      old: "timeStep: 2 ms", new: "timeStep: 15 ms", key: "\(hidden).model.synapticTimeConstant",
      what: "10 ms is shorter than the time step of 15 ms",
      remedy: "lengthen it, or make timeStep smaller", offset: 9),
    Mistake(
      old: "timeStep: 2 ms", new: "timeStep: 0 ms", key: "timeStep", what: "0 ms is out of range",
      remedy: "it must be greater than 0"),
    Mistake(
      old: "kind: lif", new: "kind: lyf", key: "\(hidden).model.kind",
      what: "\"lyf\" is not known here",
      remedy: "did you mean lif? known are lif, adaptive-lif, rate, deep-reset-lif"),
    Mistake(
      old: "        refractorySteps: 5\n", new: "", key: "\(hidden).model",
      what: "the key \"refractorySteps\" is missing",
      remedy: "add \"refractorySteps: VALUE\" to \(hidden).model", offset: -3),
    Mistake(
      old: "differentiated: true", new: "differentiated: yes",
      key: "\(hidden).model.reset.differentiated", what: "\"yes\" is not a truth value",
      remedy: "write true or false"),
    Mistake(
      old: "slope: 25", new: "slope: 25 ms", key: "\(hidden).model.surrogate.slope",
      what: "\"25 ms\" has a unit, but this number has none", remedy: "write 25 alone"),
    Mistake(
      old: "1/sqrt(modes)", new: "1/sqrt(outputs)",
      key: "\(hidden).recurrent.connectivity.initialDeviation",
      what: "\"1/sqrt(outputs)\" is not a scale that this connection has",
      remedy: "write a number, or a number divided by a size or its root: 1/sqrt(inputs),"
        + " 1/sqrt(neurons), 1/sqrt(modes)"),
    Mistake(
      old: "modes: 3\n", new: "modes: 3000000000000\n",
      key: "\(hidden).recurrent.connectivity.modes",
      what: "3000000000000 modes of 100 x 100 neurons need 9.6 PB of memory to be trained",
      remedy: "8.6 GB are there: make the network smaller"),
    Mistake(
      old: "trialsPerBatch: 300", new: "trialsPerBatch: 1000000", key: "training.trialsPerBatch",
      // Two batches of 500 steps of 4 channels and a target, conditions, noise, and outputs twice.
      what: "batches of 1000000 trials need 25.7 GB of memory to be trained",
      remedy: "8.6 GB are there: take fewer trials"),
    Mistake(
      old: "loss: root-sum-squares", new: "loss: cross-entropy", key: "learning.loss",
      what: "cross-entropy does not suit the task, whose targets are values at every step",
      remedy: "use root-sum-squares or mean-squared-error"),
    Mistake(
      old: "clipGlobalNorm: 20", new: "clipGlobalNrom: 20", key: "learning.clipGlobalNrom",
      what: "unknown key \"clipGlobalNrom\"", remedy: "did you mean clipGlobalNorm?"),
    Mistake(
      old: "every-step", new: "maximum-over-time", key: "network.readout.reduction",
      what: "maximum-over-time does not suit the task", remedy: "this task wants every-step"),
    Mistake(
      old: "trials: 1000", new: "trials: all", key: "training.test.trials",
      what: "the trials of this task are generated without end",
      remedy: "write a number of trials"),
    Mistake(
      old: "stimulusEnd: 250", new: "stimulusEnd: 500", key: "task.stimulusEnd",
      what: "500 is out of range", remedy: "write a whole number from 51 to 499"),
    Mistake(
      old: "neurons: network.layers.hidden.neurons", new: "neurons: network.hidden.neurons",
      key: "shortcuts.neurons", what: "the key network.hidden.neurons does not exist",
      remedy: "did you mean network.layers.hidden.neurons?"),
    Mistake(
      old: "[loss-curve]", new: "[los-curve]", key: "analysis.0",
      what: "\"los-curve\" is not known here",
      remedy: "did you mean loss-curve? known are "
        + AnalysisKind.allCases.map(\.name).joined(separator: ", ")),
    Mistake(
      old: "when: {modes: 3}", new: "when: {mode: 3}", key: "expected.0.when.mode",
      what: "mode is no key of the experiment", remedy: "use a short key or a dotted path"),
    Mistake(
      old: "rule: bptt", new: "rule: \"\"", key: "learning.rule", what: "\"\" is not known here",
      remedy: "known are bptt, e-prop, recursive-least-squares,"
        + " constrained-least-squares, "
        + "evolving-connectivity, dense-evolution"),
  ]

  @Test(arguments: mistakes)
  func aMistakeIsNamedWithItsPlaceAndRemedy(_ mistake: Mistake) throws {
    let (text, line) = try ExperimentSample.spoiled(mistake.old, mistake.new)
    let error = try ExperimentSample.error(of: text)
    #expect(error.what == mistake.what)
    #expect(error.key == mistake.key)
    #expect(error.remedy == mistake.remedy)
    #expect(error.line == line + mistake.offset)
    #expect(error.place == "sample.yaml:\(line + mistake.offset): \(mistake.key)")
    #expect(error.isUserMistake)
  }

  @Test func aProbabilityIsFromZeroToOne() throws {
    let text = try ExperimentSample.spoiled(
      "task: {kind: context-integration,",
      "task: {kind: context-switch, switchSteps: 200, switchProbability: 110 %,")
    let error = try ExperimentSample.error(of: text.text)
    #expect(error.key == "task.switchProbability")
    #expect(error.what == "110 % is out of range")
    #expect(error.remedy == "it must be from 0 to 1 (0 % to 100 %)")
  }

  @Test(arguments: [
    ("switchSteps: 250, switchProbability: 0.1", "task.switchSteps"),
    ("switchSteps: 0, switchProbability: 0.1", "task.switchSteps"),
  ])
  func anExchangeComesWithinTheAnswer(_ keys: String, _ key: String) throws {
    let text = try ExperimentSample.spoiled(
      "task: {kind: context-integration,", "task: {kind: context-switch, \(keys),")
    let error = try ExperimentSample.error(of: text.text)
    #expect(error.key == key)
    #expect(error.remedy == "write a whole number from 1 to 249")
    let late = text.text.replacing("stimulusEnd: 250", with: "stimulusEnd: 499")
    #expect(try ExperimentSample.error(of: late).key == "task.stimulusEnd")
  }

  @Test func bestParametersNeedAValidation() throws {
    let text = try ExperimentSample.spoiled(
      "validation: {every: 25, trials: 300}", "keepBest: meanSquaredError")
    let error = try ExperimentSample.error(of: text.text)
    #expect(error.key == "training.keepBest")
    #expect(error.remedy == "set validation")
  }

  @Test func textThatIsNotYAMLIsAnErrorAtItsLine() throws {
    let unclosed = try ExperimentSample.error(
      of: "name: a\npurpose: b\ntask: {kind: mnist\nseed: 1")
    #expect(unclosed.what.hasPrefix("not YAML: "))
    #expect(unclosed.line == 4)
    let tab = try ExperimentSample.error(of: "name: a\ntask:\n\tkind: mnist\n")
    #expect(tab.what.hasPrefix("not YAML: "))
    #expect(tab.line == 3)
    let twice = try ExperimentSample.error(of: "name: a\nseed: 1\nseed: 2\n")
    #expect(twice.what == "\"seed\" is given twice in one mapping")
    #expect(twice.place == "sample.yaml:2")
    let prose = try ExperimentSample.error(of: "Just a sentence.")
    #expect(
      prose.what == "a group of settings, keys with values, is wanted, this is \"Just a sentence.\""
    )
    #expect(try ExperimentSample.error(of: "").what == "there is nothing in it")
    #expect(try ExperimentSample.error(of: "# nothing\n").what == "there is nothing in it")
  }

  @Test func aliasesThatGrowWithoutBoundAreStopped() throws {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...5 {
      let alias = "*a\(level - 1)"
      let list = Array(repeating: alias, count: 10).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(list)]\n"
    }
    let error = try ExperimentSample.error(of: text)
    #expect(error.what.contains("more than 100000 values"))
  }
}
