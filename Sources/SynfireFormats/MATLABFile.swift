import Foundation
import SynfireCore

/// A file of MATLAB variables, of version 5 (`save -v6`, `-v7`) or 7.3 (`save -v7.3`, which is HDF5).
///
/// Arrays of numbers and truth values are read; they keep MATLAB's order of axes, in row-major storage.
/// The fields of a structure are variables by path, such as `trained.weights`.
public final class MATLABFile: Sendable {
  public typealias Variable = ArrayFile.Variable

  public let path: String
  private let content: any MATLABContent

  /// All variables in the order of the file, structures by their fields.
  public var variables: [Variable] { content.variables }

  /// Opens a file.
  ///
  /// - Throws: `FormatsError` when the file is missing, damaged, of another format, or of a version that is
  ///   not read.
  public init(_ path: String) throws {
    self.path = path
    switch try Self.version(of: path) {
    case .five: content = try MATLABVersion5(path)
    case .sevenThree: content = try MATLABVersion73(path)
    }
  }

  /// Reads a variable; axes are called `axis0`, `axis1`, ..., as the format has no names.
  ///
  /// - Throws: `FormatsError` listing the variables that there are when it is not one of them, and when it
  ///   is not made of numbers.
  public func tensor<Scalar: TensorScalar>(
    _ name: String, as _: Scalar.Type = Scalar.self
  ) throws -> Tensor<Scalar> {
    try content.tensor(variables.named(name, path))
  }

  /// Reads all variables that are arrays of numbers.
  public func tensors<Scalar: TensorScalar>(
    as _: Scalar.Type = Scalar.self
  ) throws -> NamedTensors<Scalar> {
    NamedTensors(
      try variables.filter(\.isNumeric).map { ($0.name, try tensor($0.name, as: Scalar.self)) })
  }

  /// Whether a file begins as MATLAB's do.
  static func isOne(_ path: String) throws -> Bool {
    let file = try FileDescriptor(path, O_RDONLY, doing: "read")
    return begins(try file.read(min(7, try file.length()), at: 0))
  }

  private static func begins(_ start: [UInt8]) -> Bool {
    String(decoding: start.prefix(7), as: UTF8.self) == "MATLAB "
  }

  private enum Version { case five, sevenThree }

  private static func version(of path: String) throws -> Version {
    let file = try FileDescriptor(path, O_RDONLY, doing: "read")
    let header = try file.read(min(128, try file.length()), at: 0)
    guard begins(header) else {
      throw FormatsError(
        "this is no MATLAB file of version 5 or 7.3", place: path,
        remedy: "In MATLAB, save with -v7 or -v7.3; files of version 4 are not read.")
    }
    guard header.count == 128 else { throw damaged(path, "its header is cut short") }
    // The two bytes behind the version tell in which order its own are; both orders are in use.
    let isLittle = header[126] == UInt8(ascii: "I") && header[127] == UInt8(ascii: "M")
    switch isLittle ? header[125] : header[124] {
    case 1:
      try checkElements(file, isLittle: isLittle)
      return .five
    case 2: return .sevenThree
    case let major:
      throw FormatsError(
        "MATLAB files of version \(major).\(isLittle ? header[124] : header[125]) are not read",
        place: path, remedy: "In MATLAB, save with -v7 or -v7.3.")
    }
  }

  /// Checks that the elements of a file of version 5 end where it does: the library reads what is left of a
  /// file that was cut short without a word.
  private static func checkElements(_ file: FileDescriptor, isLittle: Bool) throws {
    let length = try file.length()
    var offset = 128
    while offset < length {
      let tag = try file.read(8, at: offset)
      guard tag.count == 8 else { throw damaged(file.path, "it is cut short") }
      let size = (isLittle ? Array(tag[4...].reversed()) : Array(tag[4...])).reduce(0) {
        $0 << 8 | Int($1)
      }
      offset += 8 + size
      guard offset <= length else { throw damaged(file.path, "it is cut short") }
    }
  }

  static func damaged(_ path: String, _ reason: String) -> FormatsError {
    FormatsError(
      "the MATLAB file is damaged" + (reason.isEmpty ? "" : ": \(reason)"), place: path,
      remedy: "Restore it from a copy.", kind: .damaged)
  }
}

/// The variables of a file of one version.
protocol MATLABContent: Sendable {
  var variables: [MATLABFile.Variable] { get }

  /// Reads a variable that is numeric.
  func tensor<Scalar: TensorScalar>(_ variable: MATLABFile.Variable) throws -> Tensor<Scalar>
}
