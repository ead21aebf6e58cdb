import Foundation

extension FormatsError {
  /// The error for a system call that failed with `code` (an `errno`) while it was `doing` something
  /// to the file `path`.
  package static func system(_ code: Int32, _ doing: String, _ path: String) -> FormatsError {
    let reason = String(cString: strerror(code))
    switch code {
    case ENOSPC, EDQUOT:
      return FormatsError(
        "cannot \(doing): the disk is full", place: path,
        remedy: "Free some space, or write to another disk; files written before are untouched.",
        kind: .diskFull)
    case ENOENT, ENOTDIR:
      return FormatsError(
        "cannot \(doing): no such file or folder", place: path,
        remedy: "Check the path; relative paths start at the working directory.", kind: .missing)
    case EISDIR:
      return FormatsError(
        "cannot \(doing): it is a folder", place: path, remedy: "Name a file.")
    case EACCES, EPERM, EROFS:
      return FormatsError(
        "cannot \(doing): \(reason)", place: path,
        remedy: "Change the permissions, or choose another path.", kind: .denied)
    default:
      return FormatsError("cannot \(doing): \(reason)", place: path, kind: .system)
    }
  }
}
