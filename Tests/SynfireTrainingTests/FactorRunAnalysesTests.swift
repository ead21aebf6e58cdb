import Foundation
import SynfireAnalysis
import SynfireCore
import SynfireFormats
import SynfireTraining
import Testing

/// The figures of networks with feedback: trained a little, silent, and on trials that differ.
@Suite(.enabled(if: Gnuplot.isInstalled, "gnuplot is not installed"))
struct FactorRunAnalysesTests {
  private static let kinds =
    "[loss-curve, raster, firing-rates, free-run, spike-statistics, temporal-components, "
    + "factor-based-rate]"

  /// The outcomes by kind of a network of 40 neurons.
  ///
  /// - Parameter lengths: samples of each trial, whose targets differ.
  private func outcomes(
    lengths: [Int], change: (inout Checkpoint) -> Void = { _ in }
  ) throws -> [AnalysisKind: RunAnalyses.Outcome] {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (trials, samples) = (lengths.count, lengths.max()!)
    func array(_ channels: Int, _ phase: Double) -> Tensor<Double> {
      var result = Tensor<Double>(
        axes: ["trial", "time", "channel"], shape: [trials, samples, channels])
      for trial in 0..<trials {
        for time in 0..<samples {
          for channel in 0..<channels {
            result[trial, time, channel] = sin(
              0.03 * Double(time * (channel + 1)) + phase + Double(trial))
          }
        }
      }
      return result
    }
    let file = folder.appending(path: "mine.h5").path
    try TensorFile.write(
      file,
      NamedTensors([
        ("factors", array(3, 0)), ("outputs", array(2, 1)),
        (
          "lengths",
          Tensor<Double>(axes: ["trial"], shape: [trials], values: lengths.map(Double.init))
        ),
      ]))
    let experiment = try ExperimentLibrary.experiment(
      named: "rate-to-spike/custom",
      overrides: [
        "targets=\(file)", "neurons=40", "batches=3", "trialsPerBatch=4",
        "network.initialDeviation=0", "learning.settlingTrials=2", "learning.averagingTrials=4",
        "training.test.trials=4",
        "analysis=\(Self.kinds)",
      ].map { try Override(parsing: $0) })
    let session = try TrainingSession.start(
      experiment, in: folder.appending(path: "run").path, dataDirectory: nil, threads: 1)
    _ = try session.trainer().run()
    var checkpoint = try session.folder.readCheckpoint().checkpoint
    change(&checkpoint)
    let drawn = try RunAnalyses(
      experiment: experiment, checkpoint: checkpoint, dataDirectory: nil, threads: 1
    ).draw(in: folder.appending(path: "figures").path)
    #expect(drawn.count == 7)
    for outcome in drawn where outcome.reason == nil {
      let figure = try #require(outcome.figure)
      #expect(FileManager.default.fileExists(atPath: figure.path))
    }
    return Dictionary(uniqueKeysWithValues: drawn.map { ($0.kind, $0) })
  }

  private func number(_ outcome: RunAnalyses.Outcome?, _ name: String) throws -> Double {
    try #require(outcome?.numbers.first { $0.name == name }).value
  }

  @Test func allAreDrawnOfAlikeTrials() throws {
    let outcomes = try outcomes(lengths: [500])
    for outcome in outcomes.values {
      #expect(outcome.reason == nil, "\(outcome.kind.name): \(outcome.reason ?? "")")
    }
    let statistics = outcomes[.spikeStatistics]
    let rate = try number(statistics, "mean firing rate (Hz)")
    #expect(rate > 1)
    // All count the same spikes.
    #expect(try number(outcomes[.raster], "mean firing rate (Hz)") == rate)
    #expect(try number(outcomes[.firingRates], "mean firing rate (Hz)") == rate)
    #expect(try number(statistics, "CV of intervals, median") > 0)
    #expect(try number(statistics, "cells with a Fano factor") > 0)
    let components = outcomes[.temporalComponents]
    let all = try number(components, "variance of temporal components 1 to 10 (fraction)")
    #expect(all > 0.5 && all <= 1 + 1e-12)
    let rated = outcomes[.factorBasedRate]
    #expect(try number(rated, "neurons") > 5)
    let explained = try number(
      rated, "random input that factors explain, median (fraction of variance)")
    #expect(explained > 0 && explained < 1)
    #expect(try number(rated, "factor-based rate, sd over trials, median (Hz)") > 0)
  }

  @Test func trialsThatDifferHaveFigures() throws {
    let outcomes = try outcomes(lengths: [500, 380, 450])
    for outcome in outcomes.values {
      #expect(outcome.reason == nil, "\(outcome.kind.name): \(outcome.reason ?? "")")
    }
    // A third of the trials is alike; rates are over the steps that trials have.
    #expect(outcomes[.spikeStatistics]?.caption.contains("over 34 alike trials") == true)
    #expect(try number(outcomes[.spikeStatistics], "mean firing rate (Hz)") > 1)
  }

  @Test func aSilentNetworkHasReasons() throws {
    let outcomes = try outcomes(lengths: [300]) { checkpoint in
      checkpoint.preciseState = NamedTensors()
      for name in checkpoint.parameters.names {
        checkpoint.parameters.update(name) { $0.values = $0.values.map { _ in 0 } }
      }
    }
    #expect(outcomes[.freeRun]?.reason == nil && outcomes[.spikeStatistics]?.reason == nil)
    #expect(try number(outcomes[.freeRun], "factor error, median over trials") == 1)
    #expect(try number(outcomes[.spikeStatistics], "mean firing rate (Hz)") == 0)
    #expect(outcomes[.temporalComponents]?.reason == "the activity does not vary in time")
    #expect(outcomes[.factorBasedRate]?.reason == "no neuron spikes enough for a regression")
  }

  @Test func figuresThatAreAskedForByName() throws {
    #expect(
      try AnalysisKind.list(parsing: "raster, free-run") == [.raster, .freeRun])
    let error = #expect(throws: TrainingError.self) { try AnalysisKind.list(parsing: "raster,") }
    #expect(error?.what == "\"\" names no figure")
  }
}
