import Foundation
import SynfireCore
import SynfireTraining
import Testing

struct RunFolderTests {
  @Test func aCheckpointIsReadAsItWasWritten() throws {
    let run = try ToyRun(batches: 12)
    run.plan.keepBest = "meanSquaredError"
    _ = try run.start().run()
    let checkpoint = try run.checkpoint()
    let path = run.root + "/copy.h5"
    try checkpoint.write(to: path)
    #expect(try Checkpoint(contentsOf: path) == checkpoint)
    #expect(checkpoint.manifest == ["synfireVersion": "1", "b": "ü"])
    #expect(checkpoint.seed == 5 && checkpoint.configuration == "name: toy/line\n")
  }

  @Test func aFolderThatExistsIsAnError() throws {
    let run = try ToyRun()
    let folder = try run.create()
    let error = try #require(throws: TrainingError.self) { try run.create() }
    #expect(error.place == folder.path)
    #expect(error.what == "this run folder exists already" && error.remedy.contains("--resume"))
    #expect(error.isUserMistake)
  }

  @Test func aFolderOfSomethingElseIsAnError() throws {
    let run = try ToyRun()
    try FileManager.default.createDirectory(
      atPath: run.path, withIntermediateDirectories: true)
    let note = run.path + "/notes.txt"
    try Data("mine".utf8).write(to: URL(fileURLWithPath: note))
    let error = try #require(throws: TrainingError.self) { try run.create() }
    #expect(error.what == "this folder exists already and is not empty")
    #expect(FileManager.default.contents(atPath: note) == Data("mine".utf8))
  }

  @Test func anEmptyFolderIsTaken() throws {
    let run = try ToyRun()
    try FileManager.default.createDirectory(
      atPath: run.path, withIntermediateDirectories: true)
    _ = try run.create()
    #expect(RunFolder.exists(at: run.path))
    #expect(try FileManager.default.contentsOfDirectory(atPath: run.root) == ["run"])
  }

  @Test func aFolderWithoutARunIsAnError() throws {
    let run = try ToyRun()
    let missing = try #require(throws: TrainingError.self) { try RunFolder.resume(at: run.path) }
    #expect(missing.what == "there is no such run folder")
    _ = try run.start().run()
    try FileManager.default.removeItem(atPath: run.path + "/run.h5")
    let without = try #require(throws: TrainingError.self) { try RunFolder.resume(at: run.path) }
    #expect(without.what == "this folder has no run.h5")
    #expect(without.remedy.contains("run.previous.h5"))
  }

  enum Damage: CaseIterable { case cutShort, cutToNothing, flippedByte, flippedSeal }

  @Test(arguments: Damage.allCases)
  func aDamagedCheckpointFallsBackToThePrevious(_ damage: Damage) throws {
    let whole = try ToyRun()
    _ = try whole.start().run()
    let run = try ToyRun()
    let stop = StopFlag()
    _ = try run.start(stop: stop) { event in
      if case .batch(let progress) = event, progress.batch == 18 { stop.raise(signal: 2) }
    }.run()
    var bytes = try Data(contentsOf: URL(fileURLWithPath: run.path + "/run.h5"))
    switch damage {
    case .cutShort: bytes.removeLast(bytes.count / 3)
    case .cutToNothing: bytes.removeAll()
    case .flippedByte: bytes[bytes.count / 2] ^= 0x10
    case .flippedSeal: bytes[bytes.count - 3] ^= 0x10
    }
    try bytes.write(to: URL(fileURLWithPath: run.path + "/run.h5"))
    let (checkpoint, notice) = try RunFolder.read(at: run.path).readCheckpoint()
    #expect(checkpoint.batch == 14)
    let text = try #require(notice)
    #expect(text.contains("run.h5 cannot be used") && text.contains("after batch 14"))
    // Training goes on from there to the same bits.
    _ = try run.resume().run()
    #expect(try run.checkpoint().parameters == whole.checkpoint().parameters)
    #expect(try run.log() == whole.log())
    #expect(
      FileManager.default.contents(atPath: run.path + "/run.damaged.h5") == bytes)
  }

  @Test func twoDamagedCheckpointsAreAnError() throws {
    let run = try ToyRun()
    _ = try run.start().run()
    for name in ["run.h5", "run.previous.h5"] {
      var bytes = try Data(contentsOf: URL(fileURLWithPath: "\(run.path)/\(name)"))
      bytes[100] ^= 1
      try bytes.write(to: URL(fileURLWithPath: "\(run.path)/\(name)"))
    }
    let error = try #require(throws: TrainingError.self) {
      try RunFolder.read(at: run.path).readCheckpoint()
    }
    #expect(error.place.hasSuffix("run.h5") && error.remedy.contains("damaged too"))
  }

  @Test func twoProgramsDoNotTrainInOneFolder() throws {
    let run = try ToyRun()
    let folder = try run.create()
    let error = try #require(throws: TrainingError.self) { try RunFolder.resume(at: run.path) }
    #expect(error.what == "another program is training in this run folder")
    #expect(try RunFolder.read(at: run.path).readCheckpoint().checkpoint.batch == 0)
    withExtendedLifetime(folder) {}
  }

  /// A program that is started meanwhile has a copy of the lock's descriptor until it runs; it keeps nobody out.
  @Test func aCopyOfTheDescriptorDoesNotKeepTheLock() throws {
    let run = try ToyRun()
    var copies: [Int32] = []
    defer { copies.forEach { close($0) } }
    do {
      let folder = try run.create()
      var (wanted, found) = (stat(), stat())
      #expect(stat(run.path, &wanted) == 0)
      let locks = (Int32(0)..<1024).filter {
        fstat($0, &found) == 0 && found.st_ino == wanted.st_ino && found.st_dev == wanted.st_dev
      }
      copies = locks.map { dup($0) }
      #expect(copies.count == 1)
      withExtendedLifetime(folder) {}
    }
    _ = try RunFolder.resume(at: run.path)
  }

  @Test func remainsOfAKilledProgramAreRemoved() throws {
    let run = try ToyRun()
    // No process has so high a number.
    let partial = run.root + "/.run.2147483646.partial"
    try FileManager.default.createDirectory(atPath: partial, withIntermediateDirectories: true)
    do { _ = try run.create() }
    for name in [".run.next.h5.77-1.tmp", "run.next.h5"] {
      try Data("half".utf8).write(to: URL(fileURLWithPath: "\(run.path)/\(name)"))
    }
    _ = try RunFolder.resume(at: run.path)
    #expect(try FileManager.default.contentsOfDirectory(atPath: run.path) == ["run.h5"])
    #expect(!FileManager.default.fileExists(atPath: partial))
  }
}
