import CZlib
import Foundation

/// Reads a file from start to end, inflating it on the way when its content is gzip.
///
/// Whether it is compressed is told by the first two bytes (1f 8b), never by the name. Inflating needs
/// 64 KiB beside the caller's buffer, so a large file never lies in memory twice. The checksum and the
/// length at the end of each gzip member are checked (RFC 1952); anything after the last member is an
/// error.
public final class GzipReader {
  public let path: String
  /// True when the content is gzip.
  public let isCompressed: Bool
  /// The size of the file on disk, in bytes.
  public let fileSize: Int

  private let file: UnsafeMutablePointer<FILE>
  private let input: UnsafeMutablePointer<UInt8>
  private let stream: UnsafeMutablePointer<z_stream>
  private var memberEnded = false

  private static let inputCapacity = 1 << 16

  /// Opens a file.
  ///
  /// - Throws: `FormatsError` if the file is missing, is a directory, cannot be read or is empty.
  public init(path: String) throws {
    self.path = path
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw FormatsError("there is no such file", place: path, remedy: "Check the path.")
    }
    if isDirectory.boolValue {
      throw FormatsError("is a directory, not a file", place: path, remedy: "Check the path.")
    }
    guard let opened = fopen(path, "rb") else {
      throw FormatsError(
        "cannot be opened: \(String(cString: strerror(errno)))", place: path,
        remedy: "Check that you may read it.")
    }
    fseek(opened, 0, SEEK_END)
    let size = ftell(opened)
    rewind(opened)
    if size == 0 {
      fclose(opened)
      throw FormatsError(
        "the file is empty", place: path, remedy: "Delete it and get a whole copy.")
    }
    file = opened
    fileSize = size
    input = .allocate(capacity: Self.inputCapacity)
    let count = fread(input, 1, Self.inputCapacity, file)
    isCompressed = count >= 2 && input[0] == 0x1f && input[1] == 0x8b
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    stream.pointee.next_in = input
    stream.pointee.avail_in = UInt32(count)
    if isCompressed {
      // 15: the largest window; 16 more: a gzip header and trailer, not zlib's.
      let status = inflateInit2_(
        stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
      precondition(status == Z_OK, "zlib could not start: \(status)")
    }
  }

  deinit {
    if isCompressed { inflateEnd(stream) }
    stream.deallocate()
    input.deallocate()
    fclose(file)
  }

  /// Fills `buffer` with the next bytes of the content and returns how many there were: fewer than
  /// asked for only at the end.
  ///
  /// - Throws: `FormatsError` if the compressed content is cut short or corrupt, or the disk fails.
  public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard let base = buffer.baseAddress else { return 0 }
    var filled = 0
    while filled < buffer.count {
      if stream.pointee.avail_in == 0 { try refill() }
      let target = base + filled
      let part =
        isCompressed
        ? try inflateSome(into: target, room: buffer.count - filled)
        : copySome(into: target, room: buffer.count - filled)
      guard let part else { break }
      filled += part
    }
    return filled
  }

  /// Reads to the end, calling `body` with each piece of the content in order.
  ///
  /// - Throws: as `read(into:)`, and what `body` throws.
  public func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { piece.deallocate() }
    while true {
      let count = try read(into: piece)
      if count == 0 { return }
      try body(UnsafeRawBufferPointer(rebasing: piece[..<count]))
    }
  }

  private func refill() throws {
    let count = fread(input, 1, Self.inputCapacity, file)
    if count == 0, ferror(file) != 0 {
      throw FormatsError(
        "reading failed: \(String(cString: strerror(errno)))", place: path,
        remedy: "Check the disk.")
    }
    stream.pointee.next_in = input
    stream.pointee.avail_in = UInt32(count)
  }

  /// The number of bytes copied; nil at the end.
  private func copySome(into target: UnsafeMutableRawPointer, room: Int) -> Int? {
    let count = min(room, Int(stream.pointee.avail_in))
    guard count > 0, let source = stream.pointee.next_in else { return nil }
    target.copyMemory(from: source, byteCount: count)
    stream.pointee.next_in = source + count
    stream.pointee.avail_in -= UInt32(count)
    return count
  }

  /// The number of bytes inflated, which may be 0; nil at the end.
  private func inflateSome(into target: UnsafeMutableRawPointer, room: Int) throws -> Int? {
    if memberEnded {
      if stream.pointee.avail_in == 0 { return nil }
      guard stream.pointee.next_in.pointee == 0x1f else {
        throw FormatsError(
          "there are bytes after the end of the gzip content", place: path,
          remedy: "Delete it and get a whole copy.")
      }
      inflateReset(stream)
      memberEnded = false
    }
    if stream.pointee.avail_in == 0 {
      throw FormatsError(
        "the gzip file is cut short: it ends after \(fileSize) bytes, in the middle of the content",
        place: path, remedy: "Delete it and get a whole copy.")
    }
    let request = UInt32(min(room, 1 << 30))
    stream.pointee.next_out = target.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = request
    let status = inflate(stream, Z_NO_FLUSH)
    if status == Z_STREAM_END {
      memberEnded = true
    } else if status != Z_OK {
      let reason = stream.pointee.msg.map { String(cString: $0) } ?? "zlib status \(status)"
      throw FormatsError(
        "the gzip file is corrupt: \(reason)", place: path,
        remedy: "Delete it and get a whole copy.")
    }
    return Int(request - stream.pointee.avail_out)
  }
}
