import Foundation
import SynfireFormats

/// What is known about one file of a data set on this machine.
public enum DataFileState: Sendable, Equatable {
  /// It is not there.
  case missing
  /// It is there and has the right length; the content was not looked at.
  case present(path: String)
  /// It is there and its content is right.
  case whole(path: String)
  /// It is there, but is not what it should be.
  case broken(path: String, reason: String)

  /// True for `present` and `whole`.
  public var isUsable: Bool {
    switch self {
    case .present, .whole: true
    case .missing, .broken: false
    }
  }
}

extension DataSet {
  /// Looks for the files without reading them: whether each is there and of the right length.
  ///
  /// - Parameter directory: the data directory, see `DataFiles`; nil or no such directory means that
  ///   all files are missing.
  public func states(in directory: String?) -> [(file: DataSetFile, state: DataFileState)] {
    guard let places = try? DataFiles(dataSet: name, directory: directory) else {
      return files.map { ($0, .missing) }
    }
    return files.map { file in
      guard let path = places.find(file.name) else { return (file, .missing) }
      guard let length = rawLength(path: path), length == file.bytes else {
        return (
          file,
          .broken(
            path: path, reason: "the raw content should have \(file.bytes) bytes, but has not")
        )
      }
      return (file, .present(path: path))
    }
  }

  /// Reads the files and compares the sha256 of their raw content.
  ///
  /// - Throws: `TasksError` if there is no such directory; that a file is missing or broken is not an
  ///   error but its state.
  public func verify(in directory: String?) throws -> [(file: DataSetFile, state: DataFileState)] {
    let places = try DataFiles(dataSet: name, directory: directory)
    return files.map { file in
      guard let path = places.find(file.name) else { return (file, .missing) }
      if let reason = file.complaint(path: path) {
        return (file, .broken(path: path, reason: reason))
      }
      return (file, .whole(path: path))
    }
  }

  /// The length of the raw content: of a gzip file, as its last four bytes have it.
  private func rawLength(path: String) -> Int? {
    guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? handle.close() }
    guard let size = try? handle.seekToEnd(), size >= 4, (try? handle.seek(toOffset: 0)) != nil,
      let magic = try? handle.read(upToCount: 2)
    else { return nil }
    if Array(magic) != [0x1f, 0x8b] { return Int(size) }
    guard (try? handle.seek(toOffset: size - 4)) != nil, let end = try? handle.read(upToCount: 4)
    else { return nil }
    return end.reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}

extension DataSetFile {
  /// What is wrong with the content of a file; nil if nothing is.
  func complaint(path: String) -> String? {
    do {
      let found = try rawSHA256(path: path)
      return found == sha256
        ? nil : "the sha256 of the raw content is \(found), and should be \(sha256)"
    } catch let error as FormatsError {
      return error.what
    } catch {
      return "\(error)"
    }
  }
}
