/// A message in the Protocol Buffers encoding, built field by field: only what event files need.
struct ProtocolBuffer {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ field: Int, _ value: Double) {
    append(key: field, wireType: 1)
    bytes += value.bitPattern.littleEndianBytes
  }

  mutating func append(_ field: Int, _ value: Float) {
    append(key: field, wireType: 5)
    bytes += value.bitPattern.littleEndianBytes
  }

  mutating func append(_ field: Int, _ value: Int64) {
    append(key: field, wireType: 0)
    append(variable: UInt64(bitPattern: value))
  }

  mutating func append(_ field: Int, _ value: String) { append(field, Array(value.utf8)) }

  mutating func append(_ field: Int, _ message: ProtocolBuffer) { append(field, message.bytes) }

  /// A repeated field of numbers, packed.
  mutating func append(_ field: Int, _ values: [Double]) {
    append(field, values.flatMap { $0.bitPattern.littleEndianBytes })
  }

  private mutating func append(_ field: Int, _ content: [UInt8]) {
    append(key: field, wireType: 2)
    append(variable: UInt64(content.count))
    bytes += content
  }

  private mutating func append(key field: Int, wireType: Int) {
    append(variable: UInt64(field << 3 | wireType))
  }

  private mutating func append(variable value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
