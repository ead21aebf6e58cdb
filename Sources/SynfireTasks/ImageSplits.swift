import SynfireCore

/// The labelled images of a data set, and which of them each split presents when.
///
/// The test file is `test`; `validationCount` images at one end of the training file are `validation`,
/// the others `training`. Training images are shuffled anew in every epoch, and a batch may go over
/// from one epoch into the next; the other splits are presented in the order of their files, pass
/// after pass.
struct ImageSplits: Sendable {
  /// Where in the training file the validation images are.
  enum ValidationPlace { case first, last }

  /// The name of the task, for messages and random numbers.
  let name: String
  let validationCount: Int
  let training: ImageFile
  let test: ImageFile
  private let validationPlace: ValidationPlace
  private let orders = EpochOrders()

  /// Finds and checks the files: all labels, the headers of the images, and all test images, so that a
  /// broken test file is not found out after the training. Images are read when first needed.
  ///
  /// - Throws: `TasksError` for files that are not there and for counts that make no sense,
  ///   `FormatsError` for files that are broken.
  init(
    _ name: String, dataSet: String, directory: String?, classes: Int, validationCount: Int,
    at validationPlace: ValidationPlace
  ) throws {
    let files = try DataFiles(dataSet: dataSet, directory: directory)
    training = try ImageFile(files, prefix: "train", classes: classes)
    test = try ImageFile(files, prefix: "t10k", classes: classes)
    guard training.rows == test.rows, training.columns == test.columns else {
      throw TasksError(
        "test images of \(test.rows) x \(test.columns) pixels, but training images of "
          + "\(training.rows) x \(training.columns)",
        place: test.imagesPath, remedy: "Get all files again, from the same source.")
    }
    guard validationCount >= 0, validationCount < training.labels.count else {
      throw TasksError(
        "\(validationCount) validation images were asked for, of \(training.labels.count)",
        place: name, remedy: "Leave images to learn from.")
    }
    try test.check()
    self.name = name
    self.validationCount = validationCount
    self.validationPlace = validationPlace
  }

  var rows: Int { training.rows }
  var columns: Int { training.columns }

  func size(of split: Split) -> Int {
    switch split {
    case .training: training.labels.count - validationCount
    case .validation: validationCount
    case .test: test.labels.count
    }
  }

  /// The file that has the images of a split.
  func file(of split: Split) -> ImageFile { split == .test ? test : training }

  /// The number of the first presentation of a batch, and the image of each of its trials, as its
  /// position in its file.
  func presentations(
    _ split: Split, index: Int, trials: Int, seed: UInt64
  ) throws -> (first: Int, positions: [Int]) {
    try checkBatch(name: name, index: index, trials: trials)
    let size = size(of: split)
    guard size > 0 else {
      throw TasksError(
        "there are no \(split.rawValue) images", place: name,
        remedy: "Set the number of validation images, such as `validation: 5000`.")
    }
    let start = start(of: split)
    if split == .training {
      let first = index * trials
      return (
        first,
        (first..<(first + trials)).map { number in
          start
            + orders.order(epoch: number / size, of: size, seed: seed, name: name)[number % size]
        }
      )
    }
    let perPass = (size + trials - 1) / trials
    let (pass, place) = index.quotientAndRemainder(dividingBy: perPass)
    let range = (place * trials)..<min(size, (place + 1) * trials)
    return (pass * size + range.lowerBound, range.map { start + $0 })
  }

  /// The position of the first image of a split in its file.
  private func start(of split: Split) -> Int {
    switch (split, validationPlace) {
    case (.training, .first): validationCount
    case (.validation, .last): training.labels.count - validationCount
    default: 0
    }
  }

  /// The sha256 of the raw content of each file, by path.
  func dataHashes() throws -> [String: String] {
    var result: [String: String] = [:]
    for path in [training, test].flatMap({ [$0.imagesPath, $0.labelsPath] }) {
      result[path] = try rawSHA256(path: path)
    }
    return result
  }
}
