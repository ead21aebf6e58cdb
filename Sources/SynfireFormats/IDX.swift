import SynfireCore

/// Unsigned bytes with a shape, as the IDX files of MNIST hold them (LeCun, Cortes and Burges, 1998):
/// big-endian, 0, 0, 8 for unsigned bytes, the number of axes, the length of each axis as 32 bits, then
/// the elements, the last axis fastest.
public struct IDXArray: Sendable, Equatable {
  /// The length of each axis: [image, row, column] or [label].
  public let shape: [Int]
  /// The elements, the last axis fastest.
  public let bytes: [UInt8]

  /// - Precondition: as many bytes as the shape has elements.
  public init(shape: [Int], bytes: [UInt8]) {
    precondition(bytes.count == shape.reduce(1, *), "\(bytes.count) bytes for shape \(shape)")
    self.shape = shape
    self.bytes = bytes
  }
}

/// A reader of IDX files, plain or gzip, strict about everything in the header.
public final class IDXReader {
  public let path: String
  /// The length of each axis.
  public let shape: [Int]
  private let reader: GzipReader

  /// Opens a file and reads its header.
  ///
  /// - Parameter axes: the number of axes that the file must have: 3 for images, 1 for labels.
  /// - Throws: `FormatsError` if the file is missing, empty, no IDX file of unsigned bytes with that
  ///   many axes, has an axis of no length, or is smaller than its header says.
  public init(path: String, axes: Int) throws {
    self.path = path
    reader = try GzipReader(path: path)
    let magic = try Self.header(reader, words: 1)[0]
    guard magic == 0x0800 + axes else {
      throw FormatsError(
        "wrong magic number \(magic): \(Self.kind(axes: axes)) begins with \(0x0800 + axes)",
        place: path, remedy: Self.remedy(magic: magic, axes: axes))
    }
    shape = try Self.header(reader, words: axes)
    if shape.contains(0) {
      throw FormatsError(
        "the header says shape \(shape): there is nothing in it", place: path,
        remedy: "Delete it and get a whole copy.")
    }
    var count = 1
    for length in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      count = overflow ? Int.max : product
    }
    // Deflate cannot pack more than 1032 bytes into one, so a larger claim is a broken header; found
    // here, it does not become an allocation.
    let room = reader.isCompressed ? reader.fileSize * 1_032 : reader.fileSize - 4 - 4 * axes
    if count > room {
      throw FormatsError(
        "the file is cut short: the header says shape \(shape), more than its "
          + "\(reader.fileSize) bytes can hold",
        place: path, remedy: "Delete it and get a whole copy.")
    }
    if !reader.isCompressed, count < room { throw surplus() }
  }

  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }

  /// Reads the elements straight into the array that is returned.
  ///
  /// - Throws: `FormatsError` if the content ends before the last element or goes on after it, or is
  ///   corrupt.
  public func elements() throws -> IDXArray {
    let count = count
    let bytes = try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      let read = try reader.read(into: UnsafeMutableRawBufferPointer(buffer))
      initialized = read
      try checkEnd(read)
    }
    return IDXArray(shape: shape, bytes: bytes)
  }

  /// Reads to the end and checks the length, and the checksum of gzip, without keeping anything.
  ///
  /// - Throws: as `elements()`.
  public func check() throws {
    var read = 0
    try reader.forEachPiece { read += $0.count }
    if read > count { throw surplus() }
    if read < count { throw shortfall(read) }
  }

  private func checkEnd(_ read: Int) throws {
    if read < count { throw shortfall(read) }
    var extra: UInt8 = 0
    // Reading on also makes zlib check the checksum at the end.
    let more = try withUnsafeMutableBytes(of: &extra) { try reader.read(into: $0) }
    if more > 0 { throw surplus() }
  }

  private func shortfall(_ read: Int) -> FormatsError {
    FormatsError(
      "the file is cut short: the header says shape \(shape), \(count) bytes, and \(read) follow",
      place: path, remedy: "Delete it and get a whole copy.")
  }

  private func surplus() -> FormatsError {
    FormatsError(
      "the file is too long: the header says shape \(shape), \(count) bytes, and more follow",
      place: path, remedy: "Delete it and get a whole copy.")
  }

  private static func header(_ reader: GzipReader, words: Int) throws -> [Int] {
    var bytes = [UInt8](repeating: 0, count: 4 * words)
    let read = try bytes.withUnsafeMutableBytes { try reader.read(into: $0) }
    if read < bytes.count {
      throw FormatsError(
        "the file is cut short: it ends within the IDX header", place: reader.path,
        remedy: "Delete it and get a whole copy.")
    }
    return (0..<words).map { word in
      bytes[(4 * word)..<(4 * word + 4)].reduce(0) { $0 << 8 | Int($1) }
    }
  }

  private static func kind(axes: Int) -> String {
    switch axes {
    case 1: "an IDX file of labels"
    case 3: "an IDX file of images"
    default: "an IDX file of bytes with \(axes) axes"
    }
  }

  private static func remedy(magic: Int, axes: Int) -> String {
    switch magic {
    case 0x0801: "This is a file of labels: check that images and labels are not exchanged."
    case 0x0803: "This is a file of images: check that images and labels are not exchanged."
    case 0x0800...0x0eff: "This IDX file holds another type or another number of axes."
    default: "This is not an IDX file: check the path, or get the file again."
    }
  }
}

/// Images and their classes.
public struct LabelledImages: Sendable {
  /// Axes [image, row, column].
  public let images: IDXArray
  /// One class an image, counted from 0.
  public let labels: [UInt8]

  /// Reads a file of labels.
  ///
  /// - Throws: `FormatsError` for what `IDXReader` rejects and for a label that is not under `classes`.
  public static func readLabels(path: String, classes: Int) throws -> [UInt8] {
    let labels = try IDXReader(path: path, axes: 1).elements().bytes
    if let wrong = labels.firstIndex(where: { Int($0) >= classes }) {
      throw FormatsError(
        "label \(wrong) is \(labels[wrong]), but labels go from 0 to \(classes - 1)", place: path,
        remedy: "Check that the file belongs to a data set of \(classes) classes.")
    }
    return labels
  }

  /// Checks that there are as many labels as images.
  ///
  /// - Throws: `FormatsError` if the counts differ.
  public static func checkCounts(
    images: Int, imagesPath: String, labels: Int, labelsPath: String
  ) throws {
    guard images == labels else {
      throw FormatsError(
        "holds \(images) images, but \(labelsPath) holds \(labels) labels", place: imagesPath,
        remedy: "Get both files again, from the same source.")
    }
  }

  /// Reads a file of images and the file of their labels.
  ///
  /// - Throws: `FormatsError` for what `IDXReader` rejects, a label that is not under `classes`, and
  ///   counts that differ.
  public init(images imagesPath: String, labels labelsPath: String, classes: Int) throws {
    labels = try Self.readLabels(path: labelsPath, classes: classes)
    let reader = try IDXReader(path: imagesPath, axes: 3)
    try Self.checkCounts(
      images: reader.shape[0], imagesPath: imagesPath, labels: labels.count, labelsPath: labelsPath)
    images = try reader.elements()
  }
}
