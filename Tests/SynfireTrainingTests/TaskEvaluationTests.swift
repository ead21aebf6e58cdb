import SynfireCore
import SynfireLearning
import SynfireTasks
import SynfireTraining
import Testing

struct TaskEvaluationTests {
  @Test func presentsEveryTrialOfASplitOnce() throws {
    // 37 trials in batches of 10: the last has 7.
    let evaluation = try TaskEvaluation(
      task: ToyTask(), split: .test, trials: nil, trialsPerBatch: 10, seed: 1)
    #expect(evaluation.trials == 37)
    var presented: [Int] = []
    _ = try evaluation.metrics { batch in
      presented.append(batch.trials)
      return try ToyRule().evaluate(batch)
    }
    #expect(presented == [10, 10, 10, 7])
  }

  @Test func cutsTheLastBatchToTheNumberAskedFor() throws {
    let evaluation = try TaskEvaluation(
      task: ToyTask(), split: .test, trials: 13, trialsPerBatch: 10, seed: 1)
    var presented: [[Int]] = []
    let metrics = try evaluation.metrics { batch in
      presented.append(batch.conditions["number"]!)
      return try ToyRule().evaluate(batch)
    }
    #expect(presented == [Array(0..<10), [0, 1, 2]])
    // With weights of zero the error is the mean square of the targets.
    var squares: [Double] = []
    for (index, count) in [(0, 10), (1, 3)] {
      let batch = try ToyTask().batch(.test, index: index, trials: 10, seed: 1)
      guard case .values(let targets) = batch.targets else { continue }
      squares += targets.values.prefix(count).map { Double($0) * Double($0) }
    }
    let expected = squares.reduce(0, +) / 13
    #expect(abs(metrics!["meanSquaredError"]! - expected) < 1e-6)
  }

  /// Episodes that came to no number are counted and left out, however they are spread over batches.
  @Test(arguments: [(3, 5), (5, 5), (2, 5), (5, 1)])
  func episodesWithoutAReturnAreLeftOut(trialsPerBatch: Int, trials: Int) throws {
    let returns: [Float] = [10, .nan, .nan, 1, 4]
    func metrics(_ returns: [Float]) throws -> [String: Double] {
      let evaluation = try TaskEvaluation(
        task: ControlTask(CartPole.description), split: .test, trials: returns.count,
        trialsPerBatch: trialsPerBatch, seed: 0)
      var done = 0
      return try #require(
        try evaluation.metrics { batch in
          defer { done += batch.trials }
          let here = returns[done..<done + batch.trials]
          let counted = here.filter { !$0.isNaN }
          return Evaluation(
            loss: -Double(counted.reduce(0, +)) / Double(counted.count),
            readout: Tensor(
              axes: ["trial", "column"], shape: [batch.trials, 3],
              values: here.flatMap { [$0, 7, Float.nan] }), firingRate: 0)
        })
    }
    let found = try metrics(Array(returns.prefix(trials)))
    #expect(found["meanReturn"] == (trials == 5 ? 5 : 10))
    #expect(found["loss"] == (trials == 5 ? -5 : -10))
    #expect(found["episodeLength"] == 7 && found["distance"] == nil)
    #expect(found["withoutReturn"] == (trials == 5 ? 0.4 : 0))
    let error = #expect(throws: TrainingError.self) {
      try metrics(returns.prefix(trials).map { _ in .nan })
    }
    #expect(error?.what == "none of \(trials) test trials came to a number")
    #expect(error?.place == "CartPole-v1" && error?.remedy.contains("render") == true)
  }

  @Test func trialsWithoutEndNeedANumber() throws {
    #expect(throws: TrainingError.self) {
      try TaskEvaluation(
        task: ToyTask(), split: .training, trials: nil, trialsPerBatch: 4, seed: 1)
    }
  }

  @Test func aPrefixKeepsTheFirstTrials() throws {
    var spikes = SpikeTensor(steps: 2, trials: 3, neurons: 70)
    spikes[0, 0, 69] = true
    spikes[1, 1, 3] = true
    spikes[1, 2, 4] = true
    let batch = TrialBatch(
      inputs: .spikes(spikes), targets: .classes([7, 8, 9]), conditions: ["class": [7, 8, 9]])
    let two = batch.prefix(2)
    guard case .spikes(let kept) = two.inputs else {
      Issue.record("not spikes")
      return
    }
    #expect(kept.trials == 2 && kept.count == 2 && kept[0, 0, 69] && kept[1, 1, 3])
    #expect(two.targets == .classes([7, 8]) && two.conditions == ["class": [7, 8]])
    #expect(batch.prefix(3) == batch && batch.prefix(9) == batch)
    let values = Tensor<Float>(
      axes: ["time", "trial", "output"], shape: [2, 3, 2], values: (0..<12).map { Float($0) })
    let analog = TrialBatch(inputs: .analog(values), targets: .values(values)).prefix(1)
    guard case .analog(let inputs) = analog.inputs else {
      Issue.record("not analog")
      return
    }
    #expect(inputs.values == [0, 1, 6, 7] && inputs.shape == [2, 1, 2])
  }
}
