import SynfireFormats
import Testing

@Suite struct JSONLinesTests {
  let scratch: Scratch
  let path: String

  init() throws {
    scratch = try Scratch()
    path = scratch.file("log.jsonl")
  }

  @Test func linesAreSortedAndExact() throws {
    let writer = try JSONLinesWriter(path)
    try writer.write([
      "step": 3, "loss": 0.1, "bad": .number(.nan), "worse": .number(-.infinity),
      "name": "a\"\\\n\u{1}ξ", "list": [1, 2.5, nil, true], "nested": ["b": 1, "a": 2],
    ])
    try writer.write([:])
    let expected =
      #"{"bad":null,"list":[1,2.5,null,true],"loss":0.1,"name":"a\"\\\n\u0001ξ","#
      + #""nested":{"a":2,"b":1},"step":3,"worse":null}"# + "\n{}\n"
    #expect(String(decoding: try contents(path), as: UTF8.self) == expected)
    let read = try JSONLines.read(path)
    #expect(read.count == 2)
    #expect(read[0]["step"]?.int == 3 && read[0]["loss"]?.double == 0.1)
    #expect(read[0]["name"]?.string == "a\"\\\n\u{1}ξ")
    #expect(read[0]["bad"] == .null && read[0]["nested"]?["b"] == 1)
    #expect(read[0]["list"] == [1, 2.5, nil, true])
  }

  @Test func aTornLineIsLeftOutAndThenCutOff() throws {
    let first = try JSONLinesWriter(path)
    try first.write(["step": 1])
    try first.write(["step": 2])
    let whole = try contents(path)
    for length in 11..<whole.count {
      try put(Array(whole[..<length]), path)
      #expect(try JSONLines.read(path).count == 1)
    }
    let second = try JSONLinesWriter(path)
    try second.write(["step": 3])
    #expect(try JSONLines.read(path).compactMap { $0["step"]?.int } == [1, 3])
    #expect(try JSONLines.repair(path) == false)
  }

  @Test func resumeDropsWhatCameAfterTheCheckpoint() throws {
    let writer = try JSONLinesWriter(path)
    for step in 0..<5 { try writer.write(["step": .integer(step)]) }
    try JSONLines.filter(path) { ($0["step"]?.int ?? 0) <= 2 }
    #expect(try JSONLines.read(path).compactMap { $0["step"]?.int } == [0, 1, 2])
  }

  @Test func aDamagedLineIsNamed() throws {
    try put(Array("{\"a\":1}\n\n{\"a\":\n[1]\n".utf8), path)
    let error = #expect(throws: FormatsError.self) { try JSONLines.read(path) }
    #expect(error?.what == "line 3 is not a JSON object")
    #expect(error?.place == path)
    let missing = #expect(throws: FormatsError.self) { try JSONLines.read(scratch.file("none")) }
    #expect(missing?.kind == .missing)
  }

  @Test func numbersKeepTheirBits() throws {
    let numbers = [0.1, 1e300, -Double.leastNonzeroMagnitude, 123456789.123, 1 / 3.0]
    try JSONLinesWriter(path).write(["n": .array(numbers.map { .number($0) })])
    #expect(try JSONLines.read(path)[0]["n"] == .array(numbers.map { .number($0) }))
    try JSONLinesWriter(path).write(["i": .integer(Int.max)])
    #expect(try JSONLines.read(path)[1]["i"] == .integer(Int.max))
  }
}
