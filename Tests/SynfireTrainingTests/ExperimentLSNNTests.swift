import SynfireCore
import SynfireLearning
import SynfireNetworks
import SynfireTraining
import Testing

/// Sparse connectivity, rewiring, e-prop and adaptive neurons in experiment files.
@Suite struct ExperimentLSNNTests {
  static let hidden = "network.layers.hidden"

  /// A network of adaptive neurons with sparse connections that are rewired.
  static let sparse = """
    name: sample/lsnn
    purpose: A small experiment
    timeStep: 1 ms
    task: {kind: store-recall, slots: 4, slotDuration: 20 ms, expectedDelay: 30 ms}
    network:
      layers:
        - name: hidden
          neurons: 30
          model:
            kind: adaptive-lif
            membraneTimeConstant: 20 ms
            adaptationTimeConstant: 700 ms
            adaptationStrength: 1.8
            adaptiveNeurons: 12
            refractorySteps: 5
            surrogate: {kind: triangular, dampening: 0.3}
          input:
            connectivity:
              kind: sparse
              density: 25 %
              signs: {excitatory: 75 %, order: shuffled}
            delays: 5
          recurrent:
            connectivity:
              kind: sparse
              density: 12 %
              signs: {excitatory: 75 %}
            delays: 3
      readout:
        filter: {kind: leaky, timeConstant: 20 ms}
        reduction: mean-over-windows
        connectivity:
          kind: sparse
          density: 50 %
          signs: {excitatory: 75 %}
        bias: true
    learning:
      rule: bptt
      loss: cross-entropy
      optimizer: {kind: adam, learningRate: 1e-2, epsilonConvention: uncorrected}
      rewiring: {kind: deep-r}
    training:
      batches: 10
      trialsPerBatch: 8
      validation: {every: 1, trials: 8}
      checkpointEvery: 5
      test: {trials: 32}

    """

  /// The same without delays and rewiring, by e-prop.
  static let online =
    sparse
    .replacing("\n        delays: 5", with: "").replacing("\n        delays: 3", with: "")
    .replacing("rule: bptt", with: "rule: e-prop")
    .replacing("\n  rewiring: {kind: deep-r}", with: "")

  private func reread(_ experiment: Experiment) throws -> Experiment {
    try ExperimentFile(text: experiment.canonicalYAML, place: "run.h5").experiment()
  }

  @Test(arguments: [sparse, online]) func theCanonicalTextReadsAsTheSame(_ text: String) throws {
    let experiment = try ExperimentSample.experiment(text)
    #expect(try reread(experiment) == experiment)
  }

  @Test func sparseConnectionsAreThoseOfTheFile() throws {
    let network = try ExperimentSample.experiment(Self.sparse, set: ["seed=3"]).makeNetwork()
    let sparse = try network.connections.map { try #require($0.connection.sparse) }
    #expect(sparse.map(\.density) == [0.25, 0.12, 0.5])
    #expect(sparse.map(\.excludesAutapses) == [false, true, false])
    // int(0.75 n) + 1 neurons excite, wherever they connect to.
    #expect(sparse.map { $0.signs?.values.count { $0 > 0 } } == [76, 23, 23])
    #expect(sparse[1].signs == sparse[2].signs)
    #expect(sparse[1].signs?.values.prefix(7).allSatisfy { $0 == -1 } == true)
    #expect(sparse[0].signs != Signs.inhibitoryFirst(excitatory: 0.75, of: 100))
    #expect(network.connections.map { $0.connection.connectivity.largestDelay } == [4, 2, 0])
  }

  @Test func withoutSignsEachSynapseHasItsOwn() throws {
    let network = try ExperimentSample.experiment(
      Self.sparse,
      set: [
        "\(Self.hidden).recurrent.connectivity={kind: sparse, density: 1, excludesAutapses: false}"
      ]
    ).makeNetwork()
    let recurrent = try #require(network.connections[1].connection.sparse)
    #expect(recurrent.signs == nil && recurrent.density == 1 && !recurrent.excludesAutapses)
  }

  @Test func signsOfAPopulationAreTheSameInEveryConnection() throws {
    let shuffled = "signs={excitatory: 50 %, order: shuffled}"
    let network = try ExperimentSample.experiment(
      Self.sparse,
      set: [
        "\(Self.hidden).recurrent.connectivity.\(shuffled)",
        "network.readout.connectivity.\(shuffled)",
      ]
    ).makeNetwork()
    let signs = network.connections.map { $0.connection.sparse?.signs }
    #expect(signs[1] == signs[2])
    #expect(signs[1] != Signs.inhibitoryFirst(excitatory: 0.5, of: 30))
  }

  /// Autapses that count hold connections of the bound, which do nothing.
  @Test(arguments: [false, true]) func autapsesMayCount(_ counts: Bool) throws {
    let experiment = try ExperimentSample.experiment(
      Self.sparse, set: ["\(Self.hidden).recurrent.connectivity.countsAutapses=\(counts)"])
    var rule = try experiment.makeRule(threads: 1)
    let task = try experiment.makeTask(dataDirectory: nil)
    var autapses = 0
    for index in 0..<20 {
      _ = try rule.step(
        task.batch(.training, index: index, trials: 4, seed: 0))
      let weights = try #require(rule.parameters["hidden.recurrent.weights"])
      autapses += (0..<30).count { weights[$0, $0] > 0 }
    }
    #expect((autapses > 0) == counts)
    let network = try experiment.makeNetwork()
    let weights = network.connections[1].connection.connectivity.weights(
      NamedTensors([("weights", try #require(rule.parameters["hidden.recurrent.weights"]))])
        .converted(), presynaptic: 30, postsynaptic: 30)
    #expect((0..<30).allSatisfy { weights[$0, $0] == 0 })
  }

  @Test func rewiringKeepsTheBoundOfTheFile() throws {
    let experiment = try ExperimentSample.experiment(
      Self.sparse, set: ["learning.rewiring={kind: deep-r, l1: 0.5, temperature: 1e-6}"])
    #expect(experiment.learning.rewiring?.l1 == 0.5)
    #expect(experiment.learning.rewiring?.temperature == 1e-6)
    var rule = try experiment.makeRule(threads: 1)
    let rewiring = try DeepRewiring(of: experiment.makeNetwork(), seed: 0)
    #expect(
      rewiring.matrices.map(\.name) == [
        "hidden.input.weights", "hidden.recurrent.weights", "readout.weights",
      ])
    // int(0.25 x 3000 + 0.12 x 900 + 0.5 x 60)
    #expect(rewiring.bound(rule.parameters) == 888)
    #expect(rewiring.connections(rule.parameters) < 888)
    let task = try experiment.makeTask(dataDirectory: nil)
    let before = rule.parameters
    for index in 0..<5 {
      _ = try rule.step(task.batch(.training, index: index, trials: 4, seed: 0))
      #expect(rewiring.connections(rule.parameters) == 888)
    }
    let moved = zip(
      before["hidden.input.weights"]!.values, rule.parameters["hidden.input.weights"]!.values
    ).count { ($0 > 0) != ($1 > 0) }
    #expect(moved > 10)
  }

  @Test(arguments: ["symmetric", "random", "adaptive"])
  func epropIsThatOfTheFile(_ feedback: String) throws {
    let experiment = try ExperimentSample.experiment(
      Self.online,
      set: ["learning.feedback=\(feedback)", "learning.rewiring={kind: deep-r}"]
        + (feedback == "adaptive" ? ["learning.feedbackDecay=2 %"] : []))
    #expect(try reread(experiment) == experiment)
    var rule = try #require(
      experiment.makeRule(threads: 1) as? EligibilityPropagation)
    #expect(rule.feedback.rawValue == feedback && rule.rewiring != nil)
    #expect(rule.feedbackDecay == (feedback == "adaptive" ? 0.02 : 0))
    let task = try experiment.makeTask(dataDirectory: nil)
    let batch = try task.batch(.training, index: 0, trials: 8, seed: 0)
    #expect(try rule.step(batch).gradientNorm > 0)
    #expect(try rule.evaluate(batch).readout.shape == [4, 8, 2])
  }

  @Test func aQuantityIsOneValueAListOrASpread() throws {
    func model(_ set: String...) throws -> AdaptiveLIF {
      let experiment = try ExperimentSample.experiment(
        Self.sparse, set: set.map { "\(Self.hidden).model.\($0)" })
      #expect(try reread(experiment) == experiment)
      let layer = try experiment.makeNetwork().layers[0]
      return try #require(layer as? Layer<AdaptiveLIF>).model
    }
    let plain = try model()
    #expect(plain.adaptationTimeConstant == .uniform(0.7) && plain.threshold == .uniform(0.01))
    let zeros = [Double](repeating: 0, count: 18)
    #expect(plain.adaptationStrength == .values(zeros + [Double](repeating: 1.8, count: 12)))

    let list = (1...30).map { "\($0) ms" }.joined(separator: ", ")
    let listed = try model("membraneTimeConstant=[\(list)]", "trained=[threshold]")
    #expect(listed.membraneTimeConstant.values.count == 30)
    #expect(listed.membraneTimeConstant.values[4] == 0.005 && listed.trained == [.threshold])

    // Of the neurons that adapt, from one end to the other.
    let spread = try model("adaptationTimeConstant={from: 100 ms, to: 1200 ms}")
    let constants = spread.adaptationTimeConstant.values
    #expect(constants.count == 30 && constants[0] == 0.1 && constants[17] == 0.1)
    #expect(abs(constants[19] - 0.2) < 1e-12 && abs(constants[29] - 1.2) < 1e-12)
    let ratios = try model(
      "threshold={from: 0.01, to: 0.08, spacing: logarithmic}", "adaptiveNeurons=30"
    ).threshold.values
    #expect(abs(ratios[29] - 0.08) < 1e-12)
    #expect(abs(ratios[1] / ratios[0] - ratios[20] / ratios[19]) < 1e-9)

    let strengths = try model(
      "adaptationStrength=[\((0..<30).map { "\($0)" }.joined(separator: ", "))]",
      "adaptiveNeurons=30")
    #expect(strengths.adaptationStrength == .values((0..<30).map(Double.init)))
    let rising = try model("adaptationStrength={from: 1, to: 12}").adaptationStrength.values
    #expect(rising.prefix(18).allSatisfy { $0 == 0 } && rising[18] == 1 && rising[29] == 12)
  }

  @Test func aGoalEndsTraining() throws {
    let experiment = try ExperimentSample.experiment(
      Self.sparse, set: ["training.goal={metric: error, value: 5 %, validations: 20}"])
    #expect(try reread(experiment) == experiment)
    #expect(
      TrainingPlan(experiment.training).goal == .init(metric: "error", value: 0.05, validations: 20)
    )
  }
}
