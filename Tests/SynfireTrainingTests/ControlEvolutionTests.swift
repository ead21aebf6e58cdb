import Foundation
import SynfireCore
import SynfireLearning
import SynfireTasks
import SynfireTraining
import Testing

/// Networks that act in environments, evolved by experiments.
@Suite struct ControlEvolutionTests {
  private static let small = [
    "generations=4", "population=24", "learning.evaluationMembers=4", "neurons=12",
    "training.test.trials=5", "analysis=[]",
  ]

  private func experiment(_ name: String, _ changes: [String] = []) throws -> Experiment {
    try ExperimentLibrary.experiment(
      named: "ec/\(name)", overrides: changes.map { try Override(parsing: $0) })
  }

  private func folder() -> String {
    FileManager.default.temporaryDirectory.appending(path: "synfire-\(UUID().uuidString)").path
  }

  private func trained(
    _ experiment: Experiment, threads: Int, stoppedAt batch: Int? = nil
  ) throws -> Checkpoint {
    let path = folder()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let stop = StopFlag()
    _ = try TrainingSession.start(experiment, in: path, threads: threads)
      .trainer(stop: stop) { event in
        if case .batch(let progress) = event, progress.batch == batch { stop.raise(signal: 15) }
      }.run()
    guard let batch else { return try RunFolder.read(at: path).readCheckpoint().checkpoint }
    let stopped = try RunFolder.read(at: path).readCheckpoint().checkpoint
    #expect(stopped.batch == batch)
    _ = try TrainingSession.resume(in: path, threads: threads).trainer().run()
    return try RunFolder.read(at: path).readCheckpoint().checkpoint
  }

  /// 500 is the most that there is.
  @Test(arguments: [1, 5])
  func aPoleIsBalanced(seed: Int) throws {
    let run = try trained(experiment("cartpole", ["seed=\(seed)"]), threads: 2)
    #expect(try #require(run.testMetrics["meanReturn"]) >= 475)
    let evaluation = try #require(run.training["evaluationReturn"])
    // Without any connection the cart is pushed to the left until the pole falls.
    #expect(evaluation[0] < 12)
    #expect(try #require(evaluation.firstIndex { $0 == 500 }) <= 16)
    for probabilities in run.parameters.pairs where probabilities.name.hasSuffix("probabilities") {
      #expect(probabilities.tensor.values.allSatisfy { $0 >= 0.001 && $0 <= 0.999 })
    }
  }

  @Test(arguments: [
    ("cartpole", []), ("cartpole", ["learning.episodes=first", "learning.normalizer=last"]),
    ("pendulum", ["learning.normalizer=none", "task.stepLimit=40"]),
    ("cartpole-dense", []), ("cartpole-dense", ["network={kind: gru, neurons: 12}"]),
  ])
  func threadsAndInterruptionsChangeNoBit(name: String, changes: [String]) throws {
    let experiment = try experiment(name, Self.small + changes)
    let one = try trained(experiment, threads: 1)
    let two = try trained(experiment, threads: 2, stoppedAt: 2)
    #expect(one.parameters == two.parameters && one.preciseState == two.preciseState)
    #expect(one.testMetrics == two.testMetrics)
    #expect(one.training["meanReturn"] == two.training["meanReturn"])
    // How probabilities were distributed after each generation is kept, where there are some.
    #expect(one.probabilities == two.probabilities)
    #expect(one.probabilities.batches == (name.hasSuffix("dense") ? [] : [1, 2, 3, 4]))
    for (name, counts) in one.probabilities.counts {
      #expect(counts.allSatisfy { $0.reduce(0, +) == Double(one.parameters[name]!.values.count) })
    }
    #expect(
      one.parameters
        != (try trained(
          self.experiment(name, Self.small + changes + ["seed=9"]),
          threads: 2
        ).parameters))
  }

  /// Parameters alone, their normaliser among them, act as the run did.
  @Test func parametersAreAllThatActingTakes() throws {
    let experiment = try experiment("cartpole", Self.small)
    let run = try trained(experiment, threads: 1)
    let task = try experiment.makeTask(dataDirectory: nil)
    let rule = try experiment.makeRule(for: task, parameters: run.parameters, threads: 2)
    let batch = try task.batch(.test, index: 0, trials: 5, seed: 0)
    let metrics = task.metrics(readout: try rule.evaluate(batch).readout, of: batch)
    #expect(metrics["meanReturn"] == run.testMetrics["meanReturn"])
    // Nobody counts spikes in closed loop.
    #expect(run.testMetrics["firingRate"] == nil)
    #expect(run.parameters["normalizer.mean"]?.shape == [4])
    #expect(throws: (any Error).self) {
      var parameters = run.parameters
      parameters["normalizer.mean"] = nil
      return try experiment.makeRule(for: task, parameters: parameters, threads: 1)
    }
  }

  /// Members that begin again get the mean of the episodes that they complete in the steps of the slowest.
  @Test func membersBeginAgainUntilAllAreDone() throws {
    func firstReturns(_ episodes: String) throws -> (mean: Double, best: Double, seen: Double) {
      let run = try trained(
        experiment("cartpole", Self.small + ["generations=1", "learning.episodes=\(episodes)"]),
        threads: 1)
      return (
        try #require(run.training["meanReturn"]?.first),
        try #require(run.training["bestReturn"]?.first),
        try #require(run.preciseState["normalizer.count"]?.values.first)
      )
    }
    let (once, again) = (try firstReturns("first"), try firstReturns("every-member"))
    // The slowest is the best here, and completes one episode either way.
    #expect(once.best == again.best)
    // Every step pays 1 and is seen once.
    #expect(again.seen == 24 * once.best)
    #expect(once.seen < again.seen && once.mean < once.best)
  }

  /// An episode of the pendulum never ends before its limit.
  @Test(arguments: [
    ("[]", 24 * 200), ("[30]", 20 * 30 + 4 * 200), ("[30, 40]", 20 * 30 + 4 * 200),
    ("[900]", 24 * 200),
  ])
  func onlyWhatIsLearnedFromIsCutShort(limits: String, steps: Int) throws {
    let run = try trained(
      experiment(
        "pendulum",
        Self.small + [
          "generations=1", "learning.stepLimits=\(limits)", "learning.limitDuration=2",
          "learning.episodes=first",
          "learning.normalizer=visited",
        ]), threads: 2)
    #expect(run.preciseState["normalizer.count"]?.values == [Double(steps)])
    #expect(run.testMetrics["episodeLength"] == 200)
  }

  @Test func limitsFollowEachOther() {
    let plan = EpisodePlan(stepLimits: [250, 500, 1000], limitDuration: 2)
    #expect(
      (0..<7).map { plan.stepLimit(inGeneration: $0) } == [250, 250, 500, 500, 1000, 1000, 1000])
    #expect(EpisodePlan().stepLimit(inGeneration: 3) == nil)
  }

  @Test(arguments: [
    ("cartpole", "learning.stepLimits=[10, 0]", "learning.stepLimits.1", "out of range"),
    ("cartpole", "task.environment=CartPole-v7", "task.environment", "no environment is named"),
    ("cartpole", "task.stepLimit=501", "task.stepLimit", "out of range"),
    (
      "cartpole", "network={kind: feedback, neurons: 5}", "network.kind", "no factors to feed back"
    ),
    ("cartpole", "network={kind: layers, layers: []}", "network.kind", "layers do not act"),
    ("cartpole", "learning.rule=dense-evolution", "learning.rule", "no weights to evolve"),
    ("cartpole-dense", "learning={rule: evolving-connectivity}", "learning.rule", "of one bit"),
    ("cartpole", "learning.exploration=60 %", "learning.exploration", "that far from 0 and 1"),
    ("cartpole", "network.neurons=0", "network.neurons", "out of range"),
    ("cartpole", "network.stepDuration=16.6", "network.stepDuration", "unit"),
    ("cartpole", "analysis=[raster]", "analysis", "not drawn of a network that acts"),
    ("cartpole", "analysis=[accuracy-curve]", "analysis", "not drawn of a network that acts"),
    ("cartpole", "network.binSteps=2", "network.binSteps", "unknown key"),
  ])
  func mistakesAreNamed(name: String, change: String, key: String, what: String) throws {
    let error = #expect(throws: ExperimentError.self) { try experiment(name, [change]) }
    let text = "\(try #require(error))"
    #expect(text.contains(what) && text.contains(key), "\(text)")
  }

  @Test func aPopulationOfTooFewIsRefused() throws {
    let experiment = try experiment("cartpole", ["population=17"])
    let error = #expect(throws: LearningError.self) {
      try TrainingSession.start(experiment, in: folder())
    }
    #expect(error?.what.contains("are too few") == true && error?.isUserMistake == true)
  }
}
