import CHDF5
import Foundation

/// A file of the Hierarchical Data Format, version 5, read or created through the HDF5 C library.
///
/// Datasets and groups are named by their path from the root, such as
/// `parameters/hidden.input.weights`; groups on the way are created. A file is either read
/// (`open`), or created as a whole (`create`, `write(to:)`): it is built in memory and put in place
/// by `commit` in one step, sealed with a checksum (`verifySeal`), so that neither a full disk nor a
/// kill leaves half a file. The C library is not thread-safe: all calls are serialised by one lock,
/// so objects of this type may be shared by threads.
public final class HDF5File: @unchecked Sendable {
  /// How datasets are stored.
  public struct Storage: Sendable {
    /// The level of the deflate filter, 0 (none) to 9.
    public var compression: Int
    /// Whether each chunk of a dataset carries a Fletcher-32 checksum that every HDF5 reader tests.
    public var checksums: Bool

    public init(compression: Int = 0, checksums: Bool = false) {
      self.compression = min(max(compression, 0), 9)
      self.checksums = checksums
    }
  }

  public let path: String
  let identifier: hid_t
  let storage: Storage
  private let isBeingCreated: Bool
  private var isClosed = false

  private init(path: String, identifier: hid_t, storage: Storage, isBeingCreated: Bool) {
    self.path = path
    self.identifier = identifier
    self.storage = storage
    self.isBeingCreated = isBeingCreated
  }

  deinit { close() }

  /// Opens a file for reading.
  ///
  /// - Parameter verifying: whether the checksum of a file that `create` wrote is tested first; it
  ///   reads the whole file once. Files of other programs carry none.
  /// - Throws: `FormatsError` when the file is missing, damaged, or not an HDF5 file.
  public static func open(_ path: String, verifying: Bool = true) throws -> HDF5File {
    let seal = try verifySeal(path, readingAll: verifying)
    if case .damaged(let reason) = seal {
      throw FormatsError(
        "the file is damaged: \(reason)", place: path,
        remedy: "Restore it from a copy, or use an earlier checkpoint.", kind: .damaged)
    }
    return try HDF5Library.locked {
      let access = try HDF5Handle(
        H5Pcreate(synfire_hdf5_file_access()), H5Pclose, "open the file", path)
      synfire_hdf5_without_lock(access.id)
      let identifier = H5Fopen(path, synfire_hdf5_read_only(), access.id)
      if identifier < 0 {
        throw FormatsError(
          "the HDF5 library cannot open the file: \(HDF5Library.lastError())", place: path,
          remedy: "The file is damaged or unfinished; restore it from a copy.", kind: .damaged)
      }
      return HDF5File(
        path: path, identifier: identifier, storage: Storage(), isBeingCreated: false)
    }
  }

  /// Begins a new file; nothing is written to disk before `commit`.
  public static func create(_ path: String, storage: Storage = Storage()) throws -> HDF5File {
    try HDF5Library.locked {
      let access = try HDF5Handle(
        H5Pcreate(synfire_hdf5_file_access()), H5Pclose, "create the file", path)
      guard H5Pset_fapl_core(access.id, 1 << 22, false) >= 0 else {
        throw HDF5Library.failure("create the file", path)
      }
      // The library tells files in memory apart by their name.
      let name = HDF5Library.uniqueName()
      let identifier = H5Fcreate(name, synfire_hdf5_truncate(), 0, access.id)
      guard identifier >= 0 else { throw HDF5Library.failure("create the file", path) }
      return HDF5File(path: path, identifier: identifier, storage: storage, isBeingCreated: true)
    }
  }

  /// Creates a file with the content that `body` writes, replacing the one at `path` in one step.
  ///
  /// When `body` or the disk fails, what was at `path` stays.
  public static func write<Result>(
    to path: String, storage: Storage = Storage(), _ body: (HDF5File) throws -> Result
  ) throws -> Result {
    let file = try create(path, storage: storage)
    defer { file.close() }
    let result = try body(file)
    try file.commit()
    return result
  }

  /// Puts a file begun by `create` in place, sealed, and closes it.
  public func commit() throws {
    precondition(isBeingCreated && !isClosed, "commit of a file that is read or closed")
    let image = try HDF5Library.locked {
      guard H5Fflush(identifier, H5F_SCOPE_LOCAL) >= 0 else {
        throw HDF5Library.failure("write the file", path)
      }
      let size = H5Fget_file_image(identifier, nil, 0)
      guard size > 0 else { throw HDF5Library.failure("write the file", path) }
      return try [UInt8](unsafeUninitializedCapacity: size + Seal.byteCount) { buffer, count in
        guard H5Fget_file_image(identifier, buffer.baseAddress, size) == size else {
          throw HDF5Library.failure("write the file", path)
        }
        count = size
      }
    }
    close()
    try AtomicFile.write(image + Seal(of: image).bytes, to: path)
  }

  /// Closes the file; one that was begun and not committed is dropped.
  public func close() {
    HDF5Library.locked {
      if !isClosed { H5Fclose(identifier) }
      isClosed = true
    }
  }
}
