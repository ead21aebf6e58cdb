import Foundation
import SynfireCore

/// A file of arrays of numbers by name, whichever of these formats it is in: HDF5, MATLAB 5 or 7.3, NumPy's
/// `.npz`, safetensors. An array is converted when it is asked for.
///
/// Arrays of MATLAB keep its order of axes, those of the other formats that of the file. What is no array of
/// numbers is listed, and refused when it is asked for.
public struct ArrayFile: Sendable {
  /// What a file says of an array.
  public struct Variable: Sendable, Equatable {
    /// With the groups or fields that lead to it, `group/dataset` or `structure.field`.
    public let name: String
    public let shape: [Int]
    /// The format's word for the type, such as MATLAB's `double`, `logical`, `cell`.
    public let type: String
    /// Whether it can be read as a tensor.
    public let isNumeric: Bool

    public init(name: String, shape: [Int], type: String, isNumeric: Bool) {
      self.name = name
      self.shape = shape
      self.type = type
      self.isNumeric = isNumeric
    }
  }

  private enum Content: Sendable {
    case matlab(MATLABFile)
    case hdf5(HDF5File)
    case tensors(NamedTensors<Double>)
  }

  public let path: String
  /// In the order of the file.
  public let variables: [Variable]
  private let content: Content

  /// Whether it is one of MATLAB, whose arrays lose trailing axes of length 1.
  public var isMATLAB: Bool { if case .matlab = content { true } else { false } }

  /// Opens a file; the format is told by the content.
  ///
  /// - Throws: `FormatsError` when the file is missing, damaged, of another format or of a version that is
  ///   not read.
  public init(_ path: String) throws {
    self.path = path
    let format = try? TensorFile.format(of: path)
    let isNamedMATLAB = URL(fileURLWithPath: path).pathExtension.lowercased() == "mat"
    if try MATLABFile.isOne(path) || (isNamedMATLAB && format == nil) {
      let file = try MATLABFile(path)
      (variables, content) = (file.variables, .matlab(file))
      return
    }
    switch try format ?? TensorFile.format(of: path) {
    case .hdf5:
      let file = try HDF5File.open(path)
      content = .hdf5(file)
      variables = try file.datasets().map { name in
        let dataset = try file.describe(name)
        return Variable(
          name: name, shape: dataset.shape, type: "\(dataset.element)",
          isNumeric: dataset.isNumeric)
      }
    case .safetensors:
      let tensors = try SafeTensors.read(path, as: Double.self).tensors
      (variables, content) = (Self.variables(of: tensors), .tensors(tensors))
    case .npz:
      let (tensors, others) = try NPZ.readNumbers(path, as: Double.self)
      content = .tensors(tensors)
      variables =
        Self.variables(of: tensors)
        + others.map { Variable(name: $0, shape: [], type: "other", isNumeric: false) }
    }
  }

  private static func variables(of tensors: NamedTensors<Double>) -> [Variable] {
    tensors.pairs.map { name, tensor in
      Variable(name: name, shape: tensor.shape, type: "number", isNumeric: true)
    }
  }

  public func has(_ name: String) -> Bool { variables.contains { $0.name == name } }

  /// Reads an array.
  ///
  /// - Throws: `FormatsError` listing the variables that there are when it is not one of them, and when it
  ///   is not made of numbers.
  public func tensor(_ name: String) throws -> Tensor<Double> {
    let variable = try variables.named(name, path)
    switch content {
    case .matlab(let file): return try file.tensor(name)
    case .hdf5(let file): return try file.tensor(name)
    case .tensors(let tensors):
      guard let tensor = tensors[name] else { throw variable.isNoArray(path) }
      return tensor
    }
  }

  /// What the file has, in a sentence.
  public var listing: String { variables.listing }
}

extension [ArrayFile.Variable] {
  /// The numeric variable of a name.
  ///
  /// - Throws: `FormatsError` listing those that there are.
  func named(_ name: String, _ path: String) throws -> ArrayFile.Variable {
    guard let variable = first(where: { $0.name == name }) else {
      throw FormatsError("there is no variable \(name)", place: path, remedy: listing)
    }
    guard variable.isNumeric else { throw variable.isNoArray(path) }
    return variable
  }

  fileprivate var listing: String {
    let present = map { "\($0.name) [\($0.shape.map(String.init).joined(separator: ", "))]" }
    let shown = present.prefix(30).joined(separator: ", ") + (present.count > 30 ? ", ..." : "")
    return present.isEmpty ? "The file has no variables." : "There are \(shown)."
  }
}

extension ArrayFile.Variable {
  fileprivate func isNoArray(_ path: String) -> FormatsError {
    FormatsError(
      "\(name) is of class \(type), which is no array of real numbers", place: path,
      remedy: "Save it as an array of numbers.")
  }
}
