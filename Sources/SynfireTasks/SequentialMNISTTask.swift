import SynfireCore

/// Classification of images that are shown pixel by pixel (Le et al. 2015; coded for spiking networks
/// by Bellec et al. 2018).
///
/// Pixels come row by row, each for `stepsPerPixel` steps, either as threshold crossings, followed by a
/// cue of the length of two rows (`ThresholdCrossingEncoder`), or as one analog channel of grey values
/// from 0 to 1 without a cue. The inputs of an image are always the same.
///
/// Trials are divided into windows of the length of one row of pixels. The target is the class of the
/// image in the last window, and none in the others; it fits a readout of means over such windows.
///
/// Splits: the test file is `test`; the first `validationCount` images of the training file are
/// `validation`, the others `training`, shuffled anew in every epoch.
///
/// Conditions of a trial: `class`, and `image`, its position in its file.
public struct SequentialMNISTTask: TrialTask {
  /// How grey values become inputs.
  public enum Encoding: String, Sendable, CaseIterable {
    /// 80 channels of spikes, cue included.
    case thresholdCrossing
    /// One channel of grey values, value / 255.
    case analog
  }

  public let name: String
  public let stepsPerPixel: Int
  public let encoding: Encoding
  public let outputs = 10

  private let images: ImageSplits
  private let workers: WorkerPool?

  /// Finds and checks the files, as `MNISTTask` does.
  ///
  /// - Parameters:
  ///   - directory: the data directory, see `DataFiles`.
  ///   - stepsPerPixel: time steps for which a pixel is shown; 1 and 2 were published.
  ///   - validationCount: images at the beginning of the training file that are for validation.
  ///   - workers: threads to share the coding of images.
  /// - Throws: `TasksError` for files that are not there and for counts that make no sense,
  ///   `FormatsError` for files that are broken.
  public init(
    directory: String?, stepsPerPixel: Int = 1, encoding: Encoding = .thresholdCrossing,
    validationCount: Int = 5000, workers: WorkerPool? = nil, name: String = "sequential-mnist"
  ) throws {
    guard stepsPerPixel > 0 else {
      throw TasksError(
        "\(stepsPerPixel) steps per pixel were asked for", place: name,
        remedy: "Show each pixel for at least one.")
    }
    images = try ImageSplits(
      name, dataSet: "mnist", directory: directory, classes: outputs,
      validationCount: validationCount, at: .first)
    self.name = name
    self.stepsPerPixel = stepsPerPixel
    self.encoding = encoding
    self.workers = workers
  }

  public var validationCount: Int { images.validationCount }

  public var inputChannels: Int {
    encoding == .analog ? 1 : ThresholdCrossingEncoder.channels
  }

  /// Windows in a trial: the rows of an image, and two of the cue.
  public var windows: Int { images.rows + (encoding == .analog ? 0 : 2) }
  /// Steps of a window: those of a row of pixels.
  public var windowSteps: Int { images.columns * stepsPerPixel }
  public var steps: Int { windows * windowSteps }

  public func size(of split: Split) -> Int? { images.size(of: split) }

  public func batch(_ split: Split, index: Int, trials: Int, seed: UInt64) throws -> TrialBatch {
    let positions = try images.presentations(split, index: index, trials: trials, seed: seed)
      .positions
    let file = images.file(of: split)
    let labels = positions.map { Int(file.labels[$0]) }
    let unasked = [Int](repeating: TrialTargets.none, count: (windows - 1) * positions.count)
    return TrialBatch(
      inputs: try inputs(file.pixels(), positions), targets: .classes(unasked + labels),
      conditions: ["class": labels, "image": positions])
  }

  /// `accuracy`, the fraction of trials whose largest output in the last window is that of their class,
  /// and `error`, the rest.
  ///
  /// - Parameter readout: axes [window, trial, output].
  public func metrics(readout: Tensor<Float>, of batch: TrialBatch) -> [String: Double] {
    guard case .classes(let classes) = batch.targets, readout.count >= batch.trials * outputs else {
      return [:]
    }
    let last = readout.values.suffix(batch.trials * outputs)
    return classMetrics(
      answers: winners(last, outputs: outputs), classes: classes.suffix(batch.trials))
  }

  public func dataHashes() throws -> [String: String] { try images.dataHashes() }

  private func inputs(_ pixels: [UInt8], _ positions: [Int]) throws -> TrialInputs {
    let count = images.rows * images.columns
    switch encoding {
    case .thresholdCrossing:
      let encoder = ThresholdCrossingEncoder(
        pixels: count, stepsPerPixel: stepsPerPixel, cueSteps: 2 * windowSteps)
      return .spikes(try encoder.encode(images: pixels, positions: positions, workers: workers))
    case .analog:
      var values: [Float] = []
      values.reserveCapacity(steps * positions.count)
      for step in 0..<steps {
        for position in positions {
          values.append(Float(pixels[position * count + step / stepsPerPixel]) / 255)
        }
      }
      return .analog(
        Tensor(
          axes: ["time", "trial", "channel"], shape: [steps, positions.count, 1], values: values))
    }
  }
}
