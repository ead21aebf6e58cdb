import CHDF5
import Foundation

extension HDF5File {
  /// The value of an attribute of a dataset or group.
  public enum Attribute: Sendable, Equatable {
    case string(String)
    case strings([String])
    case integer(Int)
    case number(Double)
    case boolean(Bool)
  }

  public func setAttribute(_ name: String, _ value: String, of object: String = "/") throws {
    try setStrings(name, [value], isScalar: true, of: object)
  }

  public func setAttribute(_ name: String, _ value: [String], of object: String = "/") throws {
    try setStrings(name, value, isScalar: false, of: object)
  }

  public func setAttribute(_ name: String, _ value: Int, of object: String = "/") throws {
    try HDF5Library.locked {
      try setScalar(
        name, value, synfire_hdf5_int64(), synfire_hdf5_native_int64(), of: object)
    }
  }

  public func setAttribute(_ name: String, _ value: Double, of object: String = "/") throws {
    try HDF5Library.locked {
      try setScalar(
        name, value, synfire_hdf5_float64(), synfire_hdf5_native_double(), of: object)
    }
  }

  /// Writes a truth value, in the way that h5py reads as one.
  public func setAttribute(_ name: String, _ value: Bool, of object: String = "/") throws {
    try HDF5Library.locked {
      let type = try HDF5File.booleanType(place(object))
      try setScalar(name, Int8(value ? 1 : 0), type.id, type.id, of: object)
    }
  }

  /// Reads an attribute; nil when the object has none of that name.
  ///
  /// - Throws: `FormatsError` when the object is missing, or the attribute is of a kind not in
  ///   `Attribute`.
  public func attribute(_ name: String, of object: String = "/") throws -> Attribute? {
    try HDF5Library.locked {
      guard exists(object) else { throw missing(object) }
      let place = "\(place(object)), attribute \(name)"
      guard H5Aexists_by_name(identifier, object, name, 0) > 0 else { return nil }
      let attribute = try HDF5Handle(
        H5Aopen_by_name(identifier, object, name, 0, 0), H5Aclose, "open", place)
      let type = try HDF5Handle(H5Aget_type(attribute.id), H5Tclose, "read the type", place)
      let space = try HDF5Handle(H5Aget_space(attribute.id), H5Sclose, "read the shape", place)
      let count = Int(H5Sget_simple_extent_npoints(space.id))
      let isScalar = H5Sget_simple_extent_type(space.id) == H5S_SCALAR
      let element = HDF5File.element(of: type.id)
      func read<Value: BitwiseCopyable>(_ initial: Value, _ memoryType: hid_t) throws -> Value {
        var value = initial
        guard H5Aread(attribute.id, memoryType, &value) >= 0 else {
          throw HDF5Library.failure("read", place)
        }
        return value
      }
      switch element {
      case .string:
        let strings = try HDF5File.readStrings(type.id, count: count, place) {
          H5Aread(attribute.id, $0, $1)
        }
        return isScalar && count == 1 ? .string(strings[0]) : .strings(strings)
      case .integer where count == 1:
        return .integer(try read(Int(0), synfire_hdf5_native_int64()))
      case .float where count == 1:
        return .number(try read(Double(0), synfire_hdf5_native_double()))
      case .boolean where count == 1:
        return .boolean(try read(Int8(0), type.id) != 0)
      default:
        throw FormatsError(
          "the attribute holds \(count) \(element.name)", place: place,
          remedy: "Attributes are read as strings, or as one number or truth value.")
      }
    }
  }

  private func setScalar<Value: BitwiseCopyable>(
    _ name: String, _ value: Value, _ fileType: hid_t, _ memoryType: hid_t, of object: String
  ) throws {
    try withUnsafePointer(to: value) { pointer in
      try createAttribute(name, fileType, memoryType, count: nil, pointer, of: object)
    }
  }

  private func setStrings(
    _ name: String, _ values: [String], isScalar: Bool, of object: String
  ) throws {
    try HDF5Library.locked {
      let type = try HDF5File.stringType(place(object))
      try HDF5File.withCStrings(values, place(object)) { pointers in
        try pointers.withUnsafeBytes {
          try createAttribute(
            name, type.id, type.id, count: isScalar ? nil : values.count, $0.baseAddress,
            of: object)
        }
      }
    }
  }

  /// Creates an attribute of `count` elements, or a scalar one; replaces one of the same name.
  private func createAttribute(
    _ name: String, _ fileType: hid_t, _ memoryType: hid_t, count: Int?,
    _ value: UnsafeRawPointer?, of object: String
  ) throws {
    guard exists(object) else { throw missing(object) }
    let place = "\(place(object)), attribute \(name)"
    let space = try HDF5Handle(
      count.map { H5Screate_simple(1, [hsize_t($0)], nil) } ?? H5Screate(H5S_SCALAR), H5Sclose,
      "create", place)
    if H5Aexists_by_name(identifier, object, name, 0) > 0 {
      H5Adelete_by_name(identifier, object, name, 0)
    }
    let attribute = try HDF5Handle(
      H5Acreate_by_name(identifier, object, name, fileType, space.id, 0, 0, 0), H5Aclose,
      "create", place)
    if count == 0 { return }
    guard let value, H5Awrite(attribute.id, memoryType, value) >= 0 else {
      throw HDF5Library.failure("write", place)
    }
  }

  /// The enumeration of FALSE and TRUE that h5py takes for a truth value.
  static func booleanType(_ place: String) throws -> HDF5Handle {
    let type = try HDF5Handle(
      H5Tenum_create(synfire_hdf5_int8()), H5Tclose, "create a type", place)
    for (name, value) in [("FALSE", Int8(0)), ("TRUE", Int8(1))] {
      withUnsafePointer(to: value) { _ = H5Tenum_insert(type.id, name, $0) }
    }
    return type
  }

  static func isBoolean(_ type: hid_t) -> Bool {
    guard H5Tget_size(type) == 1, H5Tget_nmembers(type) == 2 else { return false }
    return H5Tget_member_index(type, "FALSE") >= 0 && H5Tget_member_index(type, "TRUE") >= 0
  }
}
