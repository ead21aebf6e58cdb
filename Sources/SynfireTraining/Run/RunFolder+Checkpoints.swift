import Foundation
import SynfireCore
import SynfireFormats

extension RunFolder {
  /// Puts a checkpoint in place of the last one, which becomes the previous one.
  ///
  /// At every moment `run.h5` is a whole checkpoint: a kill, a full disk or a power cut in the middle
  /// leaves the one before.
  ///
  /// - Throws: `FormatsError` if the file cannot be written.
  public func write(_ checkpoint: Checkpoint) throws {
    let next = path + "/run.next.h5"
    do {
      try checkpoint.write(to: next)
    } catch let error as FormatsError {
      unlink(next)
      throw FormatsError(
        "the checkpoint cannot be written: \(error.what)", place: checkpointPath,
        remedy: error.remedy, kind: error.kind)
    }
    try keepAsPrevious()
    guard rename(next, checkpointPath) == 0 else {
      throw FormatsError.system(errno, "write", checkpointPath)
    }
    try synchronizeFolder()
  }

  /// Reads the last checkpoint, or the previous one if the last is damaged.
  ///
  /// - Returns: the checkpoint, and what the user should know of a damaged one.
  /// - Throws: `TrainingError` if neither can be read.
  public func readCheckpoint() throws -> (checkpoint: Checkpoint, notice: String?) {
    do {
      return (try Checkpoint(contentsOf: checkpointPath), nil)
    } catch let damage as any SynfireError {
      do {
        let previous = try Checkpoint(contentsOf: previousPath)
        return (
          previous,
          "\(checkpointPath) cannot be used (\(damage.what)); "
            + "the previous checkpoint, after batch \(previous.batch), is used instead"
        )
      } catch is any SynfireError {
        let hasPrevious = FileManager.default.fileExists(atPath: previousPath)
        throw TrainingError(
          damage.what, place: checkpointPath,
          remedy: hasPrevious
            ? "run.previous.h5 is damaged too: start the run anew in another folder"
            : "there is no previous checkpoint: start the run anew in another folder")
      }
    }
  }

  /// Reads the checkpoint to go on from. A damaged `run.h5` is set aside as `run.damaged.h5`.
  public func restoreCheckpoint() throws -> (checkpoint: Checkpoint, notice: String?) {
    let (checkpoint, notice) = try readCheckpoint()
    if notice != nil {
      rename(checkpointPath, path + "/run.damaged.h5")
      guard link(previousPath, checkpointPath) == 0 || copy(previousPath, to: checkpointPath) else {
        throw FormatsError.system(errno, "write", checkpointPath)
      }
      try synchronizeFolder()
    }
    return (checkpoint, notice)
  }

  /// Keeps parameters as those of the best validation.
  public func writeBest(_ parameters: NamedTensors<Float>, of checkpoint: Checkpoint) throws {
    var best = checkpoint.withoutState
    best.parameters = parameters
    try best.write(to: bestPath)
  }

  /// The parameters that the run started from, if they were given; the experiment tells others.
  ///
  /// - Throws: `FormatsError` if they cannot be read.
  public func readInitialParameters() throws -> NamedTensors<Float>? {
    guard FileManager.default.fileExists(atPath: initialPath) else { return nil }
    return try Checkpoint(contentsOf: initialPath).parameters
  }

  private func keepAsPrevious() throws {
    guard FileManager.default.fileExists(atPath: checkpointPath) else { return }
    let temporary = path + "/.run.previous.h5.tmp"
    unlink(temporary)
    guard link(checkpointPath, temporary) == 0 || copy(checkpointPath, to: temporary),
      rename(temporary, previousPath) == 0
    else { throw FormatsError.system(errno, "write", previousPath) }
    // A rename onto the same file does nothing.
    unlink(temporary)
  }

  /// For file systems without hard links.
  private func copy(_ source: String, to target: String) -> Bool {
    (try? FileManager.default.copyItem(atPath: source, toPath: target)) != nil
  }

  private func synchronizeFolder() throws {
    try FileDescriptor(path, O_RDONLY, doing: "open the folder").synchronize()
  }
}
