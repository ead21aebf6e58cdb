extension FixedWidthInteger {
  /// The bytes, least significant first.
  var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }

  /// Reads as many bytes as the integer has, least significant first.
  init(littleEndianBytes bytes: ArraySlice<UInt8>) {
    precondition(bytes.count == MemoryLayout<Self>.size)
    var value: Self = 0
    for byte in bytes.reversed() { value = (value &<< 8) | Self(truncatingIfNeeded: byte) }
    self = value
  }
}
