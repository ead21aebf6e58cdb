import SynfireTraining
import Testing

/// Bad values of tasks that ask for classes window by window, and of what networks need for them.
@Suite struct ExperimentSequenceMistakeTests {
  typealias Mistake = ExperimentSample.Mistake

  static let hidden = "network.layers.hidden"

  static let mistakes = [
    Mistake(
      old: "{kind: store-recall}", new: "{kind: store-recall, slotDuration: 200}",
      key: "task.slotDuration", what: "200 has no unit, a time needs one",
      remedy: "write it as in 20 ms; units are s, ms or us"),
    Mistake(
      old: "{kind: store-recall}", new: "{kind: store-recall, slotDuration: 20.5 ms}",
      key: "task.slotDuration", what: "20.5 ms is not a whole number of time steps of 1 ms",
      remedy: "change it, or timeStep"),
    Mistake(
      old: "{kind: store-recall}", new: "{kind: store-recall, slotDuration: 100 s}",
      key: "task.slotDuration", what: "100 s is more than 83333 time steps of 1 ms",
      remedy: "shorten it"),
    Mistake(
      old: "{kind: store-recall}", new: "{kind: store-recall, expectedDelay: 1000 s}",
      key: "task.expectedDelay",
      what: "hardly any sequence of 12 slots has each STORE followed by a value and answered by"
        + " a RECALL", remedy: "bring expectedDelay nearer to a few slots of 200 ms"),
    Mistake(
      old: "{kind: store-recall}", new: "{kind: store-recall, slots: 2}", key: "task.slots",
      what: "2 is out of range", remedy: "write a whole number from 3 to 1000"),
    Mistake(
      old: "{kind: store-recall}", new: "{kind: store-recall, firingRate: 2 kHz}",
      key: "task.firingRate", what: "2 kHz is more than one spike every time step of 1 ms",
      remedy: ""),
    Mistake(
      old: "{kind: store-recall}", new: "{kind: store-recall, flipProbability: 1.5}",
      key: "task.flipProbability", what: "1.5 is out of range",
      remedy: "it must be from 0 to 1 (0 % to 100 %)"),
    Mistake(
      old: "{kind: store-recall}", new: "{kind: store-recal}", key: "task.kind",
      what: "\"store-recal\" is not known here",
      remedy: "did you mean store-recall? known are mnist, fashion-mnist, context-integration,"
        + " context-switch, sequential-mnist, store-recall, cycling, custom, oscillation,"
        + " reaching, noise-integration, reaching-or-cycling, ready-set-go, control"),
    Mistake(
      old: "{kind: store-recall}", new: "{kind: store-recall, stepsPerPixel: 2}",
      key: "task.stepsPerPixel", what: "unknown key \"stepsPerPixel\"",
      remedy: "keys here are kind, slots, slotDuration, expectedDelay, flipProbability,"
        + " neuronsPerPopulation, firingRate"),
    Mistake(
      old: "{kind: store-recall}", new: "{kind: sequential-mnist, stepsPerPixel: 0}",
      key: "task.stepsPerPixel", what: "0 is out of range",
      remedy: "write a whole number from 1 to 1000"),
    Mistake(
      old: "{kind: store-recall}", new: "{kind: sequential-mnist, encoding: poisson}",
      key: "task.encoding", what: "\"poisson\" is not known here",
      remedy: "known are threshold-crossing, analog"),
    Mistake(
      old: "mean-over-windows", new: "maximum-over-time", key: "network.readout.reduction",
      what: "maximum-over-time does not suit the task",
      remedy: "this task wants mean-over-windows"),
    Mistake(
      old: "bias: true", new: "bias: yes", key: "network.readout.bias",
      what: "\"yes\" is not a truth value", remedy: "write true or false"),
    Mistake(
      old: "delays: 10", new: "delays: 10 ms", key: "\(hidden).recurrent.delays",
      what: "\"10 ms\" is not a whole number",
      remedy: "write a whole number of at least 1"),
    Mistake(
      old: "delays: 10", new: "delays: 0", key: "\(hidden).recurrent.delays",
      what: "0 is out of range", remedy: "write a whole number of at least 1"),
    Mistake(
      old: "delays: 10", new: "delays: 64", key: "\(hidden).recurrent.delays",
      what: "delays of 0 to 63 steps reach beyond the longest, of 62 steps",
      remedy: "write a whole number from 1 to 63, or none"),
    Mistake(
      old: "delays: 4", new: "excludesAutapses: true", key: "\(hidden).input.excludesAutapses",
      what: "unknown key \"excludesAutapses\"",
      remedy: "keys here are connectivity, filter, delays"),
    Mistake(
      old: "validation: {every: 5, trials: 16}", new: "validation: {every: 5, trials: all}",
      key: "training.validation.trials",
      what: "the trials of this task are generated without end",
      remedy: "write a number of trials"),
  ]

  @Test(arguments: mistakes) func aMistakeIsNamedWithItsPlaceAndRemedy(_ mistake: Mistake) throws {
    let parts = ExperimentSequenceTests.recall.split(
      separator: mistake.old, omittingEmptySubsequences: false)
    // "delays: 4" and "delays: 10" are there once each.
    try #require(parts.count == 2)
    let line = parts[0].count { $0 == "\n" } + 1
    let error = try ExperimentSample.error(of: parts[0] + mistake.new + parts[1])
    #expect(error.what == mistake.what)
    #expect(error.key == mistake.key)
    #expect(error.remedy == mistake.remedy)
    #expect(error.place == "sample.yaml:\(line): \(mistake.key)")
  }

  @Test func delaysAreNoLongerThanATrial() throws {
    let text = ExperimentSequenceTests.recall.replacing(
      "{kind: store-recall}",
      with: "{kind: store-recall, slots: 3, slotDuration: 3 ms,"
        + " expectedDelay: 9 ms}")
    let error = try ExperimentSample.error(of: text)
    #expect(error.key == "\(Self.hidden).recurrent.delays" && error.line == 20)
    #expect(error.what == "delays of 0 to 9 steps reach beyond the 9 steps of a trial")
    #expect(error.remedy == "write a whole number from 1 to 9, or none")
    let longest = text.replacing("delays: 10", with: "delays: 9")
    #expect(try ExperimentSample.experiment(longest).makeNetwork().layers.count == 1)
    // The longest that the engine takes makes a network, with and without a filter's latency.
    for (filter, delays) in [("none", 63), ("{kind: exponential, decay: 30 ms}", 62)] {
      let set = [
        "\(Self.hidden).recurrent.filter=\(filter)", "\(Self.hidden).recurrent.delays=\(delays)",
      ]
      _ = try ExperimentSample.experiment(ExperimentSequenceTests.recall, set: set).makeNetwork()
      let more = set[0...0] + ["\(Self.hidden).recurrent.delays=\(delays + 1)"]
      #expect(throws: ExperimentError.self) {
        try ExperimentSample.experiment(ExperimentSequenceTests.recall, set: Array(more))
      }
    }
  }

  @Test func otherTasksHaveNoWindows() throws {
    let text = try ExperimentSample.spoiled("every-step", "mean-over-windows")
    let error = try ExperimentSample.error(of: text.text)
    #expect(error.key == "network.readout.reduction" && error.line == text.line)
    #expect(error.remedy == "this task wants every-step")
  }

  @Test func sequentialImagesForValidationMustBeThere() throws {
    let text = ExperimentSequenceTests.pixels.replacing(
      "{kind: sequential-mnist}", with: "{kind: sequential-mnist, validationImages: 0}")
    #expect(try ExperimentSample.error(of: text).key == "training.validation")
  }
}
