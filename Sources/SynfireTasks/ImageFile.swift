import Synchronization
import SynfireCore
import SynfireFormats

/// A file of images and the file of their labels; the pixels are read when they are first asked for and
/// are in memory once.
final class ImageFile: Sendable {
  let imagesPath: String
  let labelsPath: String
  let labels: [UInt8]
  let rows: Int
  let columns: Int
  private let loaded = Mutex<[UInt8]?>(nil)

  /// Reads the labels and the header of the images.
  init(_ files: DataFiles, prefix: String, classes: Int) throws {
    imagesPath = try files.path("\(prefix)-images-idx3-ubyte")
    labelsPath = try files.path("\(prefix)-labels-idx1-ubyte")
    let shape = try IDXReader(path: imagesPath, axes: 3).shape
    labels = try LabelledImages.readLabels(path: labelsPath, classes: classes)
    try LabelledImages.checkCounts(
      images: shape[0], imagesPath: imagesPath, labels: labels.count, labelsPath: labelsPath)
    rows = shape[1]
    columns = shape[2]
  }

  /// Reads the images to the end without keeping them.
  func check() throws { try IDXReader(path: imagesPath, axes: 3).check() }

  /// All pixels, axes [image, row, column].
  func pixels() throws -> [UInt8] {
    try loaded.withLock { loaded in
      if let loaded { return loaded }
      let array = try IDXReader(path: imagesPath, axes: 3).elements()
      guard array.shape == [labels.count, rows, columns] else {
        throw FormatsError(
          "the file has changed since it was opened", place: imagesPath, remedy: "Start again.")
      }
      loaded = array.bytes
      return array.bytes
    }
  }
}

/// The order in which an epoch shows the training images: a pure function of seed and epoch, of which
/// the last two are kept.
final class EpochOrders: Sendable {
  private struct Entry {
    let seed: UInt64
    let epoch: Int
    let order: [Int]
  }

  private let recent = Mutex<[Entry]>([])

  func order(epoch: Int, of count: Int, seed: UInt64, name: String) -> [Int] {
    recent.withLock { recent in
      if let known = recent.first(where: { $0.seed == seed && $0.epoch == epoch }) {
        return known.order
      }
      var stream = RandomStream(seed: seed, stream: "\(name).training.order", step: UInt64(epoch))
      let order = stream.permutation(count)
      recent = recent.suffix(1) + [Entry(seed: seed, epoch: epoch, order: order)]
      return order
    }
  }
}
