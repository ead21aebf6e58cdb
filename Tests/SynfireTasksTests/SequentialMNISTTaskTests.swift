import SynfireCore
import SynfireTasks
import Testing

@Suite struct SequentialMNISTTaskTests {
  func images(_ batch: TrialBatch) -> [Int] { batch.conditions["image"] ?? [] }

  @Test func sizesAndShapes() throws {
    // Images of 9 rows of 8 pixels.
    let data = try SmallDataSet()
    let task = try SequentialMNISTTask(
      directory: data.directory, stepsPerPixel: 2, validationCount: 4)
    #expect(task.inputChannels == 80 && task.outputs == 10)
    #expect(task.windows == 11 && task.windowSteps == 16 && task.steps == 176)
    #expect(!task.drawsEachPresentation)
    let batch = try task.batch(.training, index: 0, trials: 6, seed: 1)
    #expect(batch.steps == 176 && batch.trials == 6 && batch.inputs.channels == 80)
    let labels = images(batch).map { Int(SmallDataSet.label($0)) }
    #expect(batch.conditions["class"] == labels)
    #expect(
      batch.targets
        == .classes(Array(repeating: TrialTargets.none, count: 60) + labels))
    #expect(batch.targets.count == 6)
    guard case .spikes(let spikes) = batch.inputs else { throw TasksError("no spikes") }
    for trial in 0..<6 {
      for step in 0..<176 { #expect(spikes[step, trial, 79] == (step >= 144)) }
      // Every pixel but the first of each four is not 0, and the second of four is 255.
      #expect(spikes[2, trial, 78] && spikes[3, trial, 78] && !spikes[4, trial, 78])
    }
  }

  @Test func greyValuesInOneChannel() throws {
    let data = try SmallDataSet()
    let task = try SequentialMNISTTask(
      directory: data.directory, stepsPerPixel: 2, encoding: .analog, validationCount: 4)
    #expect(task.inputChannels == 1 && task.windows == 9 && task.steps == 144)
    let batch = try task.batch(.test, index: 0, trials: 5, seed: 1)
    guard case .analog(let values) = batch.inputs else { throw TasksError("no values") }
    #expect(values.axes == ["time", "trial", "channel"] && values.shape == [144, 5, 1])
    for step in 0..<144 {
      for trial in 0..<5 {
        #expect(values[step, trial, 0] == Float(SmallDataSet.value(trial, step / 2)) / 255)
      }
    }
    #expect(
      batch.targets == .classes(Array(repeating: TrialTargets.none, count: 40) + [0, 1, 2, 3, 4]))
  }

  @Test func theFirstImagesAreForValidation() throws {
    let data = try SmallDataSet()
    let task = try SequentialMNISTTask(directory: data.directory, validationCount: 4)
    #expect(task.size(of: .training) == 8 && task.size(of: .validation) == 4)
    #expect(task.size(of: .test) == 5)
    #expect(try images(task.batch(.validation, index: 0, trials: 9, seed: 1)) == [0, 1, 2, 3])
    #expect(try images(task.batch(.test, index: 1, trials: 3, seed: 1)) == [3, 4])
    let epochs = try (0..<4).map {
      try images(task.batch(.training, index: $0, trials: 8, seed: 1))
    }
    for epoch in epochs { #expect(epoch.sorted() == Array(4..<12)) }
    #expect(Set(epochs).count > 1)
  }

  @Test func anImageIsAlwaysCodedAlike() throws {
    let data = try SmallDataSet()
    let task = try SequentialMNISTTask(
      directory: data.directory, validationCount: 4, workers: WorkerPool(threads: 2))
    let batch = try task.batch(.test, index: 0, trials: 5, seed: 1)
    #expect(try task.batch(.test, index: 1, trials: 5, seed: 2) == batch)
    let again = try SequentialMNISTTask(directory: data.directory, validationCount: 4)
    #expect(try again.batch(.test, index: 0, trials: 5, seed: 1) == batch)
    let training = try task.batch(.training, index: 3, trials: 5, seed: 1)
    #expect(try again.batch(.training, index: 3, trials: 5, seed: 1) == training)
    #expect(try again.batch(.training, index: 3, trials: 5, seed: 2) != training)
  }

  @Test func theLastWindowIsTheAnswer() throws {
    let data = try SmallDataSet()
    let task = try SequentialMNISTTask(directory: data.directory, validationCount: 4)
    let batch = try task.batch(.test, index: 0, trials: 4, seed: 1)
    var readout = Tensor<Float>(
      axes: ["window", "trial", "output"], shape: [task.windows, 4, 10])
    for trial in 0..<4 {
      for window in 0..<(task.windows - 1) { readout[window, trial, 9] = 100 }
      readout[task.windows - 1, trial, trial == 2 ? 7 : trial] = 1
    }
    #expect(task.metrics(readout: readout, of: batch) == ["accuracy": 0.75, "error": 0.25])
  }

  @Test func countsThatMakeNoSense() throws {
    let data = try SmallDataSet()
    #expect(throws: TasksError.self) {
      try SequentialMNISTTask(directory: data.directory, stepsPerPixel: 0, validationCount: 4)
    }
    // The default of 5000 is more than there are.
    let error = #expect(throws: TasksError.self) {
      try SequentialMNISTTask(directory: data.directory)
    }
    #expect(error?.place == "sequential-mnist")
    #expect(throws: TasksError.self) { try SequentialMNISTTask(directory: "/nowhere/data") }
  }

  @Test(.enabled(if: hasDataSet("mnist"))) func theRealImages() throws {
    let task = try SequentialMNISTTask(
      directory: dataDirectory, workers: WorkerPool(threads: 2))
    #expect(task.steps == 840 && task.windows == 30 && task.windowSteps == 28)
    let slow = try SequentialMNISTTask(directory: dataDirectory, stepsPerPixel: 2)
    #expect(slow.steps == 1680 && slow.windowSteps == 56)
    let analog = try SequentialMNISTTask(directory: dataDirectory, encoding: .analog)
    #expect(analog.steps == 784 && analog.windows == 28)
    #expect(task.size(of: .training) == 55_000 && task.size(of: .validation) == 5_000)
    #expect(task.size(of: .test) == 10_000)
    let validation = try (0..<5).flatMap {
      try images(task.batch(.validation, index: $0, trials: 1_000, seed: 1))
    }
    #expect(validation == Array(0..<5_000))
    let epoch = try (0..<55).flatMap {
      try images(analog.batch(.training, index: $0, trials: 1_000, seed: 1))
    }
    #expect(epoch.sorted() == Array(5_000..<60_000))

    let batch = try task.batch(.test, index: 0, trials: 256, seed: 1)
    guard case .spikes(let spikes) = batch.inputs else { throw TasksError("no spikes") }
    var counts = [Int](repeating: 0, count: 80)
    for step in 0..<840 {
      for trial in 0..<256 { spikes.forEachSpike(step: step, trial: trial) { counts[$0] += 1 } }
    }
    #expect(counts[0] == 0 && counts[1] == 0 && counts[79] == 256 * 56)
    // Images begin and end with black pixels, so a threshold is crossed as often up as down.
    for threshold in 1...38 {
      #expect(counts[2 * threshold] == counts[2 * threshold + 1])
      #expect(counts[2 * threshold] > 256 * 10)
    }
    // The first class of the test file is 7.
    #expect(batch.conditions["class"]?.first == 7)
  }
}
