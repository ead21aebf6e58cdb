import SynfireCore
import SynfireTasks
import Testing

@Suite struct ControlTaskTests {
  /// No two splits share an episode, nor two batches.
  @Test func batchesNumberEpisodes() throws {
    let task = try ControlTask(CartPole.description)
    var seen: Set<Int> = []
    for split in Split.allCases {
      for index in 0..<3 {
        let batch = try task.batch(split, index: index, trials: 5, seed: 1)
        #expect(batch.trials == 5)
        seen.formUnion(try #require(batch.conditions["episode"]))
      }
    }
    #expect(seen.count == 45)
    #expect(task.inputChannels == 4 && task.outputs == 1 && task.steps == 500)
  }

  @Test func metricsAreMeansOverEpisodes() throws {
    let task = try ControlTask(CartPole.description)
    let batch = try task.batch(.test, index: 0, trials: 2, seed: 0)
    func metrics(_ values: [Float]) -> [String: Double] {
      task.metrics(
        readout: Tensor(axes: ["trial", "column"], shape: [2, 3], values: values), of: batch)
    }
    #expect(
      metrics([10, 4, 1, 20, 8, 2])
        == ["meanReturn": 15, "episodeLength": 6, "distance": 1.5, "withoutReturn": 0])
    #expect(
      metrics([10, 4, .nan, 20, 8, .nan])
        == ["meanReturn": 15, "episodeLength": 6, "withoutReturn": 0])
    // A reward that is no number keeps an episode out of all means.
    #expect(
      metrics([.nan, 4, 1, 20, 8, 2])
        == ["meanReturn": 20, "episodeLength": 8, "distance": 2, "withoutReturn": 0.5])
    #expect(metrics([.nan, 4, 1, .nan, 8, 2]) == ["withoutReturn": 1])
  }

  @Test func whatCannotBeMadeIsNoTask() throws {
    let broken = EnvironmentDescription(space: CartPole.space, summary: "") {
      throw TasksError("there is no library", remedy: "Install it.")
    }
    let error = #expect(throws: TasksError.self) { try ControlTask(broken) }
    #expect(error?.what == "there is no library")
    #expect(throws: TasksError.self) { try ControlTask(CartPole.description, stepLimit: 501) }
  }
}
