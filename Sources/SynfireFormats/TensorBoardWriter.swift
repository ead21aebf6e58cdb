import Foundation
import Synchronization

/// Writes scalars and histograms as an event file that TensorBoard shows.
///
/// The file is a sequence of TFRecords, each a `tensorflow.Event` in the Protocol Buffers encoding
/// (tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto). Each writer makes a
/// new file; TensorBoard merges the files of a folder, so a resumed run goes on in the same curves.
/// Each event is with the system when a call returns. Safe to use from several threads.
public final class TensorBoardWriter: Sendable {
  public let path: String
  private let file: Mutex<FileDescriptor>

  /// Creates an event file in `directory`, which is made when it is not there.
  ///
  /// - Parameter startTime: in seconds since 1970; part of the file name, by which TensorBoard orders
  ///   the files of a folder.
  public init(directory: String, startTime: Double = Date().timeIntervalSince1970) throws {
    do {
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true)
    } catch {
      throw FormatsError(
        "cannot create the folder", place: directory,
        remedy: "Choose another folder, or change the permissions.", kind: .system)
    }
    let seconds = String(format: "%010lld", Int64(startTime))
    let host = ProcessInfo.processInfo.hostName.filter { $0.isLetter || $0.isNumber || $0 == "-" }
    let stem = "\(directory)/events.out.tfevents.\(seconds).\(host).\(getpid())"
    var number = 0
    while access("\(stem).\(number)", F_OK) == 0 { number += 1 }
    path = "\(stem).\(number)"
    file = Mutex(
      try FileDescriptor(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, doing: "write"))
    var event = ProtocolBuffer()
    event.append(1, startTime)
    event.append(3, "brain.Event:2")
    try write(event)
  }

  /// Writes one number of a curve.
  ///
  /// - Parameters:
  ///   - tag: the name of the curve, such as `training/loss`; a slash makes a section.
  ///   - wallTime: in seconds since 1970.
  public func scalar(
    _ tag: String, _ value: Double, step: Int, wallTime: Double = Date().timeIntervalSince1970
  ) throws {
    var summary = ProtocolBuffer()
    summary.append(1, tag)
    summary.append(2, Float(value))
    try write(summary, step, wallTime)
  }

  /// Writes the distribution of numbers, in 30 bins of equal width from the least to the greatest.
  ///
  /// Infinities and NaN have no place in a histogram and are left out; without any finite number
  /// the histogram is empty.
  public func histogram(
    _ tag: String, _ values: [Float], step: Int,
    wallTime: Double = Date().timeIntervalSince1970
  ) throws {
    var summary = ProtocolBuffer()
    summary.append(1, tag)
    summary.append(5, TensorBoardWriter.histogram(values.lazy.filter(\.isFinite).map(Double.init)))
    try write(summary, step, wallTime)
  }

  /// Writes a distribution that is known by counts in bins of equal width.
  ///
  /// Its sums are those of the middles of the bins.
  public func histogram(
    _ tag: String, counts: [Double], from lower: Double, to upper: Double, step: Int,
    wallTime: Double = Date().timeIntervalSince1970
  ) throws {
    let width = (upper - lower) / Double(max(1, counts.count))
    let middles = counts.indices.map { lower + (Double($0) + 0.5) * width }
    var summary = ProtocolBuffer()
    summary.append(1, tag)
    summary.append(
      5,
      TensorBoardWriter.histogram(
        counts, limits: counts.indices.map { lower + Double($0 + 1) * width }, least: lower,
        greatest: upper, sum: zip(counts, middles).reduce(0) { $0 + $1.0 * $1.1 },
        squares: zip(counts, middles).reduce(0) { $0 + $1.0 * $1.1 * $1.1 }))
    try write(summary, step, wallTime)
  }

  /// Waits until the disk holds all events.
  public func synchronize() throws { try file.withLock { try $0.synchronize() } }

  private static func histogram(_ values: [Double]) -> ProtocolBuffer {
    let least = values.min() ?? 0
    let greatest = values.max() ?? 0
    let bins = values.isEmpty ? 0 : greatest > least ? 30 : 1
    var counts = [Double](repeating: 0, count: bins)
    let scale = greatest > least ? Double(bins) / (greatest - least) : 0
    for value in values { counts[min(bins - 1, Int((value - least) * scale))] += 1 }
    let limits = (0..<bins).map {
      $0 == bins - 1 ? greatest : least + Double($0 + 1) * (greatest - least) / Double(bins)
    }
    return histogram(
      counts, limits: limits, least: least, greatest: greatest, sum: values.reduce(0, +),
      squares: values.reduce(0) { $0 + $1 * $1 })
  }

  /// A `HistogramProto`: min, max, num, sum, sum_squares, bucket_limit, bucket.
  private static func histogram(
    _ counts: [Double], limits: [Double], least: Double, greatest: Double, sum: Double,
    squares: Double
  ) -> ProtocolBuffer {
    var message = ProtocolBuffer()
    message.append(1, least)
    message.append(2, greatest)
    message.append(3, counts.reduce(0, +))
    message.append(4, sum)
    message.append(5, squares)
    message.append(6, limits)
    message.append(7, counts)
    return message
  }

  private func write(_ value: ProtocolBuffer, _ step: Int, _ wallTime: Double) throws {
    var summary = ProtocolBuffer()
    summary.append(1, value)
    var event = ProtocolBuffer()
    event.append(1, wallTime)
    event.append(2, Int64(step))
    event.append(5, summary)
    try write(event)
  }

  /// A TFRecord: length, masked checksum of the length, content, masked checksum of the content.
  private func write(_ event: ProtocolBuffer) throws {
    let length = UInt64(event.bytes.count).littleEndianBytes
    let record =
      length + CRC32C.masked(length).littleEndianBytes + event.bytes
      + CRC32C.masked(event.bytes).littleEndianBytes
    try file.withLock { try $0.write(record) }
  }
}
