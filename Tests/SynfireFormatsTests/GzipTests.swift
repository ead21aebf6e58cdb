import CZlib
import Foundation
import SynfireFormats
import Testing

/// Bytes as one gzip member.
func gzip(_ bytes: [UInt8]) -> [UInt8] {
  let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  stream.initialize(to: z_stream())
  defer { stream.deallocate() }
  deflateInit2_(
    stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
    Int32(MemoryLayout<z_stream>.size))
  var source = bytes
  var result = [UInt8](repeating: 0, count: bytes.count + bytes.count / 100 + 100)
  let count = source.withUnsafeMutableBufferPointer { source in
    result.withUnsafeMutableBufferPointer { result in
      stream.pointee.next_in = source.baseAddress
      stream.pointee.avail_in = UInt32(source.count)
      stream.pointee.next_out = result.baseAddress
      stream.pointee.avail_out = UInt32(result.count)
      deflate(stream, Z_FINISH)
      return Int(stream.pointee.total_out)
    }
  }
  deflateEnd(stream)
  return Array(result[..<count])
}

/// Calls `body` with the path of a file of these bytes, and deletes it.
@discardableResult
func withFile<Result>(_ bytes: [UInt8], _ body: (String) throws -> Result) throws -> Result {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent(
    "synfire-\(UUID().uuidString)")
  try Data(bytes).write(to: url)
  defer { try? FileManager.default.removeItem(at: url) }
  return try body(url.path)
}

@Suite struct GzipTests {
  /// Neither constant nor without structure, longer than every buffer of the reader.
  static let content: [UInt8] = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }

  func everything(_ path: String) throws -> [UInt8] {
    var result: [UInt8] = []
    try GzipReader(path: path).forEachPiece { result += $0 }
    return result
  }

  func complaint(_ bytes: [UInt8]) throws -> String {
    try withFile(bytes) { path in
      let error = #expect(throws: FormatsError.self) { try everything(path) }
      #expect(error?.place == path)
      #expect(error?.remedy.isEmpty == false)
      return error?.what ?? ""
    }
  }

  @Test func readsPlainAndCompressed() throws {
    #expect(try withFile(Self.content, everything) == Self.content)
    #expect(try withFile(gzip(Self.content), everything) == Self.content)
  }

  @Test func readsMembersOneAfterAnother() throws {
    let half = Self.content.count / 2
    let members = gzip(Array(Self.content[..<half])) + gzip(Array(Self.content[half...]))
    #expect(try withFile(members, everything) == Self.content)
  }

  @Test func smallReadsGiveTheSameBytes() throws {
    let result = try withFile(gzip(Self.content)) { path in
      let reader = try GzipReader(path: path)
      var piece = [UInt8](repeating: 0, count: 4_099)
      var result: [UInt8] = []
      while true {
        let count = try piece.withUnsafeMutableBytes { try reader.read(into: $0) }
        result += piece[..<count]
        if count < piece.count { return result }
      }
    }
    #expect(result == Self.content)
  }

  @Test func aCutIsReportedWhereverItIs() throws {
    let whole = gzip(Self.content)
    for length in [5, 12, whole.count / 2, whole.count - 8, whole.count - 1] {
      #expect(try complaint(Array(whole[..<length])).contains("cut short"))
    }
  }

  @Test func aFlippedBitIsReportedWhereverItIs() throws {
    let whole = gzip(Self.content)
    // The compressed content, then its checksum, then its length.
    for position in [whole.count / 3, whole.count / 2, whole.count - 7, whole.count - 2] {
      var broken = whole
      broken[position] ^= 0x10
      let what = try complaint(broken)
      #expect(what.contains("corrupt") || what.contains("cut short"))
    }
    var checksum = whole
    checksum[whole.count - 8] ^= 1
    #expect(try complaint(checksum).contains("incorrect data check"))
  }

  @Test func bytesAfterTheEndAreReported() throws {
    #expect(try complaint(gzip(Self.content) + [1, 2, 3]).contains("after the end"))
  }

  @Test func emptyMissingAndDirectory() throws {
    #expect(try complaint([]).contains("empty"))
    let missing = #expect(throws: FormatsError.self) { try GzipReader(path: "/nowhere/file") }
    #expect(missing?.what.contains("no such file") == true)
    let directory = #expect(throws: FormatsError.self) {
      try GzipReader(path: FileManager.default.temporaryDirectory.path)
    }
    #expect(directory?.what.contains("directory") == true)
  }
}
