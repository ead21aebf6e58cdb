import SynfireCore

/// Classification of small images, MNIST or Fashion-MNIST, shown as Bernoulli spikes or as they are.
///
/// Bernoulli spikes: at every step each pixel spikes with probability value / 255, drawn afresh at each
/// presentation, also when testing. Analog: at every step each pixel is value / 255. Pixels may be means over
/// squares of the pixels of the file.
/// The spikes of a presentation are a function of (seed, data set, split, number of the
/// presentation) and so do not depend on the size of batches.
///
/// Splits: the test file is `test`; the last `validationCount` images of the training file are
/// `validation`, the others `training`. With none asked for, the default, all images are learnt from
/// and there is no validation split; the test images never stand in for one. Training images are
/// shuffled anew in every epoch; a batch may go over from one epoch into the next.
///
/// Conditions of a trial: `class`, and `image`, its position in its file.
public struct MNISTTask: TrialTask {
  /// How pixels become inputs.
  public enum Encoding: String, Sendable, CaseIterable {
    /// Spikes with the grey value as probability.
    case bernoulli
    /// Grey values, value / 255.
    case analog
  }

  public let name: String
  public let steps: Int
  public let encoding: Encoding
  public let outputs = 10
  /// How many images at the end of the training file are for validation.
  public var validationCount: Int { images.validationCount }
  public var inputChannels: Int { rows * columns }
  /// The sides of an image as it is shown: rows and columns.
  public var rows: Int { pooling.pooledRows }
  public var columns: Int { pooling.pooledColumns }

  private let images: ImageSplits
  private let pooling: ImagePooling
  private let workers: WorkerPool?

  /// Finds and checks the files: all labels, the headers of the images, and all test images, so that a
  /// broken test file is not found out after the training. Images are read when first needed.
  ///
  /// - Parameters:
  ///   - directory: the data directory, see `DataFiles`.
  ///   - dataSet: `mnist` or `fashion-mnist`.
  ///   - steps: time steps of a trial; Lin and Huang (2024) show 50 in their figures.
  ///   - pooling: the side of the squares of pixels of which means are shown; 1 shows all pixels.
  ///   - workers: threads to share the coding of images.
  /// - Throws: `TasksError` for files that are not there and for sizes and counts that make no sense,
  ///   `FormatsError` for files that are broken.
  public init(
    directory: String?, dataSet: String = "mnist", steps: Int = 50, validationCount: Int = 0,
    encoding: Encoding = .bernoulli, pooling: Int = 1, workers: WorkerPool? = nil
  ) throws {
    guard steps > 0 else {
      throw TasksError(
        "\(steps) steps were asked for", place: dataSet, remedy: "Ask for at least one.")
    }
    images = try ImageSplits(
      dataSet, dataSet: dataSet, directory: directory, classes: outputs,
      validationCount: validationCount, at: .last)
    self.pooling = try ImagePooling(
      rows: images.rows, columns: images.columns, side: pooling, place: dataSet)
    name = dataSet
    self.encoding = encoding
    self.steps = steps
    self.workers = workers
  }

  public func size(of split: Split) -> Int? { images.size(of: split) }

  public var drawsEachPresentation: Bool { encoding == .bernoulli }

  public func batch(_ split: Split, index: Int, trials: Int, seed: UInt64) throws -> TrialBatch {
    try batch(split, index: index, presentation: 0, trials: trials, seed: seed)
  }

  public func batch(
    _ split: Split, index: Int, presentation: Int, trials: Int, seed: UInt64
  ) throws -> TrialBatch {
    let (first, positions) = try images.presentations(
      split, index: index, trials: trials, seed: seed)
    let file = images.file(of: split)
    let labels = positions.map { Int(file.labels[$0]) }
    func batch(_ inputs: TrialInputs) -> TrialBatch {
      TrialBatch(
        inputs: inputs, targets: .classes(labels),
        conditions: ["class": labels, "image": positions])
    }
    let isPooled = pooling.side > 1
    guard encoding == .bernoulli else {
      return batch(.analog(grey(pooling.pooled(try file.pixels(), positions))))
    }
    let encoder = BernoulliEncoder(steps: steps, pixels: inputChannels)
    let spikes = try encoder.encode(
      images: isPooled ? pooling.pooled(try file.pixels(), positions) : try file.pixels(),
      positions: isPooled ? Array(positions.indices) : positions,
      stream: RandomStream(
        seed: seed,
        stream: "\(name).\(split.rawValue).spikes" + (presentation > 0 ? ".\(presentation)" : "")),
      firstTrial: UInt64(first), workers: workers)
    return batch(.spikes(spikes))
  }

  /// The same grey values at every step.
  ///
  /// - Parameter pixels: axes [trial, pixel].
  private func grey(_ pixels: [UInt8]) -> Tensor<Float> {
    let values = pixels.map { Float($0) / 255 }
    return Tensor(
      axes: ["time", "trial", "channel"],
      shape: [steps, values.count / inputChannels, inputChannels],
      values: (0..<steps).flatMap { _ in values })
  }

  /// `accuracy`, the fraction of trials whose largest output is that of their class, and `error`, the
  /// rest; a readout of every step is averaged over time first.
  public func metrics(readout: Tensor<Float>, of batch: TrialBatch) -> [String: Double] {
    guard case .classes(let classes) = batch.targets, !classes.isEmpty else { return [:] }
    return classMetrics(answers: answers(readout, trials: classes.count), classes: classes)
  }

  public func dataHashes() throws -> [String: String] { try images.dataHashes() }

  private func answers(_ readout: Tensor<Float>, trials: Int) -> [Int] {
    var sums = [Float](repeating: 0, count: trials * outputs)
    for index in readout.values.indices { sums[index % sums.count] += readout.values[index] }
    return winners(sums, outputs: outputs)
  }
}
