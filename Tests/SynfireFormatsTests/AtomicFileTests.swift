import Foundation
import SynfireFormats
import Testing

@Suite struct AtomicFileTests {
  @Test func replacesAFileAndLeavesNothingElse() throws {
    let scratch = try Scratch()
    let path = scratch.file("a.txt")
    try AtomicFile.write("one", to: path)
    try AtomicFile.write("two", to: path)
    #expect(try contents(path) == Array("two".utf8))
    #expect(try scratch.names == ["a.txt"])
  }

  @Test func aThrowingBodyKeepsTheOldFile() throws {
    struct Stop: Error {}
    let scratch = try Scratch()
    let path = scratch.file("a.txt")
    try AtomicFile.write("old", to: path)
    #expect(throws: Stop.self) {
      try AtomicFile.write(to: path) { temporary in
        try put([1, 2, 3], temporary)
        throw Stop()
      }
    }
    #expect(try contents(path) == Array("old".utf8))
    #expect(try scratch.names == ["a.txt"])
  }

  @Test func theOldFileIsThereUntilTheEnd() throws {
    let scratch = try Scratch()
    let path = scratch.file("a.txt")
    try AtomicFile.write("old", to: path)
    try AtomicFile.write(to: path) { temporary in
      #expect(temporary.hasPrefix(scratch.path + "/"))
      try put(Array("new".utf8), temporary)
      #expect(try contents(path) == Array("old".utf8))
    }
    #expect(try contents(path) == Array("new".utf8))
  }

  @Test func errorsNameTheFileAndTheCause() throws {
    let scratch = try Scratch()
    let error = #expect(throws: FormatsError.self) {
      try AtomicFile.write("x", to: scratch.file("no/such/a.txt"))
    }
    #expect(error?.kind == .missing)
    #expect(error?.place == scratch.file("no/such/a.txt"))
    #expect(throws: FormatsError.self) { try AtomicFile.write("x", to: scratch.path) }
    #expect(try scratch.names.isEmpty)
  }

  @Test func aDeviceOrPipeIsNotReplaced() throws {
    let scratch = try Scratch()
    let path = scratch.file("pipe.npz")
    #expect(mkfifo(path, 0o600) == 0)
    let error = #expect(throws: FormatsError.self) { try AtomicFile.write("x", to: path) }
    #expect(error?.isUserMistake == true && error?.what.contains("a pipe") == true)
    var status = stat()
    #expect(stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
    #expect(try scratch.names == ["pipe.npz"])
  }

  @Test func permissionsAreTheUsersToMendAndAFullDiskIsAFailure() {
    for code in [EACCES, EPERM, EROFS] {
      let error = FormatsError.system(code, "write", "a")
      #expect(error.kind == .denied && error.isUserMistake)
    }
    for code in [ENOSPC, EIO] {
      #expect(!FormatsError.system(code, "write", "a").isUserMistake)
    }
  }

  @Test(.enabled(if: SmallDisk.canMount, "needs the right to mount a tmpfs"))
  func aFullDiskIsSaidAndTheOldFileStays() throws {
    try SmallDisk.with(bytes: 64 << 10) { folder in
      let path = folder + "/a.bin"
      try AtomicFile.write([UInt8](repeating: 7, count: 1000), to: path)
      let error = #expect(throws: FormatsError.self) {
        try AtomicFile.write([UInt8](repeating: 8, count: 1 << 20), to: path)
      }
      #expect(error?.kind == .diskFull)
      #expect(error?.isUserMistake == false)
      #expect(error?.place == path)
      #expect(try contents(path) == [UInt8](repeating: 7, count: 1000))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.bin"])

      let data = folder + "/run.h5"
      try HDF5File.write(to: data) { try $0.write([1, 2, 3], to: "a") }
      let full = #expect(throws: FormatsError.self) {
        try HDF5File.write(to: data) { try $0.write(Array(0..<50_000), to: "a") }
      }
      #expect(full?.kind == .diskFull)
      #expect(try HDF5File.open(data).integers("a") == [1, 2, 3])
    }
  }
}

/// A memory file system with room for little, to test full disks.
enum SmallDisk {
  static let canMount: Bool = {
    do {
      try with(bytes: 64 << 10) { _ in }
      return true
    } catch { return false }
  }()

  static func with(bytes: Int, _ body: (String) throws -> Void) throws {
    let scratch = try Scratch()
    try execute(
      "/bin/mount", ["-t", "tmpfs", "-o", "size=\(bytes)", "tmpfs", scratch.path])
    defer { _ = try? execute("/bin/umount", ["-l", scratch.path]) }
    try body(scratch.path)
  }
}
