import Foundation
import SynfireCore
import SynfireFormats
import Testing

@Suite struct HDF5SealTests {
  let scratch: Scratch
  let path: String
  let whole: [UInt8]

  init() throws {
    scratch = try Scratch()
    path = scratch.file("run.h5")
    try HDF5File.write(to: path) { file in
      try file.write(Array(0..<20), to: "a/b")
      try file.write("text", to: "c")
    }
    whole = try contents(path)
  }

  @Test func aWrittenFileIsIntact() throws {
    #expect(try HDF5File.verifySeal(path) == .intact)
  }

  @Test func everyFlippedByteIsFound() throws {
    let file = try #require(FileHandle(forUpdatingAtPath: path))
    func put(_ byte: UInt8, at place: Int) throws {
      try file.seek(toOffset: UInt64(place))
      try file.write(contentsOf: [byte])
    }
    for place in whole.indices {
      if place > 0 { try put(whole[place - 1], at: place - 1) }
      try put(whole[place] ^ (place % 2 == 0 ? 0x01 : 0x80), at: place)
      guard case .damaged = try HDF5File.verifySeal(path) else {
        Issue.record("byte \(place) of \(whole.count) was changed without notice")
        return
      }
    }
    let error = #expect(throws: FormatsError.self) { try HDF5File.open(path) }
    #expect(error?.kind == .damaged)
  }

  @Test func everyCutIsFound() throws {
    for length in stride(from: whole.count - 1, through: 0, by: -1) {
      // Without its last 48 bytes the file is a whole one of another program.
      if length == whole.count - 48 { continue }
      try #require(truncate(path, off_t(length)) == 0)
      do {
        let state = try HDF5File.verifySeal(path)
        guard case .damaged = state else {
          Issue.record("\(length) of \(whole.count) bytes are taken for \(state)")
          return
        }
      } catch let error as FormatsError {
        #expect(length < 8, "\(error)")
      }
    }
  }

  @Test func addedBytesAreFound() throws {
    try put(whole + [0], path)
    guard case .damaged = try HDF5File.verifySeal(path) else {
      Issue.record("an added byte went unnoticed")
      return
    }
  }

  @Test func filesOfOtherProgramsAreUnsealedUntilSealed() throws {
    try put(Array(whole.dropLast(48)), path)
    #expect(try HDF5File.verifySeal(path) == .unsealed)
    #expect(try HDF5File.open(path).string("c") == "text")
    try HDF5File.seal(path)
    #expect(try HDF5File.verifySeal(path) == .intact)
    #expect(try contents(path) == whole)
  }

  @Test func aMissingOrOtherFileIsAnError() throws {
    #expect(throws: FormatsError.self) { try HDF5File.verifySeal(scratch.file("none")) }
    #expect(throws: FormatsError.self) { try HDF5File.verifySeal(scratch.path) }
    try put([UInt8](repeating: 65, count: 4000), path)
    #expect(throws: FormatsError.self) { try HDF5File.verifySeal(path) }
  }
}
