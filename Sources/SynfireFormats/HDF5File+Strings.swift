import CHDF5
import Foundation

extension HDF5File {
  /// Writes one string, as UTF-8 of variable length: in h5py, `file[name].asstr()[()]`.
  public func write(_ string: String, to name: String) throws {
    try writeStrings([string], shape: [], to: name)
  }

  /// Writes strings, as UTF-8 of variable length: in h5py, `file[name].asstr()[:]`.
  public func write(_ strings: [String], to name: String) throws {
    try writeStrings(strings, shape: [strings.count], to: name)
  }

  /// Reads the one string of a dataset.
  public func string(_ name: String) throws -> String {
    let strings = try strings(name)
    guard strings.count == 1 else {
      throw FormatsError("\(strings.count) strings, wanted is one", place: place(name))
    }
    return strings[0]
  }

  /// Reads strings of fixed or variable length, all axes flattened.
  public func strings(_ name: String) throws -> [String] {
    try HDF5Library.locked {
      let dataset = try OpenDataset(self, name)
      try dataset.require("strings") { $0 == .string }
      let whole = synfire_hdf5_whole()
      return try HDF5File.readStrings(dataset.type.id, count: dataset.count, place(name)) {
        H5Dread(dataset.dataset.id, $0, whole, whole, 0, $1)
      }
    }
  }

  private func writeStrings(_ strings: [String], shape: [Int], to name: String) throws {
    try HDF5Library.locked {
      try HDF5File.withCStrings(strings, place(name)) { pointers in
        let type = try HDF5File.stringType(place(name))
        try write(
          pointers, shape: shape, fileType: type.id, memoryType: type.id, isFiltered: false,
          to: name)
      }
    }
  }

  /// The type of UTF-8 strings of variable length.
  static func stringType(_ place: String) throws -> HDF5Handle {
    let type = try HDF5Handle(
      H5Tcopy(synfire_hdf5_string_base()), H5Tclose, "create a type", place)
    H5Tset_size(type.id, synfire_hdf5_variable_length())
    H5Tset_cset(type.id, H5T_CSET_UTF8)
    return type
  }

  /// Calls `body` with the strings as the library wants them.
  static func withCStrings<Result>(
    _ strings: [String], _ place: String, _ body: ([UnsafeMutablePointer<CChar>]) throws -> Result
  ) throws -> Result {
    for string in strings where string.utf8.contains(0) {
      throw FormatsError(
        "a string with a NUL character cannot be stored", place: place,
        remedy: "Remove the character from \(string.prefix(40).debugDescription).")
    }
    let pointers = strings.map { strdup($0)! }
    defer { for pointer in pointers { free(pointer) } }
    return try body(pointers)
  }

  /// Reads `count` strings of the type `fileType` through `read(memoryType, buffer)`.
  static func readStrings(
    _ fileType: hid_t, count: Int, _ place: String,
    _ read: (hid_t, UnsafeMutableRawPointer) -> herr_t
  ) throws -> [String] {
    func damaged() -> FormatsError {
      FormatsError(
        "cannot read the strings: \(HDF5Library.lastError())", place: place,
        remedy: "The file is damaged; restore it from a copy.", kind: .damaged)
    }
    if count == 0 { return [] }
    if H5Tis_variable_str(fileType) > 0 {
      let type = try stringType(place)
      H5Tset_cset(type.id, H5Tget_cset(fileType))
      var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
      guard pointers.withUnsafeMutableBytes({ read(type.id, $0.baseAddress!) }) >= 0 else {
        throw damaged()
      }
      defer { for pointer in pointers { H5free_memory(pointer) } }
      return pointers.map { $0.map { String(cString: $0) } ?? "" }
    }
    let width = H5Tget_size(fileType)
    var bytes = [UInt8](repeating: 0, count: width * count)
    guard bytes.withUnsafeMutableBytes({ read(fileType, $0.baseAddress!) }) >= 0 else {
      throw damaged()
    }
    return (0..<count).map { index in
      let field = bytes[index * width..<(index + 1) * width].prefix { $0 != 0 }
      return String(decoding: field, as: UTF8.self)
    }
  }
}
