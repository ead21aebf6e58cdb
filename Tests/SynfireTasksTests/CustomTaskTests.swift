import SynfireCore
import SynfireTasks
import Testing

/// Trials of a user's file.
@Suite struct CustomTaskTests {
  private func task(
    _ arrays: [(String, Tensor<Double>)],
    _ change: (inout CustomTask.Presentation) -> Void = { _ in }
  ) throws -> CustomTask {
    let file = try CustomFile(arrays)
    var presentation = CustomTask.Presentation()
    change(&presentation)
    return CustomTask(try file.targets(), path: file.path, presentation: presentation)
  }

  private func tensors(_ batch: TrialBatch) throws -> (
    inputs: Tensor<Float>, targets: Tensor<Float>
  ) {
    guard case .analog(let inputs) = batch.inputs, case .values(let targets) = batch.targets else {
      throw TasksError("no numbers")
    }
    return (inputs, targets)
  }

  @Test func samplesAreHeldAndScaled() throws {
    let task = try task([
      ("factors", CustomFile.array(2, 10, 3)), ("outputs", CustomFile.array(2, 10, 1)),
      ("inputs", CustomFile.array(2, 10, 2)), ("lengths", CustomFile.numbers([10, 6])),
    ]) {
      $0.stepsPerSample = 4
      $0.factorScale = 5
      $0.outputScales = [3]
      $0.inputScale = 0.5
    }
    #expect(task.steps == 40 && task.outputs == 4 && task.inputChannels == 2)
    let batch = try task.batch(.test, index: 0, trials: 2, seed: 3)
    let (inputs, targets) = try tensors(batch)
    let numbers = try #require(batch.conditions["trial"])
    #expect(numbers.sorted() == [0, 1])
    #expect(batch.lengths == numbers.map { [40, 24][$0] })
    for (trial, number) in numbers.enumerated() {
      for time in [0, 3, 4, 23] {
        let sample = time / 4
        #expect(
          targets[time, trial, 2] == Float(5 * CustomFile.value(number, sample, 2)))
        #expect(targets[time, trial, 3] == Float(3 * CustomFile.value(number, sample, 0)))
        #expect(inputs[time, trial, 1] == Float(0.5 * CustomFile.value(number, sample, 1)))
      }
    }
  }

  @Test func aPulseStandsInForInputs() throws {
    let task = try task([("factors", CustomFile.array(nil, 100, 3))]) {
      $0.pulse = 1.5
      $0.pulseSteps = 20
    }
    #expect(task.inputChannels == 1)
    let batch = try task.batch(.training, index: 2, trials: 3, seed: 0)
    let inputs = try tensors(batch).inputs
    #expect(batch.lengths == nil)
    for trial in 0..<3 {
      #expect(inputs[19, trial, 0] == 1.5 && inputs[20, trial, 0] == 0)
    }
  }

  @Test func everySplitShowsItsTrials() throws {
    let arrays = [
      ("factors", CustomFile.array(7, 10, 2)),
      ("split", CustomFile.numbers([0, 0, 2, 0, 2, 2, 0])),
    ]
    let task = try task(arrays)
    func numbers(_ split: Split, _ index: Int, _ trials: Int) throws -> [Int] {
      try #require(
        try task.batch(split, index: index, trials: trials, seed: 5).conditions["trial"])
    }
    // Each once a pass, whatever the batches.
    let shown = try (0..<3).flatMap { try numbers(.test, $0, 2) }
    #expect(shown[..<3].sorted() == [2, 4, 5] && shown[3...].sorted() == [2, 4, 5])
    #expect(try numbers(.test, 0, 6) == shown)
    let trained = try (0..<4).flatMap { try numbers(.training, $0, 50) }
    #expect(Set(trained) == [0, 1, 3, 6])
    for number in [0, 1, 3, 6] { #expect(trained.count { $0 == number } > 30) }
    #expect(try numbers(.training, 2, 50) == Array(trained[100..<150]))
    let error = #expect(throws: TasksError.self) { try numbers(.validation, 0, 1) }
    #expect(error?.what == "no trial is for validation")
  }

  /// Trials without any target, such as those in which nothing is to be done, have no relative error.
  @Test func errorsAreOfTrialsWithTargets() throws {
    let task = try task([
      ("factors", CustomFile.array(2, 10, 2)),
      ("outputs", CustomFile.array(2, 10, 1) { trial, time, _ in trial == 0 ? 0 : Double(time) }),
    ])
    let batch = try task.batch(.test, index: 0, trials: 2, seed: 0)
    let targets = try tensors(batch).targets
    let silence = Tensor<Float>(axes: targets.axes, shape: targets.shape)
    #expect(task.metrics(readout: targets, of: batch) == ["factorError": 0, "outputError": 0])
    #expect(task.metrics(readout: silence, of: batch) == ["factorError": 1, "outputError": 1])
    for index in 0..<2 {
      let one = try task.batch(.test, index: index, trials: 1, seed: 0)
      let wanted = try tensors(one).targets
      let metrics = task.metrics(readout: wanted, of: one)
      #expect((metrics["outputError"] == nil) == (one.conditions["trial"] == [0]))
    }
  }
}
