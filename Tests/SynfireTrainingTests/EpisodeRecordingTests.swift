import Foundation
import SynfireAnalysis
import SynfireCore
import SynfireTasks
import SynfireTraining
import Testing

/// Episodes of trained networks as they are looked at.
@Suite struct EpisodeRecordingTests {
  private func trained(
    _ name: String, _ changes: [String] = []
  ) throws -> (experiment: Experiment, run: Checkpoint) {
    let values =
      [
        "generations=3", "population=24", "learning.evaluationMembers=4", "neurons=12",
        "training.test.trials=5",
      ] + changes
    let experiment = try ExperimentLibrary.experiment(
      named: "ec/\(name)", overrides: values.map { try Override(parsing: $0) })
    let path = FileManager.default.temporaryDirectory
      .appending(path: "synfire-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    _ = try TrainingSession.start(experiment, in: path, threads: 2).trainer().run()
    return (experiment, try RunFolder.read(at: path).readCheckpoint().checkpoint)
  }

  /// What is recorded are the episodes that the test of the run had.
  @Test(arguments: ["cartpole", "pendulum", "cartpole-dense"])
  func episodesAreThoseOfTheTest(name: String) throws {
    let (experiment, run) = try trained(name)
    let recordings = try (1...5).map {
      try EpisodeRecording(of: experiment, parameters: run.parameters, episode: $0)
    }
    let mean = recordings.reduce(0) { $0 + $1.episode.total } / 5
    #expect(abs(mean - (try #require(run.testMetrics["meanReturn"]))) < 1e-4 * abs(mean))
    for recording in recordings {
      let steps = recording.episode.steps
      #expect(recording.rewards.count == steps && recording.actions.count == steps)
      #expect(abs(recording.rewards.reduce(0, +) - recording.episode.total) < 1e-9 * abs(mean))
      #expect(recording.poses.count == steps + 1 && recording.poses[0].time == 0)
      #expect(recording.poses[steps].total == recording.episode.total)
      #expect(Set(recording.poses.map(\.parts.count)).count == 1)
      let spikes = try #require(recording.spikes)
      #expect(spikes.steps == 33 * steps && spikes.neurons == 12 && spikes.trials == 1)
      #expect(recording.excitatoryNeurons == (name.hasSuffix("dense") ? nil : 6))
      let animation = try recording.animation(title: name, every: 7)
      #expect(animation.poses.count == (steps + 6) / 7 + 1)
      #expect(animation.poses.last == recording.poses.last)
    }
    #expect(recordings.contains { $0.spikes!.count > 0 })
  }

  @Test func networksOfRatesHaveNoSpikes() throws {
    let (experiment, run) = try trained("cartpole-dense", ["network={kind: tanh, neurons: 12}"])
    let recording = try EpisodeRecording(of: experiment, parameters: run.parameters)
    #expect(recording.spikes == nil && !recording.rewards.isEmpty)
  }

  @Test func whatIsNotThereIsAnError() throws {
    let (experiment, run) = try trained("cartpole")
    for number in [0, 6] {
      let error = #expect(throws: TrainingError.self) {
        try EpisodeRecording(of: experiment, parameters: run.parameters, episode: number)
      }
      #expect(error?.what == "there is no test episode \(number)")
      #expect(error?.remedy == "there are episodes 1 to 5" && error?.isUserMistake == true)
    }
    let other = try ExperimentLibrary.experiment(named: "smnn/context")
    let error = #expect(throws: TrainingError.self) {
      try EpisodeRecording(of: other, parameters: NamedTensors())
    }
    #expect(error?.what.contains("does not act in an environment") == true)
  }

  /// Which figures are drawn of which networks, and what is said of the others.
  @Test(
    .enabled(if: Gnuplot.isInstalled, "gnuplot is not installed"),
    arguments: [
      ("cartpole", [], [nil, nil, nil]),
      ("pendulum", ["task.stepLimit=20"], [nil, nil, nil]),
      ("cartpole-dense", [], [nil, nil, "no probabilities of connections"]),
      (
        "cartpole-dense", ["network={kind: tanh, neurons: 12}"],
        [nil, "do not spike", "no probabilities of connections"]
      ),
    ] as [(String, [String], [String?])])
  func figures(name: String, changes: [String], reasons: [String?]) throws {
    let (experiment, run) = try trained(name, changes)
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "synfire-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let outcomes = try RunAnalyses(
      experiment: experiment, checkpoint: run, dataDirectory: nil, threads: 2
    ).draw([.episode, .episodeRaster, .probabilityHistogram], in: folder)
    #expect(outcomes.count == 3)
    for (outcome, reason) in zip(outcomes, reasons) {
      #expect((outcome.figure == nil) == (reason != nil), "\(outcome.reason ?? "")")
      if let reason { #expect(outcome.reason?.contains(reason) == true, "\(outcome.reason ?? "")") }
      #expect(!outcome.title.isEmpty && (outcome.figure == nil || !outcome.caption.isEmpty))
    }
    #expect(outcomes[0].numbers.first?.name == "return")
    // The episode moves in the report.
    try AnalysisRecord(batch: 3, outcomes: outcomes).write(in: folder)
    let record = try #require(AnalysisRecord(in: folder))
    let moving = try #require(record.outcomes[0].animation)
    #expect(record.outcomes.dropFirst().allSatisfy { $0.animation == nil })
    let svg = try String(contentsOf: moving, encoding: .utf8)
    let html = RunReport(experiment: experiment, checkpoint: run, outcomes: record.outcomes).html
    #expect(svg.contains("<animate ") && html.contains("url(#episode-animation-line)"))
    #expect(
      html.components(separatedBy: "<animate ").count
        == svg.components(separatedBy: "<animate ").count)
  }

  /// A hopper leaves the place where it was, and a picture of it follows.
  @Test(
    .enabled(if: MuJoCoFolder.standard.usableVersion != nil, "needs make deps-mujoco"))
  func bodiesAreWhereTheyAre() throws {
    let (experiment, run) = try trained("hopper", ["population=10", "task.stepLimit=40"])
    let recording = try EpisodeRecording(of: experiment, parameters: run.parameters)
    let distance = try #require(recording.episode.distance)
    let (first, last) = (recording.poses[0], try #require(recording.poses.last))
    #expect(abs(last.position! - first.position! - distance) < 1e-12)
    #expect(first.parts.count == 4 && !first.parts.contains(where: \.isLeft))
    // It stands on the ground, and its torso is where the position is.
    let lowest = first.parts.map { min($0.start.y, $0.end.y) - $0.radius }.min()!
    #expect(abs(lowest) < 0.1)
    for pose in recording.poses {
      let torso = pose.parts[0]
      #expect(abs((torso.start.x + torso.end.x) / 2 - pose.position!) < 0.2)
    }
  }
}
