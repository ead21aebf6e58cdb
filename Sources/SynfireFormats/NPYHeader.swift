/// The header of a NumPy array: a Python dictionary of exactly three keys.
struct NPYHeader {
  let type: ElementType
  let isBigEndian: Bool
  let isFortranOrder: Bool
  let shape: [Int]

  /// Reads the header at the start of a file; also returns where the data begins.
  static func parse(
    _ bytes: [UInt8], _ magic: [UInt8], _ place: String
  ) throws -> (header: NPYHeader, dataStart: Int) {
    func damaged(_ what: String) -> FormatsError {
      FormatsError(
        what, place: place, remedy: "Get a whole copy of the file, or save it anew.",
        kind: .damaged)
    }
    guard bytes.count >= 10, bytes.starts(with: magic) else {
      throw damaged("not a NumPy array")
    }
    let isLong = bytes[6] > 1
    guard (1...3).contains(bytes[6]), !isLong || bytes.count >= 12 else {
      throw damaged("a NumPy array of the unknown version \(bytes[6])")
    }
    let prefix = isLong ? 12 : 10
    let length =
      isLong
      ? Int(UInt32(littleEndianBytes: bytes[8..<12]))
      : Int(UInt16(littleEndianBytes: bytes[8..<10]))
    guard length <= bytes.count - prefix else { throw damaged("the header is cut short") }
    let text = String(decoding: bytes[prefix..<prefix + length], as: UTF8.self)
    let expression =
      #/\s*\{\s*'descr'\s*:\s*'([^']*)'\s*,\s*'fortran_order'\s*:\s*(True|False)\s*,\s*/#
    let shapeExpression = #/'shape'\s*:\s*\(([0-9,\s]*)\)\s*,?\s*\}\s*/#
    guard let start = text.prefixMatch(of: expression),
      let end = text[start.range.upperBound...].wholeMatch(of: shapeExpression)
    else {
      throw FormatsError(
        "cannot read the array header \(text.prefix(80))", place: place,
        remedy: "Arrays of numbers and truth values are read; structured arrays are not.")
    }
    let lengths = end.1.split(separator: ",").map { $0.filter { !$0.isWhitespace } }
      .filter { !$0.isEmpty }
    let shape = lengths.compactMap { Int($0) }
    guard shape.count == lengths.count else { throw damaged("impossible shape (\(end.1))") }
    guard let type = types[String(start.1.dropFirst())] else {
      throw FormatsError(
        "an array of the type \(start.1)", place: place,
        remedy: "Convert it to float32 or float64 before saving.")
    }
    let header = NPYHeader(
      type: type, isBigEndian: start.1.first == ">", isFortranOrder: start.2 == "True",
      shape: shape)
    return (header, prefix + length)
  }

  /// By kind and size, as NumPy's `dtype.str` without the byte order.
  private static let types: [String: ElementType] = [
    "f2": .float16, "f4": .float32, "f8": .float64, "i1": .int8, "i2": .int16, "i4": .int32,
    "i8": .int64, "u1": .uint8, "u2": .uint16, "u4": .uint32, "u8": .uint64, "b1": .boolean,
  ]
}
