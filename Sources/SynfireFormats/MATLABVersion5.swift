import CMATIO
import SynfireCore

/// The variables of a file of version 5, read through the library matio. That is not thread-safe: calls are
/// serialised by the lock of the HDF5 library, which it uses.
final class MATLABVersion5: MATLABContent, @unchecked Sendable {
  let variables: [MATLABFile.Variable]
  private let path: String
  private let file: OpaquePointer

  init(_ path: String) throws {
    self.path = path
    (file, variables) = try HDF5Library.locked {
      MATIOLibrary.listen()
      guard let file = Mat_Open(path, synfire_matio_read_only()) else { throw Self.damaged(path) }
      do {
        return (file, try Self.list(file, path))
      } catch {
        Mat_Close(file)
        throw error
      }
    }
  }

  deinit { HDF5Library.locked { _ = Mat_Close(file) } }

  func tensor<Scalar: TensorScalar>(_ variable: MATLABFile.Variable) throws -> Tensor<Scalar> {
    try HDF5Library.locked {
      MATIOLibrary.listen()
      var parts = variable.name.split(separator: ".").map(String.init)
      guard let whole = Mat_VarRead(file, parts.removeFirst()) else { throw Self.damaged(path) }
      defer { Mat_VarFree(whole) }
      var found = whole
      for field in parts {
        guard let next = Mat_VarGetStructFieldByName(found, field, 0) else {
          throw Self.damaged(path)
        }
        found = next
      }
      return try found.pointee.tensor(variable, path)
    }
  }

  private static func damaged(_ path: String) -> FormatsError {
    MATLABFile.damaged(path, MATIOLibrary.lastComplaint)
  }

  private static func list(_ file: OpaquePointer, _ path: String) throws -> [MATLABFile.Variable] {
    var count = 0
    guard let names = Mat_GetDir(file, &count) else {
      if MATIOLibrary.lastComplaint.isEmpty { return [] }
      throw damaged(path)
    }
    var result: [MATLABFile.Variable] = []
    for index in 0..<count {
      guard let name = names[index], let info = Mat_VarReadInfo(file, name) else {
        throw damaged(path)
      }
      defer { Mat_VarFree(info) }
      describe(info, String(cString: name), into: &result)
    }
    return result
  }

  private static func describe(
    _ info: UnsafeMutablePointer<matvar_t>, _ name: String,
    into result: inout [MATLABFile.Variable]
  ) {
    let variable = info.pointee
    let shape = (0..<Int(variable.rank)).map { variable.dims[$0] }
    guard variable.class_type == MAT_C_STRUCT, shape.allSatisfy({ $0 == 1 }),
      let fields = Mat_VarGetStructFieldnames(info)
    else {
      result.append(
        MATLABFile.Variable(
          name: name, shape: shape, type: variable.className, isNumeric: variable.isNumeric))
      return
    }
    for index in 0..<Int(Mat_VarGetNumberOfFields(info)) {
      guard let field = fields[index], let content = Mat_VarGetStructFieldByIndex(info, index, 0)
      else { continue }
      describe(content, "\(name).\(String(cString: field))", into: &result)
    }
  }
}
