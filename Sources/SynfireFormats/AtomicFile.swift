import Foundation

/// Replacement of a whole file in one step: whoever looks sees the old file or the new one, never a
/// part, whatever happens to the program or the machine in between.
public enum AtomicFile {
  /// Writes a file through a temporary one in the same folder.
  ///
  /// `body` gets the path of the temporary file, which exists and is empty, and fills it by any
  /// means. The file is then synchronised, renamed to `path`, and the folder is synchronised. When
  /// `body` or a later step throws, the temporary file is removed and what was at `path` stays.
  ///
  /// - Throws: `FormatsError` (`kind == .diskFull` when there is no room), and what `body` throws.
  @discardableResult
  public static func write<Result>(
    to path: String, _ body: (_ temporaryPath: String) throws -> Result
  ) throws -> Result {
    try requireReplaceable(path)
    let (folder, name) = split(path)
    // The process number keeps two programs apart, the random part two threads of one.
    let temporary =
      folder + "/.\(name).\(getpid())-\(String(UInt32.random(in: 0...UInt32.max), radix: 16)).tmp"
    do {
      let file = try FileDescriptor(temporary, O_RDWR | O_CREAT | O_EXCL, doing: "write")
      do {
        let result = try body(temporary)
        // A body that replaced the temporary file by another is synchronised too.
        try FileDescriptor(temporary, O_RDWR, doing: "write").synchronize()
        try keepPermissions(of: path, on: temporary)
        guard rename(temporary, path) == 0 else { throw FormatsError.system(errno, "write", path) }
        try FileDescriptor(folder, O_RDONLY, doing: "open the folder").synchronize()
        _ = file
        return result
      } catch {
        unlink(temporary)
        throw error
      }
    } catch let error as FormatsError where error.place == temporary {
      // The user knows the file by its own name.
      throw FormatsError(error.what, place: path, remedy: error.remedy, kind: error.kind)
    }
  }

  /// Replaces the file at `path` by these bytes.
  public static func write(_ bytes: [UInt8], to path: String) throws {
    try bytes.withUnsafeBytes { try write($0, to: path) }
  }

  /// Replaces the file at `path` by these bytes.
  public static func write(_ bytes: UnsafeRawBufferPointer, to path: String) throws {
    try write(to: path) { temporary in
      try FileDescriptor(temporary, O_WRONLY, doing: "write").write(bytes)
    }
  }

  /// Replaces the file at `path` by this text, in UTF-8.
  public static func write(_ text: String, to path: String) throws {
    try write(Array(text.utf8), to: path)
  }

  private static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let folder = String(path[..<slash])
    return (folder.isEmpty ? "/" : folder, String(path[path.index(after: slash)...]))
  }

  /// A device or a pipe must not be replaced by a file.
  private static func requireReplaceable(_ path: String) throws {
    var status = stat()
    guard stat(path, &status) == 0 else { return }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return
    case S_IFDIR: throw FormatsError.system(EISDIR, "write", path)
    default:
      throw FormatsError(
        "cannot write: it is a device or a pipe, not a file", place: path, remedy: "Name a file.")
    }
  }

  private static func keepPermissions(of path: String, on temporary: String) throws {
    var status = stat()
    guard stat(path, &status) == 0 else { return }
    // Best effort: a file system without permissions is no reason to lose a checkpoint.
    _ = chmod(temporary, status.st_mode & 0o7777)
  }
}
