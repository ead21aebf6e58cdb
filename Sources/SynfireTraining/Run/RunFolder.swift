import Foundation
import SynfireCore
import SynfireFormats

/// The folder of a run: checkpoints, logs, figures and the report.
///
/// | file | what |
/// |---|---|
/// | `run.h5` | the last checkpoint, complete: configuration, parameters, state, metrics, manifest |
/// | `run.previous.h5` | the checkpoint before it, used when `run.h5` turns out damaged |
/// | `best.h5` | the parameters of the best validation |
/// | `initial.h5` | the parameters that the run started from, if they were given |
/// | `log.jsonl` | one JSON object a batch, validation and test |
/// | `events.out.tfevents.*` | the same for TensorBoard |
/// | `figures/` | figures with the data they are drawn from |
/// | `report.html` | the report, one self-contained page |
///
/// An object of this type that was created or opened for training holds a lock on the folder, so that
/// two programs never write to one run.
public final class RunFolder: Sendable {
  public let path: String
  private let lock: FolderLock?

  public var checkpointPath: String { path + "/run.h5" }
  public var previousPath: String { path + "/run.previous.h5" }
  public var bestPath: String { path + "/best.h5" }
  public var initialPath: String { path + "/initial.h5" }
  public var logPath: String { path + "/log.jsonl" }
  public var figuresPath: String { path + "/figures" }
  public var reportPath: String { path + "/report.html" }

  private init(path: String, lock: FolderLock?) {
    self.path = path
    self.lock = lock
  }

  /// Makes the folder of a new run, with its first checkpoint in it.
  ///
  /// The folder appears under its name only when it is complete.
  ///
  /// - Parameter keepsInitial: whether to keep the parameters of this checkpoint, which the experiment and its
  ///   seed do not tell.
  /// - Throws: `TrainingError` if there is something at `path` other than an empty folder,
  ///   `FormatsError` if it cannot be written.
  public static func create(
    at path: String, checkpoint: Checkpoint, keepsInitial: Bool = false
  ) throws -> RunFolder {
    let path = normalized(path)
    try requireNothing(at: path)
    let url = URL(fileURLWithPath: path)
    let parent = url.deletingLastPathComponent().path
    let partial = "\(parent)/.\(url.lastPathComponent).\(getpid()).partial"
    removePartialFolders(of: url.lastPathComponent, in: parent)
    do {
      try FileManager.default.createDirectory(
        atPath: partial, withIntermediateDirectories: true)
    } catch {
      throw TrainingError(
        "the run folder cannot be made", place: path,
        remedy: "choose a folder that can be written to with --out")
    }
    do {
      do {
        try checkpoint.write(to: partial + "/run.h5")
        if keepsInitial { try checkpoint.withoutState.write(to: partial + "/initial.h5") }
      } catch let error as FormatsError {
        // The user knows the folder by the name that it would have had.
        throw FormatsError(
          error.what, place: path + "/run.h5", remedy: error.remedy, kind: error.kind)
      }
      let lock = try FolderLock(partial, shownAs: path)
      // Fails if a folder with something in it has come there meanwhile.
      guard rename(partial, path) == 0 else {
        try requireNothing(at: path)
        throw TrainingError(
          "the run folder cannot be made: \(String(cString: strerror(errno)))", place: path,
          isUserMistake: false)
      }
      return RunFolder(path: path, lock: lock)
    } catch {
      try? FileManager.default.removeItem(atPath: partial)
      throw error
    }
  }

  /// Opens the folder of a run to train on.
  ///
  /// - Throws: `TrainingError` if it is no run folder, or another program is training in it.
  public static func resume(at path: String) throws -> RunFolder {
    let folder = try read(at: path)
    let lock = try FolderLock(folder.path, shownAs: folder.path)
    folder.removeRemains()
    return RunFolder(path: folder.path, lock: lock)
  }

  /// Opens the folder of a run to look at it.
  ///
  /// - Throws: `TrainingError` if there is no folder with `run.h5` at `path`.
  public static func read(at path: String) throws -> RunFolder {
    let path = normalized(path)
    let files = FileManager.default
    var isFolder: ObjCBool = false
    guard files.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
      throw TrainingError(
        isFolder.boolValue || !files.fileExists(atPath: path)
          ? "there is no such run folder" : "this is a file, not a run folder",
        place: path, remedy: "name a folder that `synfire train` wrote")
    }
    let folder = RunFolder(path: path, lock: nil)
    guard files.fileExists(atPath: folder.checkpointPath) else {
      let hasPrevious = files.fileExists(atPath: folder.previousPath)
      throw TrainingError(
        "this folder has no run.h5", place: path,
        remedy: hasPrevious
          ? "copy run.previous.h5 to run.h5 to go on from the checkpoint before the last"
          : "name a folder that `synfire train` wrote, or start a new run in another folder")
    }
    return folder
  }

  /// Whether there is a run folder at `path`.
  public static func exists(at path: String) -> Bool {
    FileManager.default.fileExists(atPath: normalized(path) + "/run.h5")
  }

  private static func normalized(_ path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.path
  }

  /// - Throws: `TrainingError` if there is something at `path` other than an empty folder.
  static func requireNothing(at path: String) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return }
    guard isFolder.boolValue else {
      throw TrainingError(
        "there is a file of this name", place: path, remedy: "choose another folder with --out")
    }
    if let content = try? FileManager.default.contentsOfDirectory(atPath: path), content.isEmpty {
      return
    }
    let isRun = FileManager.default.fileExists(atPath: path + "/run.h5")
    throw TrainingError(
      isRun ? "this run folder exists already" : "this folder exists already and is not empty",
      place: path,
      remedy: isRun
        ? "go on with it by --resume, or choose another folder with --out"
        : "choose another folder with --out")
  }

  /// Removes half-made folders of programs that were killed.
  private static func removePartialFolders(of name: String, in parent: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    for other in names where other.hasPrefix(".\(name).") && other.hasSuffix(".partial") {
      let number = other.dropFirst(name.count + 2).dropLast(".partial".count)
      guard let process = Int32(number), process > 0 else { continue }
      let isGone = kill(process, 0) != 0 && errno == ESRCH
      if isGone || process == getpid() {
        try? FileManager.default.removeItem(atPath: parent + "/" + other)
      }
    }
  }

  /// Removes what a killed program left half-written.
  private func removeRemains() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    for name in names where name.hasPrefix(".") && name.hasSuffix(".tmp") {
      unlink(path + "/" + name)
    }
    unlink(path + "/run.next.h5")
  }
}

/// A lock on a folder, given up with its last reference or with the process.
private final class FolderLock: Sendable {
  private let descriptor: Int32

  init(_ path: String, shownAs shown: String) throws {
    let opened = open(path, O_RDONLY | O_CLOEXEC)
    if opened >= 0, flock(opened, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      // Still a local name: a throw after `descriptor` is set would run `deinit`, which would close the number a
      // second time, by then perhaps that of another thread's file.
      close(opened)
      throw TrainingError(
        "another program is training in this run folder", place: shown,
        remedy: "wait until it is done, or stop it")
    }
    descriptor = opened
  }

  deinit {
    guard descriptor >= 0 else { return }
    // Closing is not enough: a program that is being started from this one still has a copy of the descriptor
    // for a moment, and the lock would last as long as the copy.
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }
}
