import SynfireTraining
import Testing

/// Bad values of sparse connectivity, rewiring, e-prop and adaptive neurons.
@Suite struct ExperimentLSNNMistakeTests {
  /// An override that is a mistake, and the error that is to come of it.
  struct Mistake: Sendable, CustomTestStringConvertible {
    let change: String
    let key: String
    let what: String
    let remedy: String
    var text = ExperimentLSNNTests.sparse
    var testDescription: String { change }

    init(_ change: String, _ key: String, _ what: String, _ remedy: String, online: Bool = false) {
      self.change = change
      self.key = key
      self.what = what
      self.remedy = remedy
      if online { text = ExperimentLSNNTests.online }
    }
  }

  private static let input = "network.layers.hidden.input"
  private static let model = "network.layers.hidden.model"
  private static let otherwise = "or learn by back-propagation through time."

  static let mistakes = [
    Mistake(
      "\(input).connectivity.density=0", "\(input).connectivity.density", "nothing is connected",
      "write a density above 0 and up to 1, such as 12 %"),
    Mistake(
      "\(input).connectivity.density=120 %", "\(input).connectivity.density",
      "120 % is out of range", "it must be from 0 to 1 (0 % to 100 %)"),
    Mistake(
      "\(input).connectivity.density=-0.1", "\(input).connectivity.density",
      "-0.1 is out of range", "it must be from 0 to 1 (0 % to 100 %)"),
    Mistake(
      "\(input).connectivity.signs.excitatory=1.2", "\(input).connectivity.signs.excitatory",
      "1.2 is out of range", "it must be from 0 to 1 (0 % to 100 %)"),
    Mistake(
      "\(input).connectivity.signs.order=shufled", "\(input).connectivity.signs.order",
      "\"shufled\" is not known here",
      "did you mean shuffled? known are inhibitory-first, shuffled"),
    Mistake(
      "\(input).connectivity.excludesAutapses=true", "\(input).connectivity.excludesAutapses",
      "unknown key \"excludesAutapses\"", "keys here are kind, density, signs"),
    Mistake(
      "network.readout.initialDeviation=1", "network.readout.initialDeviation",
      "unknown key \"initialDeviation\"", "keys here are filter, reduction, connectivity, bias"),
    Mistake(
      "\(input).delays=81", "\(input).delays",
      "delays of 0 to 80 steps reach beyond the longest, of 63 steps",
      "write a whole number from 1 to 64, or none"),
    Mistake(
      "task.slotDuration=1 ms", "\(input).delays",
      "delays of 0 to 4 steps reach beyond the 4 steps of a trial",
      "write a whole number from 1 to 4, or none"),
    Mistake(
      "learning.rewiring.kind=deepr", "learning.rewiring.kind", "\"deepr\" is not known here",
      "did you mean deep-r? known are deep-r"),
    Mistake(
      "learning.rewiring.l1=-1", "learning.rewiring.l1", "-1 is out of range",
      "it must be 0 or greater"),
    Mistake(
      "learning.rewiring.temperature=1 K", "learning.rewiring.temperature",
      "\"1 K\" has a unit, but this number has none", "write 1 alone"),
    Mistake(
      "learning.rewiring.temprature=1", "learning.rewiring.temprature",
      "unknown key \"temprature\"", "did you mean temperature?"),
    Mistake(
      "\(model).adaptationStrength=-1.8", "\(model).adaptationStrength", "-1.8 is out of range",
      "it must be 0 or greater"),
    Mistake(
      "\(model).adaptationStrength=[1, 2]", "\(model).adaptiveNeurons",
      "a list of adaptation strengths says itself which neurons adapt",
      "leave adaptiveNeurons out, and write 0 for neurons that do not"),
    Mistake(
      "\(model).threshold=[0.01, 0.02]", "\(model).threshold",
      "there are 2 values for 30 neurons",
      "give one value for all, one for each, or {from: A, to: B}"),
    Mistake(
      "\(model).adaptationTimeConstant={from: 1 ms, to: 700}",
      "\(model).adaptationTimeConstant.to", "700 has no unit, a time needs one",
      "write it as in 20 ms; units are s, ms or us"),
    Mistake(
      "\(model).adaptationStrength={from: 0, to: 2, spacing: logarithmic}",
      "\(model).adaptationStrength.spacing", "ratios from or to 0 cannot be even",
      "write linear"),
    Mistake(
      "\(model).adaptationStrength={from: -1, to: 2}", "\(model).adaptationStrength.from",
      "-1 is out of range", "it must be 0 or greater"),
    Mistake(
      "\(model).trained=[treshold]", "\(model).trained.0", "\"treshold\" is not known here",
      "did you mean threshold? known are threshold, adaptation-strength, "
        + "membrane-time-constant, adaptation-time-constant"),
    Mistake(
      "learning.rule=eprop", "learning.rule", "\"eprop\" is not known here",
      "did you mean e-prop? known are bptt, e-prop, recursive-least-squares,"
        + " constrained-least-squares, evolving-connectivity, dense-evolution"),
    Mistake(
      "learning.rule=e-prop", "learning.rule",
      "e-prop has no delays, and hidden.input has some of up to 4 steps",
      "Leave delays out, \(otherwise)"),
    Mistake(
      "learning.feedback=random", "learning.feedback", "unknown key \"feedback\"",
      "keys here are rule, loss, optimizer, schedule, clipGlobalNorm, regularizers, rewiring"),
    Mistake(
      "learning.feedback=randm", "learning.feedback", "\"randm\" is not known here",
      "did you mean random? known are symmetric, random, adaptive", online: true),
    Mistake(
      "learning.feedbackDecay=1 %", "learning.feedbackDecay", "unknown key \"feedbackDecay\"",
      "keys here are rule, feedback, loss, optimizer, schedule, clipGlobalNorm, regularizers, "
        + "rewiring", online: true),
    Mistake(
      "\(model).trained=[threshold]", "learning.rule",
      "e-prop does not train the neurons' own threshold", "Train weights only, \(otherwise)",
      online: true),
    Mistake(
      "\(input).filter={kind: exponential, decay: 5 ms}", "learning.rule",
      "e-prop has no filters of synapses but leaky ones, and hidden.input has another",
      "Use a leaky filter, or none, \(otherwise)", online: true),
    Mistake(
      "network.readout.filter={kind: double-exponential, decay: 30 ms, rise: 2 ms, "
        + "normalization: unit-gain}", "learning.rule",
      "e-prop has no late readout, as this filter makes it", "Use a leaky filter, or none.",
      online: true),
    Mistake(
      "training.carriesState=true", "training.carriesState", "e-prop starts each trial at rest",
      "write false, or learn by bptt", online: true),
    Mistake(
      "training.goal={metric: eror, value: 5 %}", "training.goal.metric",
      "\"eror\" is not known here", "did you mean error? known are loss, accuracy, error"),
    Mistake(
      "training.goal={metric: error, value: 5 %, validations: 0}", "training.goal.validations",
      "0 is out of range", "write a whole number of at least 1"),
  ]

  @Test(arguments: mistakes) func aMistakeIsNamedWithItsPlaceAndRemedy(_ mistake: Mistake) throws {
    let error = try ExperimentSample.error(of: mistake.text, set: [mistake.change])
    #expect(error.key == mistake.key)
    #expect(error.what == mistake.what)
    #expect(error.remedy == mistake.remedy)
  }

  @Test func aMistakeInTheFileIsNamedWithItsLine() throws {
    for (old, new, key) in [
      ("density: 12 %", "density: 0 %", "network.layers.hidden.recurrent.connectivity.density"),
      ("rule: bptt", "rule: e-prop", "learning.rule"),
      ("{kind: deep-r}", "{kind: deep-r, l2: 1}", "learning.rewiring.l2"),
    ] {
      let parts = ExperimentLSNNTests.sparse.split(
        separator: old, omittingEmptySubsequences: false)
      try #require(parts.count == 2)
      let error = try ExperimentSample.error(of: parts[0] + new + parts[1])
      #expect(error.key == key && error.line == parts[0].count { $0 == "\n" } + 1)
    }
  }

  @Test func rewiringNeedsSparseConnections() throws {
    let dense = "connectivity={kind: dense, initialDeviation: 0.1}"
    let error = try ExperimentSample.error(
      of: ExperimentLSNNTests.sparse,
      set: [
        "\(Self.input).\(dense)", "network.layers.hidden.recurrent.\(dense)",
        "network.readout.\(dense)",
      ])
    #expect(error.key == "learning.rewiring")
    #expect(error.what == "no trained connection of the network is sparse")
    #expect(error.remedy == "Make connections sparse, or leave rewiring out.")
  }

  @Test func theBoundIsAtLeastTheNumberOfOutputs() throws {
    let least = "connectivity.density=1e-5"
    let error = try ExperimentSample.error(
      of: ExperimentLSNNTests.sparse,
      set: [
        "\(Self.input).\(least)", "network.layers.hidden.recurrent.\(least)",
        "network.readout.\(least)",
      ])
    #expect(error.key == "learning.rewiring")
    #expect(error.what == "the bound of 0 connections is below the 2 outputs of the readout")
    #expect(error.remedy == "Raise the connectivity.")
  }

  @Test func epropIsForOneAdaptiveLayer() throws {
    let error = try ExperimentSample.error(
      of: ExperimentSequenceTests.recall.replacing("rule: bptt", with: "rule: e-prop"))
    #expect(error.key == "learning.rule" && error.line == 27)
    #expect(error.what == "e-prop is for one layer of adaptive LIF neurons")
  }
}
