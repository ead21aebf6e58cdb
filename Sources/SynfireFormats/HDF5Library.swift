import CHDF5
import CMATIO
import CZlib
import Foundation
import Synchronization

/// The HDF5 C library behind one lock, its own printing of errors turned off.
enum HDF5Library {
  private static let lock: NSRecursiveLock = {
    H5open()
    return NSRecursiveLock()
  }()
  private static let files = Atomic<Int>(0)

  /// Runs `body` while no other thread is in the library. May be nested.
  static func locked<Result>(_ body: () throws -> Result) rethrows -> Result {
    lock.lock()
    defer { lock.unlock() }
    // The library keeps this setting a thread where it is built for threads.
    synfire_hdf5_silence()
    return try body()
  }

  static func uniqueName() -> String {
    "synfire-\(files.wrappingAdd(1, ordering: .relaxed).newValue).h5"
  }

  /// What the library says about its last failure.
  static func lastError() -> String {
    synfire_hdf5_last_error().map { String(cString: $0) } ?? "no reason given"
  }

  /// The error for a call that failed without a more specific cause.
  static func failure(_ doing: String, _ place: String) -> FormatsError {
    FormatsError(
      "the HDF5 library cannot \(doing): \(lastError())", place: place, kind: .system)
  }
}

/// The C libraries behind the formats, by name and version.
public enum FormatLibraries {
  public static var versions: [(name: String, version: String)] {
    var (major, minor, release): (UInt32, UInt32, UInt32) = (0, 0, 0)
    HDF5Library.locked { _ = H5get_libversion(&major, &minor, &release) }
    var matio: (Int32, Int32, Int32) = (0, 0, 0)
    Mat_GetLibraryVersion(&matio.0, &matio.1, &matio.2)
    return [
      ("hdf5", "\(major).\(minor).\(release)"),
      ("matio", "\(matio.0).\(matio.1).\(matio.2)"), ("zlib", String(cString: zlibVersion())),
    ]
  }
}

/// An identifier of the library, closed with its last reference; used only under the lock.
final class HDF5Handle {
  let id: hid_t
  private let closing: (hid_t) -> herr_t

  /// Takes over an identifier that a call just returned; a negative one is an error.
  init(
    _ id: hid_t, _ closing: @escaping (hid_t) -> herr_t, _ doing: String, _ place: String
  ) throws {
    if id < 0 { throw HDF5Library.failure(doing, place) }
    self.id = id
    self.closing = closing
  }

  deinit { _ = closing(id) }
}
