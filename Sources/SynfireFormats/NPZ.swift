import SynfireCore

/// Named arrays in NumPy's archive format: `numpy.load` reads what is written here, and what
/// `numpy.savez` and `numpy.savez_compressed` write is read.
public enum NPZ {
  /// Reads all arrays of numbers and truth values, converted to `Scalar`, in the order of the
  /// archive. Axes are called `axis0`, `axis1`, ..., as the format has no names.
  ///
  /// - Throws: `FormatsError` when the archive is damaged, holds anything but arrays, or an array of
  ///   another type.
  public static func read<Scalar: TensorScalar>(
    _ path: String, as _: Scalar.Type = Scalar.self
  ) throws -> NamedTensors<Scalar> {
    var tensors = NamedTensors<Scalar>()
    for (entry, content) in try ZipArchive.read(try FileDescriptor.contents(of: path), path) {
      guard entry.hasSuffix(".npy") else {
        throw FormatsError(
          "the archive holds \(entry), which is no NumPy array", place: path,
          remedy: "Save with numpy.savez.")
      }
      let name = String(entry.dropLast(4))
      tensors[name] = try NPY.decode(content, "\(path), \(name)")
    }
    return tensors
  }

  /// Reads the arrays of numbers and truth values, and lists all else that the archive has.
  ///
  /// - Throws: `FormatsError` when the archive is damaged.
  static func readNumbers<Scalar: TensorScalar>(
    _ path: String, as _: Scalar.Type = Scalar.self
  ) throws -> (tensors: NamedTensors<Scalar>, others: [String]) {
    var (tensors, others) = (NamedTensors<Scalar>(), [String]())
    for (entry, content) in try ZipArchive.read(try FileDescriptor.contents(of: path), path) {
      let name = entry.hasSuffix(".npy") ? String(entry.dropLast(4)) : entry
      do {
        tensors[name] = try NPY.decode(content, "\(path), \(name)")
      } catch let error as FormatsError where error.kind == .unsuitable || name == entry {
        others.append(name)
      }
    }
    return (tensors, others)
  }

  /// Writes arrays, replacing the file in one step.
  public static func write(_ path: String, _ arrays: [(String, NPY.Array)]) throws {
    let entries = arrays.map { (name: $0.0 + ".npy", content: NPY.encode($0.1)) }
    try AtomicFile.write(try ZipArchive.encode(entries, path), to: path)
  }

  /// Writes tensors in their own precision, replacing the file in one step.
  public static func write<Scalar: TensorScalar>(
    _ path: String, _ tensors: NamedTensors<Scalar>
  ) throws {
    try write(
      path,
      tensors.pairs.map { name, tensor in
        if let floats = tensor as? Tensor<Float> { return (name, .float32(floats)) }
        return (name, .float64(tensor.converted()))
      })
  }
}
