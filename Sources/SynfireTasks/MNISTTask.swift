import SynfireCore
import SynfireFormats

/// Classification of small images, MNIST or Fashion-MNIST, shown as Bernoulli spikes.
///
/// At every step each pixel spikes with probability value / 255, drawn afresh at each presentation, also
/// when testing. The spikes of a presentation are a function of (seed, data set, split, number of the
/// presentation) and so do not depend on the size of batches.
///
/// Splits: the test file is `test`; the last `validationCount` images of the training file are
/// `validation`, the others `training`. With none asked for, the default, all images are learnt from
/// and there is no validation split; the test images never stand in for one. Training images are
/// shuffled anew in every epoch; a batch may go over from one epoch into the next.
///
/// Conditions of a trial: `class`, and `image`, its position in its file.
public struct MNISTTask: TrialTask {
  public let name: String
  public let steps: Int
  /// How many images at the end of the training file are for validation.
  public let validationCount: Int
  public let outputs = 10
  public let inputChannels: Int
  /// The sides of an image: rows and columns.
  public let rows: Int
  public let columns: Int

  private let training: ImageFile
  private let test: ImageFile
  private let orders = EpochOrders()
  private let workers: WorkerPool?

  /// Finds and checks the files: all labels, the headers of the images, and all test images, so that a
  /// broken test file is not found out after the training. Images are read when first needed.
  ///
  /// - Parameters:
  ///   - directory: the data directory, see `DataFiles`.
  ///   - dataSet: `mnist` or `fashion-mnist`.
  ///   - steps: time steps of a trial; Lin and Huang (2024) show 50 in their figures.
  ///   - workers: threads to share the coding of images.
  /// - Throws: `TasksError` for files that are not there and for counts that make no sense,
  ///   `FormatsError` for files that are broken.
  public init(
    directory: String?, dataSet: String = "mnist", steps: Int = 50, validationCount: Int = 0,
    workers: WorkerPool? = nil
  ) throws {
    guard steps > 0 else {
      throw TasksError(
        "\(steps) steps were asked for", place: dataSet, remedy: "Ask for at least one.")
    }
    let files = try DataFiles(dataSet: dataSet, directory: directory)
    training = try ImageFile(files, prefix: "train", classes: outputs)
    test = try ImageFile(files, prefix: "t10k", classes: outputs)
    guard training.rows == test.rows, training.columns == test.columns else {
      throw TasksError(
        "test images of \(test.rows) x \(test.columns) pixels, but training images of "
          + "\(training.rows) x \(training.columns)",
        place: test.imagesPath, remedy: "Get all files again, from the same source.")
    }
    guard validationCount >= 0, validationCount < training.labels.count else {
      throw TasksError(
        "\(validationCount) validation images were asked for, of \(training.labels.count)",
        place: dataSet, remedy: "Leave images to learn from.")
    }
    try test.check()
    name = dataSet
    self.steps = steps
    self.validationCount = validationCount
    self.workers = workers
    rows = training.rows
    columns = training.columns
    inputChannels = training.rows * training.columns
  }

  public func size(of split: Split) -> Int? {
    switch split {
    case .training: training.labels.count - validationCount
    case .validation: validationCount
    case .test: test.labels.count
    }
  }

  public var drawsEachPresentation: Bool { true }

  public func batch(_ split: Split, index: Int, trials: Int, seed: UInt64) throws -> TrialBatch {
    try batch(split, index: index, presentation: 0, trials: trials, seed: seed)
  }

  public func batch(
    _ split: Split, index: Int, presentation: Int, trials: Int, seed: UInt64
  ) throws -> TrialBatch {
    let (first, positions) = try presentations(split, index: index, trials: trials, seed: seed)
    let file = split == .test ? test : training
    let encoder = BernoulliEncoder(steps: steps, pixels: inputChannels)
    let spikes = try encoder.encode(
      images: try file.pixels(), positions: positions,
      stream: RandomStream(
        seed: seed,
        stream: "\(name).\(split.rawValue).spikes" + (presentation > 0 ? ".\(presentation)" : "")),
      firstTrial: UInt64(first), workers: workers)
    let labels = positions.map { Int(file.labels[$0]) }
    return TrialBatch(
      inputs: .spikes(spikes), targets: .classes(labels),
      conditions: ["class": labels, "image": positions])
  }

  /// `accuracy`, the fraction of trials whose largest output is that of their class, and `error`, the
  /// rest; a readout of every step is averaged over time first.
  public func metrics(readout: Tensor<Float>, of batch: TrialBatch) -> [String: Double] {
    guard case .classes(let classes) = batch.targets, !classes.isEmpty else { return [:] }
    let answers = winners(readout, trials: classes.count)
    let right = zip(answers, classes).count { $0 == $1 }
    let accuracy = Double(right) / Double(classes.count)
    return ["accuracy": accuracy, "error": Double(classes.count - right) / Double(classes.count)]
  }

  public func dataHashes() throws -> [String: String] {
    var result: [String: String] = [:]
    for path in [training, test].flatMap({ [$0.imagesPath, $0.labelsPath] }) {
      result[path] = try rawSHA256(path: path)
    }
    return result
  }

  /// The number of the first presentation of a batch, and the image of each of its trials.
  private func presentations(
    _ split: Split, index: Int, trials: Int, seed: UInt64
  ) throws -> (first: Int, positions: [Int]) {
    try checkBatch(name: name, index: index, trials: trials)
    guard let size = size(of: split), size > 0 else {
      throw TasksError(
        "there are no \(split.rawValue) images", place: name,
        remedy: "Set the number of validation images, such as `validation: 5000`.")
    }
    if split == .training {
      let first = index * trials
      return (
        first,
        (first..<(first + trials)).map { number in
          orders.order(epoch: number / size, of: size, seed: seed, name: name)[number % size]
        }
      )
    }
    let perPass = (size + trials - 1) / trials
    let (pass, place) = index.quotientAndRemainder(dividingBy: perPass)
    let start = split == .validation ? training.labels.count - size : 0
    let range = (place * trials)..<min(size, (place + 1) * trials)
    return (pass * size + range.lowerBound, range.map { start + $0 })
  }

  private func winners(_ readout: Tensor<Float>, trials: Int) -> [Int] {
    var sums = [Float](repeating: 0, count: trials * outputs)
    for index in readout.values.indices { sums[index % sums.count] += readout.values[index] }
    return (0..<trials).map { trial in
      let row = sums[(trial * outputs)..<((trial + 1) * outputs)]
      return row.indices.max { sums[$0] < sums[$1] }! - trial * outputs
    }
  }
}
