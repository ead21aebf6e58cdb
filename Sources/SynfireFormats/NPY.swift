import SynfireCore

/// Single arrays in NumPy's format (NEP 1; versions 1.0 to 3.0 are read, 1.0 or 2.0 is written).
public enum NPY {
  /// An array to be written.
  public enum Array: Sendable, Equatable {
    case float32(Tensor<Float>)
    case float64(Tensor<Double>)
    case int64([Int], shape: [Int])
    case uint8([UInt8], shape: [Int])
    case boolean([Bool], shape: [Int])
  }

  /// Reads a file; numbers and truth values of any type are converted to `Scalar`, arrays in Fortran
  /// order are transposed. Axes are called `axis0`, `axis1`, ..., as the format has no names.
  public static func read<Scalar: TensorScalar>(
    _ path: String, as _: Scalar.Type = Scalar.self
  ) throws -> Tensor<Scalar> {
    try decode(try FileDescriptor.contents(of: path), path)
  }

  /// Writes an array in C order, replacing the file in one step.
  public static func write(_ array: Array, to path: String) throws {
    try AtomicFile.write(encode(array), to: path)
  }

  private static let magic: [UInt8] = [0x93] + Swift.Array("NUMPY".utf8)

  static func encode(_ array: Array) -> [UInt8] {
    switch array {
    case .float32(let tensor): encode("<f4", tensor.shape, ElementType.encode(tensor.values))
    case .float64(let tensor): encode("<f8", tensor.shape, ElementType.encode(tensor.values))
    case .int64(let values, let shape):
      encode("<i8", shape, values.flatMap(\.littleEndianBytes))
    case .uint8(let values, let shape): encode("|u1", shape, values)
    case .boolean(let values, let shape): encode("|b1", shape, values.map { $0 ? 1 : 0 })
    }
  }

  private static func encode(_ type: String, _ shape: [Int], _ data: [UInt8]) -> [UInt8] {
    // A Python tuple: one element is followed by a comma.
    let tuple = "(" + shape.map { "\($0)," }.joined(separator: " ") + ")"
    var header = Swift.Array(
      "{'descr': '\(type)', 'fortran_order': False, 'shape': \(tuple), }".utf8)
    let isLong = header.count + 11 + 63 > Int(UInt16.max)
    let prefix = isLong ? 12 : 10
    // The data begins at a multiple of 64; the header ends with a line end.
    header += [UInt8](repeating: 0x20, count: -(prefix + header.count + 1) & 63)
    header.append(0x0A)
    let length =
      isLong ? UInt32(header.count).littleEndianBytes : UInt16(header.count).littleEndianBytes
    return magic + [isLong ? 2 : 1, 0] + length + header + data
  }

  static func decode<Scalar: TensorScalar>(_ bytes: [UInt8], _ place: String) throws
    -> Tensor<Scalar>
  {
    let (header, start) = try NPYHeader.parse(bytes, magic, place)
    guard let count = elementCount(header.shape),
      bytes.count - start == count * header.type.byteCount
    else {
      throw FormatsError(
        "an array of shape \(header.shape) with \(bytes.count - start) bytes of data", place: place,
        remedy: "The file is cut short or damaged; get a whole copy.", kind: .damaged)
    }
    var values: [Scalar] = header.type.decode(bytes[start...], isBigEndian: header.isBigEndian)
    if header.isFortranOrder { values = cOrder(values, header.shape) }
    return Tensor(axes: unnamedAxes(header.shape.count), shape: header.shape, values: values)
  }

  /// Rearranges elements whose first axis is contiguous so that the last one is.
  private static func cOrder<Scalar>(_ values: [Scalar], _ shape: [Int]) -> [Scalar] {
    var strides: [Int] = []
    var stride = 1
    for length in shape {
      strides.append(stride)
      stride *= length
    }
    return values.indices.map { flat in
      var rest = flat
      var offset = 0
      for axis in shape.indices.reversed() {
        offset += rest % shape[axis] * strides[axis]
        rest /= shape[axis]
      }
      return values[offset]
    }
  }
}
