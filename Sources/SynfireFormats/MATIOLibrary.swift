import CMATIO
import Synchronization

/// What the library matio says, which would otherwise be printed; used only under the lock of the HDF5
/// library.
enum MATIOLibrary {
  private static let complaint = Mutex("")

  /// Forgets what was said, and listens from now on.
  static func listen() {
    complaint.withLock { $0 = "" }
    _ = Mat_LogInitFunc("synfire") { _, message in
      guard let message else { return }
      let text = String(cString: message)
      MATIOLibrary.complaint.withLock { $0 = text }
    }
  }

  /// What was last said; empty for nothing.
  static var lastComplaint: String { complaint.withLock { $0 } }
}
