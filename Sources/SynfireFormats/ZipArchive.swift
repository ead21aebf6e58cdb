import CZlib

/// Zip archives as NumPy writes them: entries stored or deflated, no encryption, one disk.
///
/// Source: PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5. Sizes beyond 32 bits (Zip64) are read from
/// the central directory, and are not written.
enum ZipArchive {
  /// The entries of an archive, in the order of its directory, each tested by its CRC-32.
  static func read(_ bytes: [UInt8], _ path: String) throws -> [(name: String, content: [UInt8])] {
    let reader = Reader(bytes: bytes, path: path)
    guard let end = reader.endOfDirectory else {
      throw reader.damaged("not a zip archive, or cut short")
    }
    var count = Int(try reader.number(UInt16.self, end + 10))
    var position = Int(try reader.number(UInt32.self, end + 16))
    if count == 0xFFFF || position == 0xFFFF_FFFF {
      // Zip64: a locator of 20 bytes before the end record points to the 64-bit end record.
      let place = try reader.long(end - 20 + 8)
      guard try reader.number(UInt32.self, place) == 0x0606_4B50 else {
        throw reader.damaged("the directory of the archive is damaged")
      }
      count = try reader.long(place + 32)
      position = try reader.long(place + 48)
    }
    guard count <= bytes.count / 46 else {
      throw reader.damaged("the directory of the archive is damaged")
    }
    var entries: [(name: String, content: [UInt8])] = []
    for _ in 0..<count {
      let entry = try reader.entry(at: &position)
      entries.append((entry.name, try reader.content(of: entry)))
    }
    return entries
  }

  /// An archive of stored entries. The time stamps are those of 1 January 1980, so that equal
  /// content gives equal bytes, as NumPy does.
  static func encode(_ entries: [(name: String, content: [UInt8])], _ path: String) throws
    -> [UInt8]
  {
    var archive: [UInt8] = []
    var directory: [UInt8] = []
    for (name, content) in entries {
      let nameBytes = Array(name.utf8)
      guard archive.count + content.count < Int(UInt32.max), nameBytes.count < Int(UInt16.max),
        entries.count < 0xFFFF
      else {
        throw FormatsError(
          "the arrays do not fit into one archive of 4 GiB", place: path,
          remedy: "Write HDF5 (.h5) or safetensors instead.")
      }
      // Version 2.0; the flag says that names are UTF-8; method 0 (stored); time; date.
      let size = UInt32(content.count).littleEndianBytes
      var common: [UInt8] = [20, 0, 0, 0x08, 0, 0, 0, 0, 0x21, 0]
      common += CRC32.checksum(content).littleEndianBytes + size + size
      common += UInt16(nameBytes.count).littleEndianBytes + [0, 0]
      directory += [0x50, 0x4B, 1, 2, 20, 0] + common
      directory += [UInt8](repeating: 0, count: 10) + UInt32(archive.count).littleEndianBytes
      directory += nameBytes
      archive += [0x50, 0x4B, 3, 4] + common + nameBytes + content
    }
    let count = UInt16(entries.count).littleEndianBytes
    return archive + directory + [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count + count
      + UInt32(directory.count).littleEndianBytes + UInt32(archive.count).littleEndianBytes + [
        0, 0,
      ]
  }
}

extension ZipArchive {
  fileprivate struct Entry {
    var name: String
    var flags: UInt16
    var method: UInt16
    var checksum: UInt32
    var compressedSize: Int
    var size: Int
    var position: Int
  }

  fileprivate struct Reader {
    let bytes: [UInt8]
    let path: String

    func damaged(_ what: String) -> FormatsError {
      FormatsError(
        what, place: path, remedy: "Get a whole copy of the file, or save it anew.",
        kind: .damaged)
    }

    func slice(_ start: Int, _ count: Int) throws -> ArraySlice<UInt8> {
      guard start >= 0, count >= 0, start <= bytes.count, count <= bytes.count - start else {
        throw damaged("the archive is cut short or damaged")
      }
      return bytes[start..<start + count]
    }

    func number<I: FixedWidthInteger>(_: I.Type, _ place: Int) throws -> I {
      I(littleEndianBytes: try slice(place, MemoryLayout<I>.size))
    }

    func long(_ place: Int) throws -> Int {
      guard let value = Int(exactly: try number(UInt64.self, place)), value < 1 << 60 else {
        throw damaged("the archive is damaged")
      }
      return value
    }

    /// The place of the end record, behind which a comment of up to 65535 bytes may stand.
    var endOfDirectory: Int? {
      guard bytes.count >= 22 else { return nil }
      let mark: [UInt8] = [0x50, 0x4B, 5, 6]
      return (max(0, bytes.count - 22 - 65535)...bytes.count - 22).last {
        bytes[$0] == 0x50 && Array(bytes[$0..<$0 + 4]) == mark
      }
    }

    /// Reads a record of the directory and moves `place` behind it.
    func entry(at place: inout Int) throws -> Entry {
      guard try number(UInt32.self, place) == 0x0201_4B50 else {
        throw damaged("the directory of the archive is damaged")
      }
      let nameLength = Int(try number(UInt16.self, place + 28))
      let extraLength = Int(try number(UInt16.self, place + 30))
      var entry = Entry(
        name: String(decoding: try slice(place + 46, nameLength), as: UTF8.self),
        flags: try number(UInt16.self, place + 8), method: try number(UInt16.self, place + 10),
        checksum: try number(UInt32.self, place + 16),
        compressedSize: Int(try number(UInt32.self, place + 20)),
        size: Int(try number(UInt32.self, place + 24)),
        position: Int(try number(UInt32.self, place + 42)))
      try readLongSizes(of: &entry, place + 46 + nameLength, extraLength)
      place += 46 + nameLength + extraLength + Int(try number(UInt16.self, place + 32))
      return entry
    }

    /// The Zip64 extra field holds, in this order, those of the three numbers that are all ones.
    private func readLongSizes(of entry: inout Entry, _ start: Int, _ length: Int) throws {
      var place = start
      while place + 4 <= start + length {
        let kind = try number(UInt16.self, place)
        let size = Int(try number(UInt16.self, place + 2))
        if kind == 1 {
          var field = place + 4
          for key in [\Entry.size, \.compressedSize, \.position]
          where entry[keyPath: key] == 0xFFFF_FFFF {
            entry[keyPath: key] = try long(field)
            field += 8
          }
        }
        place += 4 + size
      }
    }

    func content(of entry: Entry) throws -> [UInt8] {
      guard try number(UInt32.self, entry.position) == 0x0403_4B50 else {
        throw damaged("the entry \(entry.name) is damaged")
      }
      let start =
        entry.position + 30 + Int(try number(UInt16.self, entry.position + 26))
        + Int(try number(UInt16.self, entry.position + 28))
      let stored = try slice(start, entry.compressedSize)
      let content: [UInt8]?
      switch entry.method {
      case _ where entry.flags & 1 == 1:
        throw FormatsError("the entry \(entry.name) is encrypted", place: path)
      case 0: content = Array(stored)
      // Deflate gains less than a factor 1032, so a greater claim is false.
      case 8: content = entry.size / 1032 <= stored.count ? inflated(stored, entry.size) : nil
      default:
        throw FormatsError(
          "the entry \(entry.name) is compressed by method \(entry.method)", place: path,
          remedy: "Save with numpy.savez or numpy.savez_compressed.")
      }
      guard let content, content.count == entry.size,
        CRC32.checksum(content) == entry.checksum
      else { throw damaged("the entry \(entry.name) is damaged") }
      return content
    }

    /// Inflates raw deflated bytes (RFC 1951); nil when they are not sound or not of that size.
    private func inflated(_ stored: ArraySlice<UInt8>, _ size: Int) -> [UInt8]? {
      var stream = z_stream()
      // A negative window size means no header.
      guard inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
      else { return nil }
      defer { inflateEnd(&stream) }
      // The counters of zlib have 32 bits; entries of 4 GiB come stored.
      guard stored.count < Int(UInt32.max), size < Int(UInt32.max) else { return nil }
      var status = Z_OK
      var input = Array(stored)
      let result = [UInt8](unsafeUninitializedCapacity: size + 1) { output, count in
        input.withUnsafeMutableBufferPointer { source in
          stream.next_in = source.baseAddress
          stream.avail_in = UInt32(source.count)
          stream.next_out = output.baseAddress
          stream.avail_out = UInt32(size + 1)
          status = inflate(&stream, Z_FINISH)
        }
        count = size + 1 - Int(stream.avail_out)
      }
      return status == Z_STREAM_END && result.count == size ? result : nil
    }
  }
}
