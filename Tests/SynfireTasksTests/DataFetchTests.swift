import Foundation
import SynfireCore
import SynfireTasks
import Testing

/// A folder with raw files that a mirror serves, a data set that describes them, and an empty data
/// directory.
private final class FetchBench {
  let root: String
  let dataSet: DataSet
  let server: MirrorServer
  var directory: String { root + "/data" }
  var fetch = DataFetch()

  init() throws {
    root =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("synfire-fetch-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(
      atPath: root + "/raw", withIntermediateDirectories: true)
    var files: [DataSetFile] = []
    var stream = RandomStream(seed: 1, stream: "content")
    for (name, count) in [("images", 300_000), ("labels", 5_000)] {
      let path = "\(root)/raw/\(name)"
      let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: stream.next()) }
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      files.append(DataSetFile(name: name, bytes: count, sha256: try rawSHA256(path: path)))
    }
    server = try MirrorServer(folder: root + "/raw")
    dataSet = DataSet(
      name: "tiny", summary: "two files of noise", files: files,
      mirrors: ["\(server.address)/good/"])
    fetch.pause = 0.02
    fetch.stallSeconds = 1
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  var left: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: directory + "/tiny")) ?? []).sorted()
  }

  /// Fetches from the server's mirror of that kind and returns what was reported.
  func run(_ way: String?, mirrors: [String]? = nil) throws -> [DataFetch.Event] {
    var events: [DataFetch.Event] = []
    let set = DataSet(
      name: dataSet.name, summary: "", files: dataSet.files,
      mirrors: mirrors?.map { "\(server.address)/\($0)" } ?? dataSet.mirrors)
    try fetch.fetch(set, into: directory, mirror: way.map { "\(server.address)/\($0)" }) {
      events.append($0)
    }
    return events
  }

  func expectWhole() throws {
    #expect(left == ["images.gz", "labels.gz"])
    for (_, state) in try dataSet.verify(in: directory) {
      guard case .whole = state else {
        Issue.record("\(state)")
        continue
      }
    }
  }
}

private func failures(_ events: [DataFetch.Event]) -> [String] {
  events.compactMap { if case .failed(_, let reason) = $0 { reason } else { nil } }
}

private func offsets(_ events: [DataFetch.Event]) -> [Int] {
  events.compactMap { if case .connecting(_, let offset) = $0 { offset } else { nil } }
}

@Suite(.enabled(if: MirrorServer.isPossible)) struct DataFetchTests {
  @Test func aGoodMirror() throws {
    let bench = try FetchBench()
    #expect(bench.dataSet.states(in: bench.directory).allSatisfy { $0.state == .missing })
    let events = try bench.run(nil)
    try bench.expectWhole()
    #expect(failures(events).isEmpty && offsets(events) == [0, 0])
    #expect(bench.dataSet.states(in: bench.directory).allSatisfy { $0.state.isUsable })
    // A second time there is nothing to do.
    #expect(
      try bench.run(nil) == [.alreadyWhole(file: "images"), .alreadyWhole(file: "labels")])
  }

  @Test func aCutConnectionIsResumed() throws {
    let bench = try FetchBench()
    let events = try bench.run("cut")
    try bench.expectWhole()
    #expect(failures(events).count == 2)
    let starts = offsets(events)
    #expect(starts.count == 4 && starts[0] == 0 && starts[1] > 100_000)
  }

  @Test func aStalledConnectionIsLeftAndResumed() throws {
    let bench = try FetchBench()
    let clock = ContinuousClock.now
    let events = try bench.run("stall")
    #expect(ContinuousClock.now - clock < .seconds(30))
    try bench.expectWhole()
    #expect(failures(events).count == 2)
    #expect(failures(events)[0].contains("too slow"))
    #expect(offsets(events)[1] > 100_000)
  }

  @Test func aServerThatCannotResumeIsAskedForTheWhole() throws {
    let bench = try FetchBench()
    let events = try bench.run("rangeless")
    try bench.expectWhole()
    #expect(offsets(events)[1] > 100_000 && offsets(events)[2] == 0)
  }

  @Test func aCorruptDownloadIsDeletedAndReported() throws {
    let bench = try FetchBench()
    let error = #expect(throws: TasksError.self) { try bench.run("corrupt") }
    #expect(bench.left.isEmpty)
    #expect(error?.what.contains("corrupt and is deleted") == true)
    #expect(error?.what.contains("\(bench.server.address)/corrupt/images.gz") == true)
    #expect(error?.remedy.contains("--mirror") == true && error?.isUserMistake == false)
  }

  @Test func aDownloadCorruptedOnceIsTriedAgain() throws {
    let bench = try FetchBench()
    #expect(failures(try bench.run("once")).count == 2)
    try bench.expectWhole()
  }

  @Test func anEndlessDownloadIsBroken() throws {
    let bench = try FetchBench()
    let error = #expect(throws: TasksError.self) { try bench.run("endless") }
    #expect(error?.what.contains("longer than the file") == true)
    #expect(bench.left.isEmpty)
  }

  @Test func theNextMirrorIsTried() throws {
    let bench = try FetchBench()
    let events = try bench.run(nil, mirrors: ["nothing/", "corrupt/", "good"])
    try bench.expectWhole()
    #expect(failures(events).filter { $0.contains("404") }.count == 2)
    #expect(failures(events).filter { $0.contains("corrupt") }.count == 4)
  }

  @Test func noMirrorAnswers() throws {
    let bench = try FetchBench()
    bench.fetch.attempts = 2
    let error = #expect(throws: TasksError.self) {
      try bench.fetch.fetch(bench.dataSet, into: bench.directory, mirror: "http://127.0.0.1:9/")
    }
    #expect(error?.what.contains("images could not be downloaded") == true)
    #expect(!bench.left.contains("images.gz"))
  }

  @Test func aBrokenFileIsReplacedOnlyByAWholeOne() throws {
    let bench = try FetchBench()
    _ = try bench.run(nil)
    let path = bench.directory + "/tiny/images.gz"
    try Data([0x1f, 0x8b, 1, 2, 3]).write(to: URL(fileURLWithPath: path))
    guard case .broken = try bench.dataSet.verify(in: bench.directory)[0].state else {
      Issue.record("a broken file was not noticed")
      return
    }
    #expect(throws: TasksError.self) { try bench.run("corrupt") }
    #expect(bench.left == ["images.gz", "labels.gz"])
    _ = try bench.run("good")
    try bench.expectWhole()
  }

  @Test func aWholePartOfAKilledRunIsUsed() throws {
    let bench = try FetchBench()
    _ = try bench.run(nil)
    let path = bench.directory + "/tiny/images.gz"
    try FileManager.default.moveItem(atPath: path, toPath: path + ".part")
    #expect(offsets(try bench.run("nothing")).isEmpty)
    try bench.expectWhole()
    // A broken part at full length: the server has nothing after it, so it is fetched anew.
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    try FileManager.default.removeItem(atPath: path)
    try Data(whole.map { $0 ^ 1 }).write(to: URL(fileURLWithPath: path + ".part"))
    _ = try bench.run("good")
    try bench.expectWhole()
  }
}

@Suite struct DataCatalogueTests {
  @Test func unknownNamesAreAnsweredWithAllNames() throws {
    let error = #expect(throws: TasksError.self) { try DataCatalogue.standard.dataSet("minst") }
    #expect(error?.description.contains("mnist, fashion-mnist") == true)
    #expect(try DataCatalogue.standard.dataSet("mnist").files.count == 4)
  }

  @Test func statesOfFilesThatAreMissingOrOfAnotherLength() throws {
    let set = try DataCatalogue.standard.dataSet("mnist")
    #expect(set.states(in: nil).allSatisfy { $0.state == .missing })
    #expect(throws: TasksError.self) { try set.verify(in: "/nowhere/data") }
    let data = try SmallDataSet()
    for (_, state) in set.states(in: data.directory) + (try set.verify(in: data.directory)) {
      guard case .broken = state else {
        Issue.record("\(state)")
        continue
      }
      #expect(!state.isUsable)
    }
  }

  @Test(
    .enabled(if: hasDataSet("mnist") && hasDataSet("fashion-mnist")),
    arguments: ["mnist", "fashion-mnist"])
  func theRealFilesAreWhole(name: String) throws {
    let set = try DataCatalogue.standard.dataSet(name)
    for (_, state) in set.states(in: dataDirectory) {
      guard case .present = state else {
        Issue.record("\(state)")
        continue
      }
    }
    for (_, state) in try set.verify(in: dataDirectory) {
      guard case .whole = state else {
        Issue.record("\(state)")
        continue
      }
    }
  }
}
