import Foundation
import SynfireTasks

/// A data directory with a small data set of the MNIST file format in it, deleted at the end.
final class SmallDataSet {
  let directory: String
  /// 12 training images and 5 test images of 9 x 8 pixels; image `i`, pixel `p` is `value(i, p)`.
  static let trainingCount = 12
  static let testCount = 5
  static let shape = [9, 8]

  static func value(_ image: Int, _ pixel: Int) -> UInt8 {
    switch pixel % 4 {
    case 0: 0
    case 1: 255
    case 2: UInt8(64 + image)
    default: UInt8((image * 37 + pixel * 11) % 256)
    }
  }

  static func label(_ image: Int) -> UInt8 { UInt8(image % 10) }

  init(inFolder: Bool = true, dataSet: String = "mnist") throws {
    directory =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("synfire-data-\(UUID().uuidString)").path
    let folder = inFolder ? "\(directory)/\(dataSet)" : directory
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for (prefix, count) in [("train", Self.trainingCount), ("t10k", Self.testCount)] {
      try write(
        Self.idx([count] + Self.shape, (0..<(count * 72)).map { Self.value($0 / 72, $0 % 72) }),
        "\(folder)/\(prefix)-images-idx3-ubyte")
      try write(
        Self.idx([count], (0..<count).map { Self.label($0) }),
        "\(folder)/\(prefix)-labels-idx1-ubyte")
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  static func idx(_ shape: [Int], _ bytes: [UInt8]) -> [UInt8] {
    var header: [UInt8] = [0, 0, 8, UInt8(shape.count)]
    for length in shape {
      header += (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }
    }
    return header + bytes
  }

  func write(_ bytes: [UInt8], _ path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }
}

/// The data directory of this machine, if one is named.
let dataDirectory = ProcessInfo.processInfo.environment["SYNFIRE_DATA"]

func hasDataSet(_ name: String) -> Bool {
  guard let dataDirectory else { return false }
  return FileManager.default.fileExists(
    atPath: "\(dataDirectory)/\(name)/train-images-idx3-ubyte.gz")
}
