import Foundation
import SynfireCore
import SynfireFormats
import Testing

@Suite struct HDF5FileTests {
  let scratch: Scratch
  let path: String

  init() throws {
    scratch = try Scratch()
    path = scratch.file("run.h5")
  }

  static let storages: [HDF5File.Storage] = [
    .init(), .init(compression: 6), .init(checksums: true), .init(compression: 4, checksums: true),
  ]

  @Test(arguments: storages.indices) func everyKindReturnsAsItWas(_ storage: Int) throws {
    let weights = Tensor<Float>(
      axes: ["neuron", "channel"], shape: [2, 3],
      values: [1, -2.5, .infinity, 0, Float.leastNonzeroMagnitude, 3])
    let scores = Tensor<Double>(axes: ["mode"], shape: [2], values: [.pi, -0.0])
    let scalar = Tensor<Double>(axes: [], shape: [], values: [7])
    let empty = Tensor<Float>(axes: ["a", "b"], shape: [0, 4], values: [])
    var spikes = SpikeTensor(steps: 3, trials: 2, neurons: 70)
    spikes[0, 0, 0] = true
    spikes[2, 1, 69] = true
    spikes[1, 0, 64] = true
    try HDF5File.write(to: path, storage: Self.storages[storage]) { file in
      try file.write(weights, to: "parameters/hidden.input.weights")
      try file.write(scores, to: "parameters/scores")
      try file.write(scalar, to: "scalar")
      try file.write(empty, to: "empty")
      try file.write([Int.min, 0, Int.max], to: "counters/updates")
      try file.write([0, 127, 255] as [UInt8], to: "bytes")
      try file.write("τ = 20 ms\nline", to: "configuration")
      try file.write(["ξ", "", "b"], to: "names")
      try file.write(spikes, to: "recordings/spikes")
      try file.setAttribute("version", "0.1")
      try file.setAttribute("step", 12)
      try file.setAttribute("step", 13)
      try file.setAttribute("loss", 0.25, of: "parameters")
      try file.setAttribute("done", true, of: "parameters/scores")
    }
    let file = try HDF5File.open(path)
    #expect(try file.tensor("parameters/hidden.input.weights") == weights)
    let read: Tensor<Double> = try file.tensor("/parameters/scores")
    #expect(read == scores)
    #expect(read.values[1].sign == .minus)
    #expect(try file.tensor("scalar") == scalar)
    #expect(try file.tensor("empty") == empty)
    #expect(try file.integers("counters/updates") == [Int.min, 0, Int.max])
    #expect(try file.bytes("bytes") == [0, 127, 255])
    #expect(try file.string("configuration") == "τ = 20 ms\nline")
    #expect(try file.strings("names") == ["ξ", "", "b"])
    #expect(try file.spikes("recordings/spikes") == spikes)
    #expect(try file.attribute("version") == .string("0.1"))
    #expect(try file.attribute("step") == .integer(13))
    #expect(try file.attribute("loss", of: "parameters") == .number(0.25))
    #expect(try file.attribute("done", of: "parameters/scores") == .boolean(true))
    #expect(try file.attribute("none") == nil)
    #expect(try file.members(of: "parameters") == ["hidden.input.weights", "scores"])
    #expect(try file.datasets().contains("counters/updates"))
    #expect(file.exists("parameters") && file.isGroup("parameters"))
    #expect(!file.exists("parameters/none/deeper") && !file.isGroup("bytes"))
    let description = try file.describe("parameters/hidden.input.weights")
    #expect(description.element == .float(bits: 32) && description.shape == [2, 3])
  }

  @Test func namedTensorsKeepTheirOrder() throws {
    let tensors = NamedTensors<Float>([
      ("z.weights", Tensor(axes: ["a"], shape: [1], values: [1])),
      ("a.weights", Tensor(axes: ["b"], shape: [2], values: [2, 3])),
    ])
    try HDF5File.write(to: path) { try $0.write(tensors, to: "parameters") }
    let file = try HDF5File.open(path)
    #expect(try file.tensors("parameters") == tensors)
    // The root has no order of its own.
    #expect(
      try file.tensors(as: Float.self).names == ["parameters/a.weights", "parameters/z.weights"])
  }

  @Test func tablesReturnAsTheyWere() throws {
    var table = ColumnTable()
    table.append(["loss": 1, "accuracy": 0.5])
    table.append(["loss": 0.5, "firingRate": 12])
    table.append(["loss": 0.1])
    table.truncate(to: 2)
    try HDF5File.write(to: path) { try $0.write(table, to: "metrics/training") }
    let read = try HDF5File.open(path).table("metrics/training")
    #expect(read.names == ["accuracy", "loss", "firingRate"])
    #expect(read["loss"] == [1, 0.5])
    #expect(read["firingRate"]?[0].isNaN == true && read["firingRate"]?[1] == 12)
    #expect(throws: FormatsError.self) { try ColumnTable([("a", [1]), ("b", [])]) }
  }

  @Test func errorsSayWhatIsThere() throws {
    let absent = #expect(throws: FormatsError.self) { try HDF5File.open(scratch.file("no.h5")) }
    #expect(absent?.kind == .missing)
    try put(Array("not an HDF5 file at all".utf8), scratch.file("text.h5"))
    let text = #expect(throws: FormatsError.self) { try HDF5File.open(scratch.file("text.h5")) }
    #expect(text?.what == "not an HDF5 file")
    try put([], scratch.file("empty.h5"))
    let empty = #expect(throws: FormatsError.self) { try HDF5File.open(scratch.file("empty.h5")) }
    #expect(empty?.kind == .damaged)

    try HDF5File.write(to: path) { file in
      try file.write("text", to: "group/text")
      try file.write([1], to: "numbers")
      #expect(throws: FormatsError.self) { try file.write([2], to: "numbers") }
      #expect(throws: FormatsError.self) { try file.write("a\0b", to: "nul") }
    }
    let file = try HDF5File.open(path)
    let missing = #expect(throws: FormatsError.self) { try file.string("group/none") }
    #expect(missing?.remedy == "The file holds: group/text, numbers.")
    #expect(missing?.place == "\(path), group/none")
    let kind = #expect(throws: FormatsError.self) { try file.integers("group/text") }
    #expect(kind?.what == "the dataset holds strings, wanted are integers")
    #expect(throws: FormatsError.self) { try file.tensor("group/text", as: Float.self) }
    #expect(throws: FormatsError.self) { try file.tensor("group", as: Float.self) }
    #expect(throws: FormatsError.self) { try file.string("numbers") }
    #expect(throws: FormatsError.self) { try file.spikes("numbers") }
  }

  @Test func aBodyThatThrowsKeepsTheOldFile() throws {
    struct Stop: Error {}
    try HDF5File.write(to: path) { try $0.write([1], to: "a") }
    #expect(throws: Stop.self) {
      try HDF5File.write(to: path) { file in
        try file.write([2], to: "a")
        throw Stop()
      }
    }
    #expect(try HDF5File.open(path).integers("a") == [1])
    #expect(try scratch.names == ["run.h5"])
  }

  @Test func equalContentGivesEqualBytes() throws {
    for name in ["one.h5", "two.h5"] {
      try HDF5File.write(to: scratch.file(name)) { file in
        try file.write(Array(0..<1000), to: "a/b")
        try file.write(["x", "y"], to: "strings")
      }
    }
    #expect(try contents(scratch.file("one.h5")) == contents(scratch.file("two.h5")))
  }

  @Test func threadsShareTheLibrary() async throws {
    let scratch = scratch.path
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<8 {
        group.addTask {
          for _ in 0..<5 {
            let path = "\(scratch)/\(index).h5"
            try HDF5File.write(to: path) { try $0.write([index, index], to: "a/b") }
            let read = try HDF5File.open(path).integers("a/b")
            #expect(read == [index, index])
          }
        }
      }
      try await group.waitForAll()
    }
  }
}
