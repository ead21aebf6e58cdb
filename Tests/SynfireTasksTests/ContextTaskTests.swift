import SynfireCore
import SynfireTasks
import Testing

func analog(_ batch: TrialBatch) throws -> Tensor<Float> {
  guard case .analog(let tensor) = batch.inputs else { throw TasksError("no analog inputs") }
  return tensor
}

func values(_ batch: TrialBatch) throws -> Tensor<Float> {
  guard case .values(let tensor) = batch.targets else { throw TasksError("no values") }
  return tensor
}

func sign(_ condition: Int) -> Float { condition == 1 ? 1 : -1 }

@Suite struct ContextIntegrationTaskTests {
  @Test func windowsContextAndTargets() throws {
    let task = try ContextIntegrationTask()
    #expect(task.inputChannels == 4 && task.outputs == 1 && task.steps == 500)
    #expect(Split.allCases.allSatisfy { task.size(of: $0) == nil })
    let batch = try task.batch(.training, index: 0, trials: 40, seed: 1)
    let inputs = try analog(batch)
    let targets = try values(batch)
    #expect(inputs.shape == [500, 40, 4] && inputs.axes == ["time", "trial", "channel"])
    #expect(targets.shape == [500, 40, 1] && targets.axes == ["time", "trial", "output"])
    let context = try #require(batch.conditions["context"])
    let target = try #require(batch.conditions["target"])
    let offsets = [
      try #require(batch.conditions["offset1"]), try #require(batch.conditions["offset2"]),
    ]
    for trial in 0..<40 {
      #expect(target[trial] == offsets[context[trial]][trial])
      for step in 0..<500 {
        let shown = (50..<250).contains(step)
        #expect((inputs[step, trial, 0] != 0) == shown)
        #expect((inputs[step, trial, 1] != 0) == shown)
        #expect(inputs[step, trial, 2 + context[trial]] == 1)
        #expect(inputs[step, trial, 3 - context[trial]] == 0)
        #expect(targets[step, trial, 0] == (step < 250 ? 0 : sign(target[trial])))
      }
    }
  }

  @Test func offsetsAndNoiseHaveTheirStatistics() throws {
    let task = try ContextIntegrationTask()
    let trials = 400
    let batch = try task.batch(.training, index: 3, trials: trials, seed: 5)
    let inputs = try analog(batch)
    for (channel, name) in ["offset1", "offset2"].enumerated() {
      let offset = try #require(batch.conditions[name])
      var sums = SIMD4<Double>()
      var previous = 0.0
      for trial in 0..<trials {
        for step in 50..<250 {
          let noise = Double(inputs[step, trial, channel] - 0.5 * sign(offset[trial]))
          sums += SIMD4(noise, noise * noise, noise * previous, noise * noise * noise * noise)
          previous = noise
        }
      }
      let count = Double(200 * trials)
      // Five standard errors: 1, 2, 1 and 96 are the variances of the four terms.
      #expect(abs(sums.x / count) < 5 / count.squareRoot())
      #expect(abs(sums.y / count - 1) < 5 * (2 / count).squareRoot())
      #expect(abs(sums.z / count) < 5 / count.squareRoot())
      #expect(abs(sums.w / count - 3) < 5 * (96 / count).squareRoot())
    }
    // Fair and independent coins: each of the 8 combinations in 50 of 400 trials, sd 6.6.
    var combinations = [Int](repeating: 0, count: 8)
    for trial in 0..<trials {
      let bits = ["context", "offset1", "offset2"].map { batch.conditions[$0]![trial] }
      combinations[bits[0] * 4 + bits[1] * 2 + bits[2]] += 1
    }
    #expect(combinations.allSatisfy { abs($0 - 50) < 33 })
  }

  @Test func everyConstantCanBeSet() throws {
    let task = try ContextIntegrationTask(
      steps: 30, stimulus: 5..<10, response: 20..<25, offset: 2, noise: 0)
    let batch = try task.batch(.test, index: 0, trials: 6, seed: 1)
    let inputs = try analog(batch)
    let targets = try values(batch)
    for trial in 0..<6 {
      let shift = 2 * sign(batch.conditions["offset2"]![trial])
      let answer = sign(batch.conditions["target"]![trial])
      for step in 0..<30 {
        #expect(inputs[step, trial, 1] == ((5..<10).contains(step) ? shift : 0))
        #expect(targets[step, trial, 0] == ((20..<25).contains(step) ? answer : 0))
      }
    }
  }

  @Test func batchesAreAPureFunctionOfTheirArguments() throws {
    let task = try ContextIntegrationTask()
    let batch = try task.batch(.training, index: 1, trials: 6, seed: 1)
    #expect(try ContextIntegrationTask().batch(.training, index: 1, trials: 6, seed: 1) == batch)
    let others = [
      try task.batch(.training, index: 0, trials: 6, seed: 1),
      try task.batch(.training, index: 1, trials: 6, seed: 2),
      try task.batch(.validation, index: 1, trials: 6, seed: 1),
      try task.batch(.test, index: 1, trials: 6, seed: 1),
      try ContextSwitchTask().batch(.training, index: 1, trials: 6, seed: 1),
    ]
    let all = try ([batch] + others).map { try analog($0).values }
    #expect(Set(all).count == all.count)
    // The trial number alone says what a trial is: trials 6 ..< 12 in batches of 3.
    let half = try analog(task.batch(.training, index: 3, trials: 3, seed: 1))
    let whole = try analog(batch)
    for step in stride(from: 0, to: 500, by: 7) {
      for trial in 0..<3 {
        #expect(half[step, trial, 0] == whole[step, trial + 3, 0])
      }
    }
  }

  @Test func metricsOfKnownAnswers() throws {
    let task = try ContextIntegrationTask()
    let batch = try task.batch(.test, index: 0, trials: 10, seed: 1)
    let target = try values(batch)
    #expect(
      task.metrics(readout: target, of: batch) == ["meanSquaredError": 0, "decisionAccuracy": 1])
    let silent = Tensor<Float>(axes: target.axes, shape: target.shape)
    #expect(
      task.metrics(readout: silent, of: batch) == ["meanSquaredError": 0.5, "decisionAccuracy": 0])
    // Half the target: errors of 1/2 during half the steps. Two trials answer the wrong way.
    var readout = target
    for index in readout.values.indices {
      readout.values[index] *= index % 10 < 2 ? -1 : 0.5
    }
    let metrics = task.metrics(readout: readout, of: batch)
    #expect(metrics["decisionAccuracy"] == 0.8)
    #expect(abs(metrics["meanSquaredError"]! - (0.8 * 0.25 + 0.2 * 4) / 2) < 1e-12)
    // What is answered before the response window does not count.
    var early = target
    for index in 0..<2_500 { early.values[index] = -100 }
    #expect(task.metrics(readout: early, of: batch)["decisionAccuracy"] == 1)
  }

  @Test func impossibleConstantsAreRefused() {
    #expect(throws: TasksError.self) { try ContextIntegrationTask(steps: 400) }
    #expect(throws: TasksError.self) { try ContextIntegrationTask(stimulus: 50..<50) }
    #expect(throws: TasksError.self) { try ContextIntegrationTask(noise: -1) }
    #expect(throws: TasksError.self) { try ContextIntegrationTask(offset: .nan) }
    #expect(throws: TasksError.self) {
      try ContextIntegrationTask().batch(.test, index: 0, trials: 0, seed: 1)
    }
  }
}

@Suite struct ContextSwitchTaskTests {
  @Test func switchedTrialsExchangeTheContextAtTheEnd() throws {
    let task = try ContextSwitchTask(switchProbability: 0.5)
    let batch = try task.batch(.training, index: 0, trials: 60, seed: 1)
    let inputs = try analog(batch)
    let targets = try values(batch)
    let conditions = batch.conditions
    let offsets = [conditions["offset1"]!, conditions["offset2"]!]
    var seen = Set<[Int]>()
    for trial in 0..<60 {
      let context = conditions["context"]![trial]
      let switched = conditions["switched"]![trial] == 1
      let final = switched ? 1 - context : context
      #expect(conditions["finalContext"]![trial] == final)
      #expect(conditions["target"]![trial] == offsets[context][trial])
      #expect(conditions["finalTarget"]![trial] == offsets[final][trial])
      seen.insert([switched ? 1 : 0, offsets[0][trial] == offsets[1][trial] ? 1 : 0])
      for step in 0..<500 {
        let now = step < 300 ? context : final
        #expect(inputs[step, trial, 2 + now] == 1 && inputs[step, trial, 3 - now] == 0)
        let target = step < 250 ? 0 : sign(offsets[now][trial])
        #expect(targets[step, trial, 0] == target)
      }
    }
    #expect(seen.count == 4)
  }

  @Test func aTenthOfTheTrialsIsSwitched() throws {
    // Short trials suffice; the sd of the count is 13.4.
    let task = try ContextSwitchTask(
      steps: 10, stimulus: 1..<4, response: 4..<10, switchedSteps: 3)
    let batch = try task.batch(.training, index: 0, trials: 2_000, seed: 1)
    let count = batch.conditions["switched"]!.reduce(0, +)
    #expect(abs(count - 200) < 67)
    for (probability, expected) in [(0.0, 0), (1.0, 50)] {
      let extreme = try ContextSwitchTask(switchProbability: probability)
      let batch = try extreme.batch(.training, index: 0, trials: 50, seed: 1)
      #expect(batch.conditions["switched"]!.reduce(0, +) == expected)
    }
  }

  @Test func metricsTellAgreeingFromDisagreeing() throws {
    let task = try ContextSwitchTask(switchProbability: 0.5)
    let batch = try task.batch(.test, index: 0, trials: 200, seed: 1)
    let right = try values(batch)
    #expect(
      task.metrics(readout: right, of: batch) == [
        "meanSquaredError": 0, "decisionAccuracy": 1, "switchedDecisionAccuracy": 1,
        "agreeingDecisionAccuracy": 1, "disagreeingDecisionAccuracy": 1,
      ])
    // A network that inverts its answer at every switch, as the published one does: right when the
    // streams disagree, wrong when they agree.
    var inverting = right
    for trial in 0..<200 where batch.conditions["switched"]![trial] == 1 {
      for step in 300..<500 {
        inverting[step, trial, 0] = -sign(batch.conditions["target"]![trial])
      }
    }
    let metrics = task.metrics(readout: inverting, of: batch)
    #expect(metrics["decisionAccuracy"] == 1)
    #expect(metrics["agreeingDecisionAccuracy"] == 0)
    #expect(metrics["disagreeingDecisionAccuracy"] == 1)
    let switched = (0..<200).filter { batch.conditions["switched"]![$0] == 1 }
    let disagreeing = switched.filter {
      batch.conditions["offset1"]![$0] != batch.conditions["offset2"]![$0]
    }
    #expect(
      metrics["switchedDecisionAccuracy"] == Double(disagreeing.count) / Double(switched.count))
    // Without switched trials there is nothing to say about them.
    let plain = try ContextSwitchTask(switchProbability: 0)
    let unswitched = try plain.batch(.test, index: 0, trials: 20, seed: 1)
    #expect(
      plain.metrics(readout: try values(unswitched), of: unswitched).keys.sorted()
        == ["decisionAccuracy", "meanSquaredError"])
  }

  @Test func impossibleConstantsAreRefused() {
    #expect(throws: TasksError.self) { try ContextSwitchTask(switchProbability: 1.5) }
    #expect(throws: TasksError.self) { try ContextSwitchTask(switchedSteps: 0) }
    #expect(throws: TasksError.self) { try ContextSwitchTask(switchedSteps: 250) }
    #expect(throws: TasksError.self) { try ContextSwitchTask(switchedSteps: 600) }
  }
}
