import CHDF5
import Foundation

extension HDF5File {
  /// What the checksum of a file says.
  public enum SealState: Sendable, Equatable {
    /// Every byte is as it was written.
    case intact
    /// The file is cut short or changed.
    case damaged(String)
    /// The file was written by another program, without a checksum, and has the length it should.
    case unsealed
  }

  /// Appends the seal to a finished HDF5 file, in place.
  ///
  /// A seal is 48 bytes after the end that the format knows of, where every HDF5 reader ignores it.
  /// Files from `commit` have one already.
  public static func seal(_ path: String) throws {
    if try verifySeal(path) == .intact { return }
    let bytes = try FileDescriptor.contents(of: path)
    let file = try FileDescriptor(path, O_WRONLY | O_APPEND, doing: "write")
    try file.write(Seal(of: bytes).bytes)
    try file.synchronize()
  }

  /// Tests whether a file is as it was written: any flipped byte and any lost end are found.
  ///
  /// - Parameter readingAll: when false, only length and structure are tested, not the checksum.
  /// - Throws: `FormatsError` when the file is missing, cannot be read, or is not an HDF5 file.
  public static func verifySeal(_ path: String, readingAll: Bool = true) throws -> SealState {
    let file = try FileDescriptor(path, O_RDONLY, doing: "read")
    let length = try file.length()
    if length == 0 { return .damaged("it is empty") }
    let tail = try file.read(min(length, Seal.byteCount), at: max(0, length - Seal.byteCount))
    let start = try file.read(min(length, 64), at: 0)
    switch Seal.parse(tail) {
    case .broken: return .damaged("its seal is not whole")
    case .valid(let seal):
      guard seal.length == length - Seal.byteCount else {
        return .damaged("it has \(length - Seal.byteCount) bytes, written were \(seal.length)")
      }
      if readingAll, try checksum(of: file, length: seal.length) != seal.checksum {
        return .damaged("its checksum is not the one that was written")
      }
      return .intact
    case .absent:
      guard hasSignature(start) else {
        // A user block, as MATLAB writes one, puts the signature further back.
        if HDF5Library.locked({ H5Fis_hdf5(path) }) > 0 { return .unsealed }
        throw FormatsError(
          "not an HDF5 file", place: path,
          remedy: "Name a file written by Synfire, h5py or another HDF5 program.")
      }
      // Without a seal, the length that the superblock states is the only witness.
      guard let stated = statedLength(start) else { return .unsealed }
      if length < stated { return .damaged("it is cut short: \(length) bytes of \(stated)") }
      if length < stated + Seal.byteCount, length > stated {
        return .damaged("its seal is cut short")
      }
      if Seal.parse(try file.read(Seal.byteCount, at: stated)) != .absent {
        return .damaged("there are bytes behind its seal")
      }
      return .unsealed
    }
  }

  private static func hasSignature(_ start: [UInt8]) -> Bool {
    start.starts(with: [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A])
  }

  /// The end-of-file address in the superblock (HDF5 File Format Specification 3.0, section II.A);
  /// nil for a version or an address size that is not known.
  private static func statedLength(_ start: [UInt8]) -> Int? {
    guard start.count >= 48 else { return Int.max }
    let place: Int
    switch start[8] {
    case 0 where start[13] == 8: place = 40
    case 1 where start[13] == 8: place = 44
    case 2 where start[9] == 8, 3 where start[9] == 8: place = 28
    default: return nil
    }
    guard place + 8 <= start.count else { return Int.max }
    return Int(exactly: UInt64(littleEndianBytes: start[place..<place + 8]))
  }

  private static func checksum(of file: FileDescriptor, length: Int) throws -> UInt32 {
    var checksum: UInt32 = 0
    var offset = 0
    while offset < length {
      let part = try file.read(min(1 << 20, length - offset), at: offset)
      if part.isEmpty { break }
      checksum = CRC32.update(checksum, part)
      offset += part.count
    }
    return checksum
  }
}

/// The 48 bytes behind a sealed file: a mark, the length and the CRC-32 of what is before, the
/// CRC-32 of the first 28 bytes of the seal, and the mark again.
///
/// The mark stands on both sides so that a flipped byte in one of them is seen as damage and not as
/// the absence of a seal.
struct Seal: Equatable {
  static let byteCount = 48
  private static let mark = Array("SYNFIRE-SEAL-01\n".utf8)

  let length: Int
  let checksum: UInt32

  init(of bytes: [UInt8]) {
    length = bytes.count
    checksum = CRC32.checksum(bytes)
  }

  private init(length: Int, checksum: UInt32) {
    self.length = length
    self.checksum = checksum
  }

  var bytes: [UInt8] {
    let head = Seal.mark + UInt64(length).littleEndianBytes + checksum.littleEndianBytes
    return head + CRC32.checksum(head).littleEndianBytes + Seal.mark
  }

  enum Parsed: Equatable { case absent, broken, valid(Seal) }

  /// Reads the last bytes of a file.
  static func parse(_ tail: [UInt8]) -> Parsed {
    guard tail.count == byteCount else { return .absent }
    let first = Array(tail[..<16]) == mark
    let last = Array(tail[32...]) == mark
    if !first && !last { return .absent }
    let own = UInt32(littleEndianBytes: tail[28..<32])
    guard first, last, own == CRC32.checksum(Array(tail[..<28])),
      let length = Int(exactly: UInt64(littleEndianBytes: tail[16..<24]))
    else { return .broken }
    return .valid(Seal(length: length, checksum: UInt32(littleEndianBytes: tail[24..<28])))
  }
}
