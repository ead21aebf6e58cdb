import Foundation
import SynfireCore
import SynfireTasks
import Testing

/// Tasks whose networks feed factors back.
@Suite struct FactorTaskTests {
  private static let data = ProcessInfo.processInfo.environment["SYNFIRE_DATA"]
  private static var hasData: Bool {
    data.map { FileManager.default.fileExists(atPath: "\($0)/factor-based-snn") } ?? false
  }

  private func parts(_ batch: TrialBatch) throws -> (inputs: Tensor<Float>, targets: Tensor<Float>)
  {
    guard case .analog(let inputs) = batch.inputs, case .values(let targets) = batch.targets else {
      throw TasksError("no numbers", place: "test")
    }
    return (inputs, targets)
  }

  /// No error of the targets themselves, and as much error as there is target of silence.
  private func checkErrors(_ task: some TrialTask, _ batch: TrialBatch) throws {
    let targets = try parts(batch).targets
    #expect(task.metrics(readout: targets, of: batch)["outputError"] == 0)
    let silence = Tensor<Float>(axes: targets.axes, shape: targets.shape)
    #expect(task.metrics(readout: silence, of: batch)["outputError"] == 1)
  }

  @Test func sumOfSines() throws {
    let task = try OscillationTask(.sumOfSines)
    let batch = try task.batch(.training, index: 2, trials: 3, seed: 1)
    let (inputs, targets) = try parts(batch)
    #expect(inputs.shape == [2000, 3, 1] && targets.shape == [2000, 3, 1])
    #expect(inputs[49, 2, 0] == 1 && inputs[50, 2, 0] == 0)
    let t = 0.123
    let wanted =
      (sin(2 * .pi * t) + 0.6 * sin(4 * .pi * t + 0.7) + 0.4 * sin(6 * .pi * t + 1.9)) / 1.5
    #expect(abs(Double(targets[123, 1, 0]) - wanted) < 1e-6)
    #expect(abs(targets[1123, 0, 0] - targets[123, 0, 0]) < 1e-5)
    try checkErrors(task, batch)
    #expect(throws: TasksError.self) { try OscillationTask(.sumOfSines, steps: 50) }
  }

  @Test func chirp() throws {
    let target = try OscillationTask(.chirp).target
    #expect(abs(target[999] - sin(2 * .pi * 3 * 0.999)) < 1e-12)
    #expect(abs(target[500] - sin(2 * .pi * (1 + 2.0 * 500 / 999) * 0.5)) < 1e-12)
    for step in 0..<1000 { #expect(target[1999 - step] == -target[step]) }
  }

  @Test(.enabled(if: hasData, "needs SYNFIRE_DATA with factor-based-snn"))
  func reaching() throws {
    let task = try ReachingTask(directory: Self.data)
    let batch = try task.batch(.training, index: 0, trials: 400, seed: 4)
    let (inputs, targets) = try parts(batch)
    let lengths = try #require(batch.lengths)
    let directions = try #require(batch.conditions["direction"])
    #expect(Set(directions) == Set(0..<8) && batch.steps == lengths.max())
    #expect(lengths.allSatisfy { $0 >= 810 + 400 && $0 % 2 == 0 })
    // 810 + 400 + 2000, and an exponential time deviates by its mean.
    let mean = Double(lengths.reduce(0, +)) / 400
    #expect(abs(mean - 3210) < 4 * 2000 / 20)
    for trial in [0, 17, 399] {
      let rest = (lengths[trial] - 810) / 2
      let angle = 2 * Float.pi * Float(directions[trial] + 1) / 8
      #expect(inputs[rest - 1, trial, 1] == 0 && inputs[rest + 810, trial, 1] == 0)
      #expect(inputs[rest, trial, 0] == 1 && inputs[rest + 349, trial, 0] == 1)
      #expect(inputs[rest + 350, trial, 0] == 0)
      #expect(abs(inputs[rest + 500, trial, 1] - 0.5 * cos(angle)) < 1e-6)
      #expect(abs(inputs[rest + 500, trial, 2] - 0.5 * sin(angle)) < 1e-6)
      #expect(targets[0, trial, 2] == -0.5 && targets[rest + 5, trial, 2] == -0.5)
      #expect(targets[rest - 1, trial, 0] == 0 && targets[rest + 810, trial, 1] == 0)
      for sample in 0..<81 {
        let step = rest + 10 * sample + 9
        let direction = directions[trial]
        #expect(targets[step, trial, 0] == Float(-2 * task.muscles[direction, sample, 0]))
        #expect(targets[step, trial, 1] == Float(2 * task.muscles[direction, sample, 1]))
      }
    }
    try checkErrors(task, batch)
    // A trial is what its number says, whatever the batch.
    let again = try task.batch(.training, index: 1, trials: 200, seed: 4)
    #expect(again.lengths == Array(lengths[200...]))
  }

  @Test func noiseIntegration() throws {
    let task = try NoiseIntegrationTask()
    let batch = try task.batch(.training, index: 0, trials: 300, seed: 2)
    let (inputs, targets) = try parts(batch)
    #expect(inputs.shape == [1000, 300, 4])
    let contexts = try #require(batch.conditions["context"])
    var squares = 0.0
    for trial in 0..<300 {
      var sum = 0.0
      let context = contexts[trial]
      for step in 0..<1000 {
        #expect(inputs[step, trial, 2 + context] == 1 && inputs[step, trial, 3 - context] == 0)
        if step % 10 == 0 {
          sum += Double(inputs[step, trial, context])
          if step >= 60 { squares += pow(Double(inputs[step, trial, 1 - context]), 2) }
        } else {
          #expect(inputs[step, trial, 0] == inputs[step - 1, trial, 0])
        }
        if step < 60 { #expect(inputs[step, trial, 0] == 0) }
        #expect(abs(Double(targets[step, trial, 0]) - sum) < 1e-5)
      }
      #expect(batch.conditions["target"]![trial] == (sum > 0 ? 1 : 0))
    }
    // 0.4^2, and the variance of the biases, 0.2^2 / 12.
    #expect(abs(squares / (300 * 94) - (0.16 + 0.04 / 12)) < 0.006)
    #expect(abs(contexts.reduce(0, +) - 150) < 35)
    try checkErrors(task, batch)
    #expect(task.metrics(readout: targets, of: batch)["decisionAccuracy"] == 1)
    var opposite = targets
    for index in opposite.values.indices { opposite.values[index] *= -1 }
    #expect(task.metrics(readout: opposite, of: batch)["decisionAccuracy"] == 0)
    let coarse = try NoiseIntegrationTask(stepsPerSlot: 1, silentSlots: 5, hasConstantInputs: true)
    let slots = try parts(coarse.batch(.training, index: 0, trials: 300, seed: 2)).inputs
    #expect(slots.shape == [100, 300, 6] && slots[4, 0, 0] == 0 && slots[5, 0, 0] != 0)
    #expect(slots[0, 7, 5] == 1 && slots[1, 7, 5] == 0 && slots[99, 7, 4] == 1)
    #expect(slots[50, 7, 1] == inputs[500, 7, 1])
  }

  @Test(.enabled(if: hasData, "needs SYNFIRE_DATA with factor-based-snn"))
  func twoTasks() throws {
    let task = try ReachingOrCyclingTask(directory: Self.data)
    let cycling = try CyclingTask(directory: Self.data)
    let batch = try task.batch(.test, index: 0, trials: 40, seed: 3)
    let (inputs, targets) = try parts(batch)
    #expect(task.outputs == 18 && task.factors == 12 && inputs.shape[2] == 4)
    let taught = try #require(batch.conditions["taught"])
    #expect((8...32).contains(taught.reduce(0, +)))
    for trial in 0..<40 {
      if taught[trial] == 1 {
        for time in stride(from: 0, to: batch.lengths![trial], by: 97) {
          #expect(inputs[time, trial, 3] == 0 && targets[time, trial, 14] == -0.5)
          for output in Array(0..<12) + [15, 16, 17] { #expect(targets[time, trial, output] == 0) }
        }
      } else {
        #expect(batch.lengths![trial] == 3000)
        #expect(inputs[10, trial, 3] == 2 && inputs[60, trial, 3] == 0)
        #expect(inputs[2500, trial, 3] == 1 && targets[2500, trial, 4] == 0)
        #expect(targets[700, trial, 11] == cycling.targets[700, 11])
        #expect(targets[700, trial, 17] == cycling.targets[700, 14])
        for output in 12..<15 { #expect(targets[700, trial, output] == 0) }
      }
    }
    try checkErrors(task, batch)
    let metrics = task.metrics(readout: targets, of: batch)
    #expect(metrics.keys.sorted() == ["cyclingError", "outputError", "reachingError"])
  }

  @Test func readySetGo() throws {
    let task = try ReadySetGoTask()
    let batch = try task.batch(.training, index: 0, trials: 50, seed: 6)
    let (inputs, targets) = try parts(batch)
    for trial in 0..<50 {
      let (delay, length) = (batch.conditions["delay"]![trial], batch.lengths![trial])
      #expect((100...2100).contains(delay))
      let ready = try #require((0..<length).first { inputs[$0, trial, 0] == 1 })
      let set = try #require((0..<length).first { inputs[$0, trial, 1] == 1 })
      #expect(set - ready == 50 + delay)
      #expect((0..<length).filter { inputs[$0, trial, 1] == 1 }.count == 50)
      let go = set + 50 + delay
      #expect(length - (go + 500) == ready)
      #expect(targets[go - 1, trial, 0] == -0.5 && targets[go + 500, trial, 0] == -0.5)
      #expect(abs(targets[go + 250, trial, 0] - 1) < 1e-4)
      // The density of Beta(4, 4) over its peak at a quarter of the movement.
      #expect(abs(targets[go + 125, trial, 0] - (-0.5 + 1.5 * pow(0.75, 3))) < 0.02)
      #expect(targets[ready, trial, 1] == 0 && targets[go, trial, 1] == 0)
      #expect(abs(targets[ready + delay, trial, 1] - Float(delay) / 1000) < 1e-5)
      #expect(abs(targets[set + 25, trial, 1] - Float(delay + 75) / 1000) < 1e-5)
    }
    try checkErrors(task, batch)
  }
}
