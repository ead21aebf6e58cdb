import Foundation
import SynfireCore
import SynfireFormats
import SynfireTraining
import Testing

/// Where a small file system can be mounted, which takes the rights of root.
struct DiskFullTests {
  static let canMount: Bool = {
    let probe = NSTemporaryDirectory() + "synfire-mount-\(UUID().uuidString)"
    guard let disk = try? SmallDisk(at: probe, kilobytes: 64) else { return false }
    withExtendedLifetime(disk) {}
    return true
  }()

  @Test(.enabled(if: canMount, "a tmpfs cannot be mounted here"))
  func aFullDiskLeavesTheLastGoodCheckpoint() throws {
    let run = try ToyRun(batches: 100_000)
    let disk = try SmallDisk(at: run.root, kilobytes: 256)
    // Metrics of every batch make the checkpoint larger until it does not fit any more.
    run.plan.checkpointEvery = 50
    run.plan.validationEvery = nil
    let error = try #require(throws: TrainingError.self) { try run.start().run() }
    #expect(error.what.contains("the disk is full"))
    #expect(!error.isUserMistake)
    #expect(error.remedy.contains("is kept in"))
    let (kept, notice) = try RunFolder.read(at: run.path).readCheckpoint()
    #expect(notice == nil)
    #expect(kept.batch > 0 && kept.batch % 50 == 0)
    #expect(kept.training.rows == kept.batch)
    // With room again the run goes on.
    try disk.grow(kilobytes: 8192)
    run.plan.batches = kept.batch + 60
    guard case .finished = try run.resume().run() else {
      Issue.record("not finished")
      return
    }
    #expect(try run.checkpoint().batch == kept.batch + 60)
  }
}

/// A file system in memory, mounted on a folder for as long as the object lives.
private final class SmallDisk {
  let path: String

  init(at path: String, kilobytes: Int) throws {
    self.path = path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try SmallDisk.run("mount", ["-t", "tmpfs", "-o", "size=\(kilobytes)k", "tmpfs", path])
  }

  func grow(kilobytes: Int) throws {
    try SmallDisk.run("mount", ["-o", "remount,size=\(kilobytes)k", path])
  }

  deinit {
    try? SmallDisk.run("umount", ["-l", path])
    try? FileManager.default.removeItem(atPath: path)
  }

  private static func run(_ program: String, _ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw TrainingError("\(program) failed with \(process.terminationStatus)")
    }
  }
}
