import CZlib

/// The cyclic redundancy check of zip, gzip and PNG (polynomial 0x04C11DB7), computed by zlib.
enum CRC32 {
  static func checksum(_ bytes: [UInt8]) -> UInt32 { update(0, bytes) }

  /// The checksum of what `previous` covers followed by `bytes`.
  static func update(_ previous: UInt32, _ bytes: [UInt8]) -> UInt32 {
    bytes.withUnsafeBufferPointer {
      $0.isEmpty
        ? previous : UInt32(truncatingIfNeeded: crc32_z(UInt(previous), $0.baseAddress, $0.count))
    }
  }
}
