/// The header of a safetensors file, checked against the file it heads.
struct SafeTensorsHeader {
  struct Entry {
    let name: String
    let type: ElementType
    let shape: [Int]
    /// Offsets from `dataStart`.
    let begin: Int
    let end: Int
  }

  /// By ascending offset.
  let entries: [Entry]
  let metadata: [String: String]
  /// The offset in the file of the first number.
  let dataStart: Int

  /// The longest header that readers of the format accept.
  private static let lengthLimit = 100_000_000

  init(_ bytes: [UInt8], _ path: String) throws {
    func damaged(_ what: String) -> FormatsError {
      FormatsError(
        what, place: path, remedy: "Get a whole copy of the file, or export it anew.",
        kind: .damaged)
    }
    guard bytes.count >= 8 else { throw damaged("not a safetensors file: \(bytes.count) bytes") }
    guard let length = Int(exactly: UInt64(littleEndianBytes: bytes[..<8])),
      length <= Self.lengthLimit
    else { throw damaged("not a safetensors file: impossible header length") }
    guard length <= bytes.count - 8 else {
      throw damaged("the header of \(length) bytes is cut short")
    }
    dataStart = 8 + length
    let text = Array(bytes[8..<dataStart])
    guard text.first == UInt8(ascii: "{"),
      case .object(let members)? = try? JSONValue(parsing: text)
    else { throw damaged("not a safetensors file: the header is not a JSON object") }

    var metadata: [String: String] = [:]
    var entries: [Entry] = []
    for (name, member) in members {
      if name == SafeTensors.metadataKey {
        guard case .object(let notes) = member else { throw damaged("\(name) is not an object") }
        for (key, note) in notes {
          guard let value = note.string else { throw damaged("\(name).\(key) is not a string") }
          metadata[key] = value
        }
      } else {
        entries.append(try Self.entry(name, member, damaged))
      }
    }
    entries.sort { ($0.begin, $0.end, $0.name) < ($1.begin, $1.end, $1.name) }
    var position = 0
    for entry in entries {
      guard entry.begin == position else {
        throw damaged(
          "tensor \(entry.name) begins at byte \(entry.begin) of the data, expected \(position)")
      }
      position = entry.end
    }
    guard position == bytes.count - dataStart else {
      throw damaged(
        "the header speaks of \(position) bytes of data, the file has \(bytes.count - dataStart)")
    }
    self.entries = entries
    self.metadata = metadata
  }

  private static func entry(
    _ name: String, _ member: JSONValue, _ damaged: (String) -> FormatsError
  ) throws -> Entry {
    guard case .object(let fields) = member,
      Set(fields.keys) == ["dtype", "shape", "data_offsets"],
      let dtype = fields["dtype"]?.string, let shape = fields["shape"]?.integers,
      let offsets = fields["data_offsets"]?.integers, offsets.count == 2
    else { throw damaged("the header entry of tensor \(name) is malformed") }
    guard let type = ElementType(safeTensorsName: dtype) else {
      throw FormatsError(
        "tensor \(name) is of the type \(dtype)", place: damaged("").place,
        remedy: "Convert it to F32 or F64.")
    }
    guard let count = elementCount(shape), offsets[0] >= 0, offsets[1] >= offsets[0],
      offsets[1] - offsets[0] == count * type.byteCount
    else {
      throw damaged(
        "tensor \(name) of shape \(shape) and type \(dtype) cannot lie at bytes "
          + "\(offsets[0]) to \(offsets[1])")
    }
    return Entry(name: name, type: type, shape: shape, begin: offsets[0], end: offsets[1])
  }

  /// The names of the axes of a tensor, from the metadata.
  func axes(of entry: Entry, _ path: String) throws -> [String] {
    guard let text = metadata["axes." + entry.name] else { return unnamedAxes(entry.shape.count) }
    let axes = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard axes.count == entry.shape.count else {
      throw FormatsError(
        "tensor \(entry.name) has \(entry.shape.count) axes, its metadata names \(axes.count): \(text)",
        place: path, remedy: "Correct or remove the metadata axes.\(entry.name).")
    }
    return axes
  }
}

extension JSONValue {
  /// The integers of an array of integers; nil for anything else.
  fileprivate var integers: [Int]? {
    guard case .array(let values) = self else { return nil }
    let integers = values.compactMap(\.int)
    return integers.count == values.count ? integers : nil
  }
}
