import Foundation
import SynfireAnalysis
import SynfireCore
import SynfireLearning
import SynfireNetworks
import SynfireTraining
import Testing

/// The figures of networks of adaptive neurons, of runs as they should be and of degenerate ones.
@Suite(.enabled(if: Gnuplot.isInstalled, "gnuplot is not installed"))
struct LSNNAnalysesTests {
  private static let kinds =
    "[raster, adaptive-raster, firing-rates, connection-probability, gradient-by-lag]"

  /// The outcomes by kind, of parameters that `change` makes of the initial ones.
  private func outcomes(
    set: [String] = [], change: (inout NamedTensors<Float>) -> Void = { _ in }
  ) throws -> [AnalysisKind: RunAnalyses.Outcome] {
    let experiment = try ExperimentSample.experiment(
      ExperimentLSNNTests.sparse,
      set: [
        "analysis=\(Self.kinds)",
        "learning.regularizers=[{kind: firing-rate, strength: 0.1, "
          + "target: 10 Hz}]",
      ] + set)
    var parameters = try experiment.makeNetwork().initialParameters(seed: experiment.seed)
    change(&parameters)
    let checkpoint = Checkpoint(
      experiment: experiment.name, configuration: experiment.canonicalYAML, seed: experiment.seed,
      parameters: parameters, state: NamedTensors())
    let folder = NSTemporaryDirectory() + "synfire-analyses-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let drawn = try RunAnalyses(
      experiment: experiment, checkpoint: checkpoint, dataDirectory: nil, threads: 1
    ).draw(in: folder)
    for outcome in drawn where outcome.reason == nil {
      let figure = try #require(outcome.figure)
      #expect(FileManager.default.fileExists(atPath: figure.path))
    }
    return Dictionary(uniqueKeysWithValues: drawn.map { ($0.kind, $0) })
  }

  @Test func allAreDrawn() throws {
    let outcomes = try outcomes(set: ["task.slotDuration=150 ms"])
    #expect(outcomes.count == 5)
    for outcome in outcomes.values { #expect(outcome.reason == nil, "\(outcome.kind.name)") }
    let lags = try #require(outcomes[.gradientByLag]).numbers
    #expect(lags.count == 2)
    // What thresholds remember is what is left of the gradient.
    #expect(lags[0].value > 10 * lags[1].value)
    let rates = try #require(outcomes[.firingRates]).numbers
    #expect(rates.count == 3 && rates[0].value > 0)
    let risen = try #require(outcomes[.adaptiveRaster]).numbers
    #expect(risen[0].value > 1)
  }

  @Test func connectionsAreCounted() throws {
    let outcome = try #require(
      outcomes { parameters in
        // Every synapse of the readout, and none of the others.
        parameters.update("hidden.input.weights") { $0.values = $0.values.map { _ in 0 } }
        parameters.update("hidden.recurrent.weights") { $0.values = $0.values.map { _ in -1 } }
        parameters.update("readout.weights") { $0.values = $0.values.map { _ in 1 } }
      }[.connectionProbability])
    // 60 of 3000 + 900 + 60.
    #expect(outcome.numbers.count == 2)
    #expect(abs(outcome.numbers[1].value - 60.0 / 3960) < 1e-9)
    #expect(outcome.numbers[0].value > 0.15 && outcome.numbers[0].value < 0.25)
  }

  @Test func aSilentNetworkHasFigures() throws {
    let outcomes = try outcomes { parameters in
      for name in parameters.names {
        parameters.update(name) { $0.values = $0.values.map { _ in 0 } }
      }
    }
    for (kind, outcome) in outcomes where kind != .gradientByLag {
      #expect(outcome.reason == nil, "\(kind.name)")
    }
    // There is no gradient to draw.
    #expect(outcomes[.gradientByLag]?.reason == "no point to draw")
    #expect(outcomes[.firingRates]?.numbers.first?.value == 0)
  }

  @Test func withoutAdaptationThereAreNoThresholds() throws {
    let outcomes = try outcomes(set: ["network.layers.hidden.model.adaptiveNeurons=0"])
    for outcome in outcomes.values { #expect(outcome.reason == nil, "\(outcome.kind.name)") }
    #expect(outcomes[.gradientByLag]?.numbers.count == 1)
    #expect(outcomes[.adaptiveRaster]?.numbers.isEmpty == true)
  }

  @Test func denseConnectionsHaveNoProbability() throws {
    let dense = "connectivity={kind: dense, initialDeviation: 0.1}"
    let outcomes = try outcomes(
      set: [
        "learning.rewiring=none", "network.layers.hidden.input.\(dense)",
        "network.layers.hidden.recurrent.\(dense)", "network.readout.\(dense)",
      ])
    #expect(
      outcomes[.connectionProbability]?.reason == "no connection of this network is sparse")
    #expect(outcomes[.adaptiveRaster]?.reason == nil)
  }
}
