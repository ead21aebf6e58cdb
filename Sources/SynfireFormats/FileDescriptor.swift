import Foundation

/// An open file of the operating system, closed with its last reference.
///
/// Every failing call becomes a `FormatsError` that names the file, so that a full disk is never
/// mistaken for anything else. Not safe for use from several threads at once.
package final class FileDescriptor {
  package let path: String
  private let number: Int32

  /// Opens a file with the flags of `open(2)`.
  package init(_ path: String, _ flags: Int32, doing: String) throws {
    self.path = path
    number = open(path, flags | O_CLOEXEC, 0o644)
    if number < 0 { throw FormatsError.system(errno, doing, path) }
  }

  deinit { close(number) }

  /// The length of the file in bytes; throws for anything but a regular file.
  package func length() throws -> Int {
    var status = stat()
    guard fstat(number, &status) == 0 else { throw FormatsError.system(errno, "read", path) }
    if status.st_mode & S_IFMT == S_IFDIR { throw FormatsError.system(EISDIR, "read", path) }
    return Int(status.st_size)
  }

  /// Appends all bytes at the current position.
  package func write(_ bytes: UnsafeRawBufferPointer) throws {
    var done = 0
    while done < bytes.count {
      let count = Foundation.write(number, bytes.baseAddress! + done, bytes.count - done)
      if count < 0 {
        if errno == EINTR { continue }
        throw FormatsError.system(errno, "write", path)
      }
      done += count
    }
  }

  package func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

  /// Reads up to `count` bytes from `offset`; fewer only at the end of the file.
  package func read(_ count: Int, at offset: Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
      while done < count {
        let got = pread(number, buffer.baseAddress! + done, count - done, off_t(offset + done))
        if got < 0 {
          if errno == EINTR { continue }
          throw FormatsError.system(errno, "read", path)
        }
        if got == 0 { break }
        done += got
      }
    }
  }

  /// Waits until the device holds what was written.
  package func synchronize() throws {
    // Pipes and some devices have nothing to synchronise and say EINVAL.
    if fsync(number) != 0, errno != EINVAL { throw FormatsError.system(errno, "write", path) }
  }

  package func truncate(to length: Int) throws {
    if ftruncate(number, off_t(length)) != 0 { throw FormatsError.system(errno, "write", path) }
  }

  /// All bytes of the file at `path`.
  package static func contents(of path: String) throws -> [UInt8] {
    let file = try FileDescriptor(path, O_RDONLY, doing: "read")
    return try file.read(try file.length(), at: 0)
  }
}
