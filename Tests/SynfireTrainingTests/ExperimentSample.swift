import SynfireTraining
import Testing

/// A small valid experiment, for tests to spoil.
enum ExperimentSample {
  /// A text that is spoiled, and the error that is to come of it.
  struct Mistake: Sendable, CustomTestStringConvertible {
    let old: String
    let new: String
    let key: String
    let what: String
    let remedy: String
    /// Lines from the spoiled text to the place of the error.
    var offset = 0
    var testDescription: String { "\(key) \(new)" }
  }

  static let text = """
    name: sample/context
    purpose: A small experiment
    shortcuts:
      neurons: network.layers.hidden.neurons
      modes: network.layers.hidden.recurrent.connectivity.modes
      decay: [network.layers.hidden.recurrent.filter.decay, network.readout.filter.decay]
    timeStep: 2 ms
    task: {kind: context-integration, steps: 500, stimulusStart: 50, stimulusEnd: 250}
    network:
      layers:
        - name: hidden
          neurons: 100
          model:
            kind: lif
            membraneTimeConstant: 20 ms
            synapticTimeConstant: 10 ms
            refractorySteps: 5
            reset: {kind: zero, differentiated: true}
            surrogate: {kind: fast-sigmoid, slope: 25}
          input: {connectivity: {kind: dense, initialDeviation: 0.5}}
          recurrent:
            connectivity:
              kind: modes
              modes: 3
              initialDeviation: 1/sqrt(modes)
              scores: {initialDeviation: 1/sqrt(neurons)}
            filter: {kind: exponential, decay: 30 ms}
      readout:
        filter: {kind: exponential, decay: 30 ms}
        reduction: every-step
        initialDeviation: 1/sqrt(neurons)
    learning:
      rule: bptt
      loss: root-sum-squares
      optimizer: {kind: adam, learningRate: 1e-3}
      clipGlobalNorm: 20
    training:
      batches: 300
      trialsPerBatch: 300
      validation: {every: 25, trials: 300}
      checkpointEvery: 50
      test: {trials: 1000}
    expected:
      - {metric: meanSquaredError, value: 0.02, band: 0.004, when: {modes: 3}, source: a figure}
    analysis: [loss-curve]

    """

  static func experiment(_ text: String = text, set overrides: [String] = []) throws -> Experiment {
    try ExperimentFile(text: text, place: "sample.yaml")
      .experiment(overrides: overrides.map { try Override(parsing: $0) }, memory: 1 << 33)
  }

  /// The text with its only occurrence of `old` replaced, and the line of that.
  static func spoiled(_ old: String, _ new: String) throws -> (text: String, line: Int) {
    let parts = text.split(separator: old, omittingEmptySubsequences: false)
    try #require(parts.count == 2, "\"\(old)\" is not there exactly once")
    return (parts[0] + new + parts[1], parts[0].count { $0 == "\n" } + 1)
  }

  /// The error of the text.
  static func error(of text: String, set overrides: [String] = []) throws -> ExperimentError {
    try #require(throws: ExperimentError.self) { try experiment(text, set: overrides) }
  }

  /// The error of overriding the valid text.
  static func error(set override: String) throws -> ExperimentError {
    try error(of: text, set: [override])
  }
}
