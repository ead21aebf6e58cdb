import CHDF5
import Foundation

/// A dataset opened for reading, with its type and shape; used only under the lock.
final class OpenDataset {
  let file: HDF5File
  let name: String
  let dataset: HDF5Handle
  let type: HDF5Handle
  let shape: [Int]

  init(_ file: HDF5File, _ name: String) throws {
    self.file = file
    self.name = name
    guard file.exists(name) else { throw file.missing(name) }
    if file.kind(of: name) == .group {
      throw FormatsError(
        "it is a group, not a dataset", place: file.place(name),
        remedy: "It holds: \(((try? file.members(of: name)) ?? []).joined(separator: ", ")).")
    }
    let place = file.place(name)
    dataset = try HDF5Handle(H5Dopen2(file.identifier, name, 0), H5Dclose, "open", place)
    type = try HDF5Handle(H5Dget_type(dataset.id), H5Tclose, "read the type", place)
    let space = try HDF5Handle(H5Dget_space(dataset.id), H5Sclose, "read the shape", place)
    guard H5Sget_simple_extent_type(space.id) != H5S_NULL else {
      throw FormatsError("the dataset holds nothing (null space)", place: place)
    }
    let rank = H5Sget_simple_extent_ndims(space.id)
    guard rank >= 0 else { throw HDF5Library.failure("read the shape", place) }
    var lengths = [hsize_t](repeating: 0, count: Int(rank))
    H5Sget_simple_extent_dims(space.id, &lengths, nil)
    var elements = 1
    for length in lengths {
      let (product, overflow) = elements.multipliedReportingOverflow(by: Int(clamping: length))
      guard !overflow, product < 1 << 46 else {
        throw FormatsError("impossible shape \(lengths)", place: place, kind: .damaged)
      }
      elements = product
    }
    shape = lengths.map { Int($0) }
  }

  var count: Int { shape.reduce(1, *) }

  var description: HDF5File.DatasetDescription {
    .init(element: HDF5File.element(of: type.id), shape: shape)
  }

  /// Reads all elements, converted to `memoryType` by the library.
  func read<Element: BitwiseCopyable>(_: Element.Type, as memoryType: hid_t) throws -> [Element] {
    let count = count
    return try [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      if count > 0 {
        let whole = synfire_hdf5_whole()
        guard H5Dread(dataset.id, memoryType, whole, whole, 0, buffer.baseAddress) >= 0 else {
          throw FormatsError(
            "cannot read the data: \(HDF5Library.lastError())", place: file.place(name),
            remedy: "The file is damaged, or uses a filter that this HDF5 library lacks.",
            kind: .damaged)
        }
      }
      initialized = count
    }
  }

  /// Throws unless the elements are of one of the kinds that `accepts` names.
  func require(_ wanted: String, _ accepts: (HDF5File.DatasetDescription.Element) -> Bool) throws {
    guard !accepts(description.element) else { return }
    throw FormatsError(
      "the dataset holds \(description.element.name), wanted are \(wanted)",
      place: file.place(name), remedy: "Name another dataset, or write this one anew.")
  }
}

extension HDF5File.DatasetDescription.Element {
  /// The kind of element in words.
  var name: String {
    switch self {
    case .float(let bits): "\(bits)-bit floating-point numbers"
    case .integer(let bits, let isSigned): "\(isSigned ? "" : "unsigned ")\(bits)-bit integers"
    case .boolean: "truth values"
    case .string: "strings"
    case .other: "elements of another type"
    }
  }
}

extension HDF5File {
  static func element(of type: hid_t) -> DatasetDescription.Element {
    let bits = H5Tget_size(type) * 8
    switch H5Tget_class(type) {
    case H5T_FLOAT: return .float(bits: bits)
    case H5T_INTEGER: return .integer(bits: bits, isSigned: H5Tget_sign(type) == H5T_SGN_2)
    case H5T_STRING: return .string
    case H5T_ENUM: return isBoolean(type) ? .boolean : .other
    default: return .other
    }
  }

  /// Creates a dataset of `shape` and writes `elements` to it.
  ///
  /// Strings of variable length lie outside their dataset, where no filter reaches: `isFiltered` is
  /// false for them.
  func write<Element: BitwiseCopyable>(
    _ elements: [Element], shape: [Int], fileType: hid_t, memoryType: hid_t,
    isFiltered: Bool = true,
    compression: Int? = nil, to name: String
  ) throws {
    try HDF5Library.locked {
      precondition(shape.reduce(1, *) == elements.count, "\(elements.count) for shape \(shape)")
      let place = place(name)
      if exists(name) {
        throw FormatsError(
          "there is a dataset or group of that name already", place: place,
          remedy: "Write each name once.")
      }
      let lengths = shape.map { hsize_t($0) }
      let space = try HDF5Handle(
        shape.isEmpty ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(shape.count), lengths, nil),
        H5Sclose, "create the dataset", place)
      let links = try HDF5Handle(
        H5Pcreate(synfire_hdf5_link_creation()), H5Pclose, "create the dataset", place)
      H5Pset_create_intermediate_group(links.id, 1)
      H5Pset_char_encoding(links.id, H5T_CSET_UTF8)
      let creation = try HDF5Handle(
        H5Pcreate(synfire_hdf5_dataset_creation()), H5Pclose, "create the dataset", place)
      // Time stamps would make files of equal content differ.
      H5Pset_obj_track_times(creation.id, false)
      let level = compression ?? storage.compression
      if isFiltered, !elements.isEmpty, !shape.isEmpty, level > 0 || storage.checksums {
        let chunk = HDF5File.chunk(of: shape, bytes: H5Tget_size(fileType))
        H5Pset_chunk(creation.id, Int32(shape.count), chunk)
        if level > 0 {
          H5Pset_shuffle(creation.id)
          H5Pset_deflate(creation.id, UInt32(level))
        }
        if storage.checksums { H5Pset_fletcher32(creation.id) }
      }
      let dataset = try HDF5Handle(
        H5Dcreate2(identifier, name, fileType, space.id, links.id, creation.id, 0), H5Dclose,
        "create the dataset", place)
      guard !elements.isEmpty else { return }
      let whole = synfire_hdf5_whole()
      guard H5Dwrite(dataset.id, memoryType, whole, whole, 0, elements) >= 0 else {
        throw HDF5Library.failure("write the dataset", place)
      }
    }
  }

  /// A chunk of at most a mebibyte: the shape with its first axes halved until it fits.
  private static func chunk(of shape: [Int], bytes: Int) -> [hsize_t] {
    var chunk = shape
    var axis = 0
    while chunk.reduce(bytes, *) > 1 << 20, axis < chunk.count {
      if chunk[axis] > 1 { chunk[axis] = (chunk[axis] + 1) / 2 } else { axis += 1 }
    }
    return chunk.map { hsize_t($0) }
  }
}
