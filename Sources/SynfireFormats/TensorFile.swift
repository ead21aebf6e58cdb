import Foundation
import SynfireCore

/// Named tensors in any of the formats that Synfire and its neighbours share: HDF5, safetensors and
/// NumPy's `.npz`. MATLAB's `.mat` is read, too.
public enum TensorFile {
  /// The formats, each with the extensions of its files.
  public enum Format: String, CaseIterable, Sendable {
    case hdf5, safetensors, npz

    public var extensions: [String] {
      switch self {
      case .hdf5: ["h5", "hdf5"]
      case .safetensors: ["safetensors"]
      case .npz: ["npz"]
      }
    }

    /// The format in which `write` stores a file of that name.
    ///
    /// - Throws: `FormatsError` naming the supported extensions.
    public init(extensionOf path: String) throws {
      let ending = URL(fileURLWithPath: path).pathExtension.lowercased()
      guard let format = Format.allCases.first(where: { $0.extensions.contains(ending) }) else {
        let known = Format.allCases.flatMap(\.extensions).map { "." + $0 }
        throw FormatsError(
          ending.isEmpty ? "the file name has no extension" : "unknown extension .\(ending)",
          place: path, remedy: "Supported are \(known.joined(separator: ", ")).")
      }
      self = format
    }
  }

  /// Reads the tensors of a file, whatever its name: the format is told by the content.
  ///
  /// - Parameter group: for HDF5, the group to read. By default it is `parameters` when there is
  ///   one, so that the file of a run stands for its parameters, and the whole file otherwise. What
  ///   is not numeric is left out.
  /// - Throws: `FormatsError` when the file is missing, damaged, or of another format.
  public static func read<Scalar: TensorScalar>(
    _ path: String, group: String? = nil, as _: Scalar.Type = Scalar.self
  ) throws -> NamedTensors<Scalar> {
    if try MATLABFile.isOne(path) { return try MATLABFile(path).tensors() }
    switch try format(of: path) {
    case .hdf5:
      let file = try HDF5File.open(path)
      defer { file.close() }
      return try file.tensors(group ?? (file.isGroup("parameters") ? "parameters" : "/"))
    case .safetensors: return try SafeTensors.read(path).tensors
    case .npz: return try NPZ.read(path)
    }
  }

  /// Writes tensors in the format that the extension names, in their own precision, replacing the
  /// file in one step. Only HDF5 and safetensors keep the names of axes.
  public static func write<Scalar: TensorScalar>(
    _ path: String, _ tensors: NamedTensors<Scalar>
  ) throws {
    switch try Format(extensionOf: path) {
    case .hdf5: try HDF5File.write(to: path) { try $0.write(tensors, to: "/") }
    case .safetensors: try SafeTensors.write(path, tensors)
    case .npz: try NPZ.write(path, tensors)
    }
  }

  /// The format of the content of a file.
  public static func format(of path: String) throws -> Format {
    let file = try FileDescriptor(path, O_RDONLY, doing: "read")
    let length = try file.length()
    let start = try file.read(min(length, 16), at: 0)
    if start.starts(with: [0x89, 0x48, 0x44, 0x46]) { return .hdf5 }
    if start.starts(with: [0x50, 0x4B, 3, 4]) || start.starts(with: [0x50, 0x4B, 5, 6]) {
      return .npz
    }
    // Safetensors has no mark; its header begins with a brace behind the length.
    if start.count > 8, start[8] == UInt8(ascii: "{") { return .safetensors }
    // A damaged file is named after its extension, so that the error speaks of that format.
    if let named = try? Format(extensionOf: path) { return named }
    throw FormatsError(
      length == 0 ? "the file is empty" : "the file is neither HDF5, safetensors, NPZ nor MATLAB's",
      place: path, remedy: "Export the tensors with h5py, safetensors or numpy.savez.")
  }
}
