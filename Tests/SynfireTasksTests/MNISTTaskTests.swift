import Foundation
import SynfireCore
import SynfireFormats
import SynfireTasks
import Testing

@Suite struct MNISTTaskTests {
  func images(_ batch: TrialBatch) -> [Int] { batch.conditions["image"] ?? [] }

  @Test func sizesAndShapes() throws {
    let data = try SmallDataSet()
    let task = try MNISTTask(directory: data.directory, steps: 20, validationCount: 4)
    #expect(task.inputChannels == 72 && task.outputs == 10 && task.steps == 20)
    #expect(task.rows == 9 && task.columns == 8 && task.name == "mnist")
    #expect(task.size(of: .training) == 8 && task.size(of: .validation) == 4)
    #expect(task.size(of: .test) == 5)
    let batch = try task.batch(.training, index: 2, trials: 6, seed: 1)
    #expect(batch.steps == 20 && batch.trials == 6 && batch.inputs.channels == 72)
    guard case .classes(let classes) = batch.targets else { throw TasksError("no classes") }
    #expect(classes == images(batch).map { Int(SmallDataSet.label($0)) })
    #expect(batch.conditions["class"] == classes)
  }

  @Test func spikesAreThoseOfTheImages() throws {
    let data = try SmallDataSet()
    let task = try MNISTTask(directory: data.directory, steps: 3, validationCount: 0)
    for split in [Split.training, .test] {
      let batch = try task.batch(split, index: 0, trials: 5, seed: 1)
      guard case .spikes(let spikes) = batch.inputs else { throw TasksError("no spikes") }
      for (trial, image) in images(batch).enumerated() {
        for pixel in 0..<72 {
          let spike = spikes[0, trial, pixel]
          if SmallDataSet.value(image, pixel) == 0 { #expect(!spike) }
          if SmallDataSet.value(image, pixel) == 255 { #expect(spike) }
        }
      }
    }
  }

  @Test func everyEpochShowsEveryTrainingImageOnceInANewOrder() throws {
    let data = try SmallDataSet()
    let task = try MNISTTask(directory: data.directory, steps: 1, validationCount: 2)
    // Batches of 4 of 10 images: every second epoch begins within a batch.
    let shown = try (0..<10).flatMap {
      images(try task.batch(.training, index: $0, trials: 4, seed: 7))
    }
    let epochs = (0..<4).map { Array(shown[(10 * $0)..<(10 * $0 + 10)]) }
    for epoch in epochs { #expect(epoch.sorted() == Array(0..<10)) }
    #expect(Set(epochs).count == 4)
    // The same sequence, whatever the size of the batches, and out of order.
    let late = try images(task.batch(.training, index: 4, trials: 7, seed: 7))
    #expect(late == Array(shown[28..<35]))
    #expect(try images(task.batch(.training, index: 0, trials: 10, seed: 8)) != epochs[0])
  }

  @Test func aPassOverTheTestImagesShowsEachOnce() throws {
    let data = try SmallDataSet()
    let task = try MNISTTask(directory: data.directory, steps: 2, validationCount: 3)
    #expect(task.batches(in: .test, trials: 2) == 3)
    let pass = try (0..<3).map { images(try task.batch(.test, index: $0, trials: 2, seed: 1)) }
    #expect(pass == [[0, 1], [2, 3], [4]])
    #expect(try images(task.batch(.test, index: 3, trials: 2, seed: 1)) == [0, 1])
    #expect(try images(task.batch(.validation, index: 0, trials: 8, seed: 1)) == [9, 10, 11])
    // The spikes of a test image do not depend on the size of the batch.
    let whole = try task.batch(.test, index: 0, trials: 5, seed: 1)
    let last = try task.batch(.test, index: 2, trials: 2, seed: 1)
    guard case .spikes(let a) = whole.inputs, case .spikes(let b) = last.inputs else { return }
    #expect(
      (0..<2).allSatisfy { step in
        (0..<72).allSatisfy { a[step, 4, $0] == b[step, 0, $0] }
      })
  }

  @Test func batchesAreAPureFunctionOfTheirArguments() throws {
    let data = try SmallDataSet()
    let task = try MNISTTask(directory: data.directory, steps: 30, validationCount: 5)
    let again = try MNISTTask(directory: data.directory, steps: 30, validationCount: 5)
    let batch = try task.batch(.validation, index: 0, trials: 5, seed: 1)
    _ = try again.batch(.training, index: 9, trials: 5, seed: 1)
    #expect(try again.batch(.validation, index: 0, trials: 5, seed: 1) == batch)
    // Another pass over the same images, another seed: other spikes.
    #expect(try task.batch(.validation, index: 1, trials: 5, seed: 1).inputs != batch.inputs)
    #expect(try task.batch(.validation, index: 0, trials: 5, seed: 2).inputs != batch.inputs)
    #expect(try task.batch(.test, index: 0, trials: 5, seed: 1).inputs != batch.inputs)
  }

  @Test func aSecondPresentationShowsTheSameImagesInNewSpikes() throws {
    let data = try SmallDataSet()
    let task = try MNISTTask(directory: data.directory, steps: 30)
    func present(_ presentation: Int) throws -> TrialBatch {
      try task.batch(.training, index: 2, presentation: presentation, trials: 6, seed: 1)
    }
    let first = try present(0)
    #expect(task.drawsEachPresentation)
    #expect(first == (try task.batch(.training, index: 2, trials: 6, seed: 1)))
    let second = try present(1)
    #expect(second.conditions == first.conditions && second.targets == first.targets)
    #expect(second.inputs != first.inputs)
    #expect(try present(2).inputs != second.inputs)
    #expect(second == (try present(1)))
  }

  @Test func withoutValidationImagesThereIsNoValidation() throws {
    let data = try SmallDataSet()
    let task = try MNISTTask(directory: data.directory)
    #expect(task.size(of: .training) == 12 && task.size(of: .validation) == 0)
    let error = #expect(throws: TasksError.self) {
      try task.batch(.validation, index: 0, trials: 2, seed: 1)
    }
    #expect(error?.remedy.contains("validation: 5000") == true)
  }

  @Test func metricsCountTheLargestOutput() throws {
    let data = try SmallDataSet()
    let task = try MNISTTask(directory: data.directory, steps: 1)
    let batch = try task.batch(.test, index: 0, trials: 4, seed: 1)
    var readout = Tensor<Float>(axes: ["trial", "output"], shape: [4, 10])
    for trial in 0..<4 { readout[trial, trial == 3 ? 7 : trial] = 2 }
    #expect(task.metrics(readout: readout, of: batch) == ["accuracy": 0.75, "error": 0.25])
    var everyStep = Tensor<Float>(axes: ["time", "trial", "output"], shape: [2, 4, 10])
    for trial in 0..<4 {
      everyStep[0, trial, 9] = 1
      everyStep[1, trial, trial] = 1.5
    }
    #expect(task.metrics(readout: everyStep, of: batch)["accuracy"] == 1)
  }

  @Test func filesMayLieInTheDirectoryItself() throws {
    let data = try SmallDataSet(inFolder: false)
    #expect(try MNISTTask(directory: data.directory).size(of: .test) == 5)
    let fashion = try SmallDataSet(dataSet: "fashion-mnist")
    let task = try MNISTTask(directory: fashion.directory, dataSet: "fashion-mnist")
    #expect(task.name == "fashion-mnist" && task.size(of: .training) == 12)
  }
}

/// What the user gets for data files that are missing or broken.
@Suite struct MNISTBadInputTests {
  func complaint(_ directory: String?, validationCount: Int = 0) -> String {
    let error = #expect(throws: (any Error).self) {
      try MNISTTask(directory: directory, validationCount: validationCount)
    }
    guard let error = error as? any SynfireError else { return "not typed" }
    #expect(error.isUserMistake && !error.place.isEmpty && !error.remedy.isEmpty)
    return error.description
  }

  @Test func missingDirectory() {
    for text in [complaint(nil), complaint(""), complaint("/nowhere/data")] {
      #expect(text.contains("data directory"))
      #expect(text.contains("SYNFIRE_DATA") && text.contains("--data"))
      #expect(text.contains("synfire data fetch mnist"))
    }
    #expect(complaint("/nowhere/data").hasPrefix("/nowhere/data"))
  }

  @Test func missingFile() throws {
    let data = try SmallDataSet()
    let file = "t10k-labels-idx1-ubyte"
    try FileManager.default.removeItem(atPath: "\(data.directory)/mnist/\(file)")
    let text = complaint(data.directory)
    #expect(text.contains("\(data.directory)/mnist/\(file).gz"))
    #expect(text.contains("\(data.directory)/\(file)\n"))
    #expect(text.contains("synfire data fetch mnist"))
  }

  @Test(arguments: ["train", "t10k"])
  func brokenFiles(prefix: String) throws {
    let data = try SmallDataSet()
    let images = "\(data.directory)/mnist/\(prefix)-images-idx3-ubyte"
    let labels = "\(data.directory)/mnist/\(prefix)-labels-idx1-ubyte"
    let wholeImages = [UInt8](try Data(contentsOf: URL(fileURLWithPath: images)))
    let wholeLabels = [UInt8](try Data(contentsOf: URL(fileURLWithPath: labels)))

    try data.write([], images)
    #expect(complaint(data.directory).contains("\(images): the file is empty"))
    try data.write(wholeLabels, images)
    #expect(complaint(data.directory).contains("wrong magic number 2049"))
    try data.write(Array(wholeImages.dropLast()), images)
    #expect(complaint(data.directory).contains("cut short"))
    try data.write(wholeImages, images)

    try data.write([], labels)
    #expect(complaint(data.directory).contains("\(labels): the file is empty"))
    try data.write(wholeLabels.dropLast() + [10], labels)
    #expect(complaint(data.directory).contains("is 10, but labels go from 0 to 9"))
    try data.write(SmallDataSet.idx([3], [1, 2, 3]), labels)
    #expect(complaint(data.directory).contains("3 labels"))
  }

  /// Compresses the images of a data set with the gzip program and returns the path.
  func compressed(_ data: SmallDataSet, prefix: String) throws -> String {
    let path = "\(data.directory)/mnist/\(prefix)-images-idx3-ubyte"
    let gzip = Process()
    gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    gzip.arguments = ["gzip", path]
    try gzip.run()
    gzip.waitUntilExit()
    return path + ".gz"
  }

  @Test func aCorruptTrainingFileIsFoundWhenItIsRead() throws {
    let data = try SmallDataSet()
    let path = try compressed(data, prefix: "train")
    let task = try MNISTTask(directory: data.directory)
    var flipped = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    flipped[flipped.count - 8] ^= 1
    try data.write(flipped, path)
    let error = #expect(throws: FormatsError.self) {
      try task.batch(.training, index: 0, trials: 2, seed: 1)
    }
    #expect(error?.what.contains("incorrect data check") == true && error?.place == path)
    // The test images are not concerned.
    _ = try task.batch(.test, index: 0, trials: 2, seed: 1)
  }

  @Test func aCorruptTestFileIsFoundBeforeTheTraining() throws {
    let data = try SmallDataSet()
    let path = try compressed(data, prefix: "t10k")
    _ = try MNISTTask(directory: data.directory)
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    try data.write(Array(whole.dropLast(20)), path)
    #expect(complaint(data.directory).contains("cut short"))
    var flipped = whole
    flipped[whole.count - 8] ^= 1
    try data.write(flipped, path)
    #expect(complaint(data.directory).contains("corrupt"))
  }

  @Test func countsThatMakeNoSense() throws {
    let data = try SmallDataSet()
    #expect(complaint(data.directory, validationCount: 12).contains("12 validation images"))
    #expect(complaint(data.directory, validationCount: -1).contains("-1 validation images"))
    #expect(throws: TasksError.self) { try MNISTTask(directory: data.directory, steps: 0) }
    let task = try MNISTTask(directory: data.directory)
    #expect(throws: TasksError.self) { try task.batch(.test, index: 0, trials: 0, seed: 1) }
    #expect(throws: TasksError.self) { try task.batch(.test, index: -1, trials: 1, seed: 1) }
  }
}

/// The real files.
@Suite struct RealImagesTests {
  func classCounts(_ task: MNISTTask, _ split: Split) throws -> [Int] {
    var counts = [Int](repeating: 0, count: 10)
    let short = task.batches(in: split, trials: 1_000) ?? 0
    for index in 0..<short {
      let batch = try task.batch(split, index: index, trials: 1_000, seed: 1)
      for label in batch.conditions["class"] ?? [] { counts[label] += 1 }
    }
    return counts
  }

  @Test(.enabled(if: hasDataSet("mnist"))) func mnist() throws {
    let task = try MNISTTask(directory: dataDirectory, steps: 1)
    #expect(task.inputChannels == 784)
    #expect(
      try classCounts(task, .training)
        == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
    #expect(
      try classCounts(task, .test) == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
    let hashes = try task.dataHashes()
    #expect(
      hashes.first { $0.key.contains("t10k-images") }?.value
        == "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7")
    #expect(
      hashes.first { $0.key.contains("train-images") }?.value
        == "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db")
  }

  @Test(.enabled(if: hasDataSet("mnist"))) func spikeRateOfTheTestImages() throws {
    // Mean pixel of the 10 000 test images / 255 is 0.13251; the spikes' mean must agree within 5 sd
    // (sd below 0.5 / sqrt(10 000 * 784 * 2)).
    let task = try MNISTTask(directory: dataDirectory, steps: 2)
    let batch = try task.batch(.test, index: 0, trials: 10_000, seed: 3)
    guard case .spikes(let spikes) = batch.inputs else { throw TasksError("no spikes") }
    let rate = Double(spikes.count) / Double(10_000 * 784 * 2)
    #expect(abs(rate - 0.132514) < 0.0006)
  }

  @Test(.enabled(if: hasDataSet("fashion-mnist"))) func fashionMNIST() throws {
    let task = try MNISTTask(
      directory: dataDirectory, dataSet: "fashion-mnist", steps: 1, validationCount: 10_000)
    #expect(task.size(of: .training) == 50_000 && task.size(of: .validation) == 10_000)
    #expect(try classCounts(task, .test) == Array(repeating: 1_000, count: 10))
    let both = zip(try classCounts(task, .training), try classCounts(task, .validation)).map(+)
    #expect(both == Array(repeating: 6_000, count: 10))
  }
}
