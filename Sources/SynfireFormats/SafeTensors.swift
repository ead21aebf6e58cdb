import SynfireCore

/// Files of named tensors in the safetensors format (https://github.com/huggingface/safetensors,
/// format 0.x): the length of the header in 8 bytes, a JSON header, and the raw numbers.
///
/// Synfire keeps the names of axes in the metadata, as `axes.NAME` = `neuron,channel`.
public enum SafeTensors {
  /// What a file holds.
  public struct Contents<Scalar: TensorScalar>: Sendable, Equatable {
    /// The tensors, in the order in which their numbers lie in the file.
    public var tensors: NamedTensors<Scalar>
    /// Free text by key, without the names of axes.
    public var metadata: [String: String]

    public init(tensors: NamedTensors<Scalar>, metadata: [String: String] = [:]) {
      self.tensors = tensors
      self.metadata = metadata
    }
  }

  /// Reads a file; numbers of any type of the format are converted to `Scalar`. Axes without a name
  /// are called `axis0`, `axis1`, ...
  ///
  /// - Throws: `FormatsError` naming the tensor, when the header is not exactly what the format asks
  ///   for: lengths, JSON, types, shapes, numbers side by side without gap or overlap to the last byte.
  public static func read<Scalar: TensorScalar>(
    _ path: String, as _: Scalar.Type = Scalar.self
  ) throws -> Contents<Scalar> {
    let bytes = try FileDescriptor.contents(of: path)
    let header = try SafeTensorsHeader(bytes, path)
    var tensors = NamedTensors<Scalar>()
    for entry in header.entries {
      tensors[entry.name] = Tensor(
        axes: try header.axes(of: entry, path), shape: entry.shape,
        values: entry.type.decode(
          bytes[header.dataStart + entry.begin..<header.dataStart + entry.end]))
    }
    return Contents(
      tensors: tensors, metadata: header.metadata.filter { !$0.key.hasPrefix("axes.") })
  }

  /// Writes tensors in their own precision (F32 or F64), replacing the file in one step.
  ///
  /// - Throws: `FormatsError` when the name of an axis holds a comma, and when writing fails.
  public static func write<Scalar: TensorScalar>(
    _ path: String, _ tensors: NamedTensors<Scalar>, metadata: [String: String] = [:]
  ) throws {
    try AtomicFile.write(encode(tensors, metadata: metadata, path), to: path)
  }

  private static func encode<Scalar: TensorScalar>(
    _ tensors: NamedTensors<Scalar>, metadata: [String: String], _ path: String
  ) throws -> [UInt8] {
    var notes = metadata.mapValues { JSONValue.string($0) }
    var members: [String: JSONValue] = [:]
    var data: [UInt8] = []
    data.reserveCapacity(tensors.count * MemoryLayout<Scalar>.size)
    for (name, tensor) in tensors.pairs {
      if tensor.axes.contains(where: { $0.contains(",") }) || name == metadataKey {
        throw FormatsError(
          "the tensor \(name) with axes \(tensor.axes) cannot be stored", place: path,
          remedy: "Names of axes hold no comma, and no tensor is called \(metadataKey).")
      }
      let begin = data.count
      data += ElementType.encode(tensor.values)
      members[name] = [
        "dtype": .string(ElementType.of(Scalar.self).safeTensorsName),
        "shape": .array(tensor.shape.map { .integer($0) }),
        "data_offsets": [.integer(begin), .integer(data.count)],
      ]
      if !tensor.axes.isEmpty {
        notes["axes." + name] = .string(tensor.axes.joined(separator: ","))
      }
    }
    if !notes.isEmpty { members[metadataKey] = .object(notes) }
    var header = Array(JSONValue.object(members).text.utf8)
    // Spaces fill the header up, so that the numbers begin at a multiple of 8.
    header += [UInt8](repeating: 0x20, count: -header.count & 7)
    return UInt64(header.count).littleEndianBytes + header + data
  }

  static let metadataKey = "__metadata__"
}

extension ElementType {
  private static let safeTensorsNames: [(ElementType, String)] = [
    (.float16, "F16"), (.bfloat16, "BF16"), (.float32, "F32"), (.float64, "F64"), (.int8, "I8"),
    (.int16, "I16"), (.int32, "I32"), (.int64, "I64"), (.uint8, "U8"), (.uint16, "U16"),
    (.uint32, "U32"), (.uint64, "U64"), (.boolean, "BOOL"),
  ]

  var safeTensorsName: String { Self.safeTensorsNames.first { $0.0 == self }!.1 }

  init?(safeTensorsName name: String) {
    guard let pair = Self.safeTensorsNames.first(where: { $0.1 == name }) else { return nil }
    self = pair.0
  }
}
