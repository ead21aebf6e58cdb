import SynfireCore

/// The types of array elements that safetensors and NumPy files hold, and how their bytes become
/// numbers.
enum ElementType: Sendable, Equatable {
  case float16, bfloat16, float32, float64
  case int8, int16, int32, int64, uint8, uint16, uint32, uint64, boolean

  var byteCount: Int {
    switch self {
    case .int8, .uint8, .boolean: 1
    case .float16, .bfloat16, .int16, .uint16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64, .uint64: 8
    }
  }

  /// Reads numbers from bytes, whose count is a multiple of `byteCount`.
  func decode<Scalar: TensorScalar>(
    _ bytes: ArraySlice<UInt8>, isBigEndian: Bool = false, as _: Scalar.Type = Scalar.self
  ) -> [Scalar] {
    func integers<I: FixedWidthInteger & BitwiseCopyable>(
      _: I.Type, _ convert: (I) -> Scalar
    ) -> [Scalar] {
      bytes.withUnsafeBytes { raw in
        let size = MemoryLayout<I>.size
        return (0..<raw.count / size).map { index in
          let value = raw.loadUnaligned(fromByteOffset: index * size, as: I.self)
          return convert(isBigEndian ? I(bigEndian: value) : I(littleEndian: value))
        }
      }
    }
    switch self {
    case .float16: return integers(UInt16.self) { Scalar(Float(halfPrecisionBits: $0)) }
    case .bfloat16: return integers(UInt16.self) { Scalar(Float(bitPattern: UInt32($0) << 16)) }
    case .float32: return integers(UInt32.self) { Scalar(Float(bitPattern: $0)) }
    case .float64: return integers(UInt64.self) { Scalar(Double(bitPattern: $0)) }
    case .int8: return integers(Int8.self) { Scalar($0) }
    case .int16: return integers(Int16.self) { Scalar($0) }
    case .int32: return integers(Int32.self) { Scalar($0) }
    case .int64: return integers(Int64.self) { Scalar($0) }
    case .uint8: return integers(UInt8.self) { Scalar($0) }
    case .uint16: return integers(UInt16.self) { Scalar($0) }
    case .uint32: return integers(UInt32.self) { Scalar($0) }
    case .uint64: return integers(UInt64.self) { Scalar($0) }
    case .boolean: return integers(UInt8.self) { $0 == 0 ? 0 : 1 }
    }
  }

  /// The bytes of numbers in their own precision, least significant first.
  static func encode<Scalar: TensorScalar>(_ values: [Scalar]) -> [UInt8] {
    // All machines that Swift builds for are little-endian.
    values.withUnsafeBytes { Array($0) }
  }

  /// The type of the numbers of a tensor.
  static func of<Scalar: TensorScalar>(_: Scalar.Type) -> ElementType {
    Scalar.self == Float.self ? .float32 : .float64
  }
}

extension Float {
  /// Reads a number in 16 bits (IEEE 754 binary16): sign, 5 bits of exponent, 10 of significand.
  init(halfPrecisionBits bits: UInt16) {
    let sign: UInt32 = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10 & 0x1F)
    let significand = UInt32(bits & 0x3FF)
    switch exponent {
    case 0:
      // Zero and subnormal numbers: multiples of 2^-24.
      let magnitude = Float(significand) * 0x1p-24
      self = sign == 0 ? magnitude : -magnitude
    case 0x1F: self.init(bitPattern: sign | 0x7F80_0000 | significand << 13)
    default: self.init(bitPattern: sign | (exponent + 112) << 23 | significand << 13)
    }
  }
}

/// The product of the lengths of a shape; nil when one is negative or the product is out of range.
func elementCount(_ shape: [Int]) -> Int? {
  var count = 1
  for length in shape {
    let (product, overflow) = count.multipliedReportingOverflow(by: length)
    if length < 0 || overflow || product > 1 << 46 { return nil }
    count = product
  }
  return count
}
