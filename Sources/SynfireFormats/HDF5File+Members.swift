import CHDF5
import Foundation

extension HDF5File {
  /// What is known of a dataset without reading it.
  public struct DatasetDescription: Sendable, Equatable {
    public enum Element: Sendable, Equatable {
      case float(bits: Int)
      case integer(bits: Int, isSigned: Bool)
      case boolean
      case string
      case other
    }

    public let element: Element
    public let shape: [Int]

    /// Whether it can be read as numbers.
    public var isNumeric: Bool { element != .string && element != .other }
  }

  /// The names in a group, in alphabetical order; the root group by default.
  public func members(of group: String = "/") throws -> [String] {
    try HDF5Library.locked {
      guard exists(group) else { throw missing(group) }
      let handle = try HDF5Handle(H5Gopen2(identifier, group, 0), H5Gclose, "list", place(group))
      var info = H5G_info_t()
      guard H5Gget_info(handle.id, &info) >= 0 else {
        throw HDF5Library.failure("list", place(group))
      }
      return try (0..<info.nlinks).map { index in
        let length = H5Lget_name_by_idx(
          handle.id, ".", H5_INDEX_NAME, H5_ITER_INC, index, nil, 0, 0)
        guard length >= 0 else { throw HDF5Library.failure("list", place(group)) }
        var name = [CChar](repeating: 0, count: length + 1)
        H5Lget_name_by_idx(
          handle.id, ".", H5_INDEX_NAME, H5_ITER_INC, index, &name, length + 1, 0)
        return String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
      }
    }
  }

  /// The paths of all datasets in a group and the groups in it, relative to it.
  public func datasets(under group: String = "/") throws -> [String] {
    try HDF5Library.locked {
      try members(of: group).flatMap { name -> [String] in
        let path = group == "/" ? name : "\(group)/\(name)"
        // Hard links can form cycles, which no sound file has; links that lead nowhere are left out.
        guard path.utf8.count < 1 << 12 else { return [] }
        switch kind(of: path) {
        case .dataset: return [name]
        case .group: return try datasets(under: path).map { "\(name)/\($0)" }
        case .other: return []
        }
      }
    }
  }

  /// Whether there is a dataset or a group of that path.
  public func exists(_ path: String) -> Bool {
    HDF5Library.locked {
      var walked = ""
      for part in path.split(separator: "/") where part != "." {
        walked += walked.isEmpty ? String(part) : "/" + part
        // The library demands that each link on the way is tested on its own.
        guard H5Lexists(identifier, walked, 0) > 0, H5Oexists_by_name(identifier, walked, 0) > 0
        else { return false }
      }
      return true
    }
  }

  /// Whether there is a group of that path.
  public func isGroup(_ path: String) -> Bool { exists(path) && kind(of: path) == .group }

  /// The element type and the shape of a dataset.
  public func describe(_ dataset: String) throws -> DatasetDescription {
    try HDF5Library.locked { try OpenDataset(self, dataset).description }
  }

  enum Kind { case dataset, group, other }

  func kind(of path: String) -> Kind {
    HDF5Library.locked {
      guard exists(path) else { return .other }
      let object = H5Oopen(identifier, path.isEmpty ? "/" : path, 0)
      guard object >= 0 else { return .other }
      defer { H5Oclose(object) }
      switch H5Iget_type(object) {
      case H5I_DATASET: return .dataset
      case H5I_GROUP: return .group
      default: return .other
      }
    }
  }

  /// The file and the path in it, as errors name them.
  func place(_ member: String) -> String { "\(path), \(member)" }

  func missing(_ member: String) -> FormatsError {
    let present = (try? datasets()) ?? []
    let shown = present.prefix(20).joined(separator: ", ") + (present.count > 20 ? ", ..." : "")
    return FormatsError(
      "there is no such dataset or group", place: place(member),
      remedy: present.isEmpty ? "The file holds no datasets." : "The file holds: \(shown).",
      kind: .unsuitable)
  }
}
