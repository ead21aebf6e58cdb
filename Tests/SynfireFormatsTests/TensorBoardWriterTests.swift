import Foundation
import SynfireFormats
import Testing

@Suite struct TensorBoardWriterTests {
  /// RFC 3720, appendix B.4, and the usual check value.
  @Test func castagnoliChecksums() {
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.checksum(Array(0..<32)) == 0x46DD_794E)
    #expect(CRC32C.checksum([]) == 0)
  }

  @Test func bytesOfTheFirstEventsByHand() throws {
    let scratch = try Scratch()
    let writer = try TensorBoardWriter(directory: scratch.file("events"), startTime: 1)
    try writer.scalar("a", 2, step: 300, wallTime: 1)
    let bytes = try contents(writer.path)
    let version: [UInt8] =
      [9, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0x1A, 13] + Array("brain.Event:2".utf8)
    #expect(Array(bytes[..<8]) == [24, 0, 0, 0, 0, 0, 0, 0])
    #expect(Array(bytes[12..<36]) == version)
    let event: [UInt8] = [
      9, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F,  // wall_time 1
      0x10, 0xAC, 0x02,  // step 300
      0x2A, 10, 0x0A, 8, 0x0A, 1, 0x61, 0x15, 0, 0, 0, 0x40,  // value { tag "a", simple_value 2 }
    ]
    #expect(Array(bytes[40..<48]) == [UInt8(event.count), 0, 0, 0, 0, 0, 0, 0])
    #expect(Array(bytes[52..<52 + event.count]) == event)
    #expect(bytes.count == 52 + event.count + 4)
  }

  @Test func eachWriterMakesItsOwnFile() throws {
    let scratch = try Scratch()
    let first = try TensorBoardWriter(directory: scratch.path, startTime: 5)
    let second = try TensorBoardWriter(directory: scratch.path, startTime: 5)
    #expect(first.path != second.path)
    #expect(try scratch.names.count == 2)
    #expect(throws: FormatsError.self) { try TensorBoardWriter(directory: first.path + "/x") }
  }

  @Test(.enabled(if: Python.isThere, "needs SYNFIRE_PYTHON, a Python with tensorboard"))
  func tensorBoardReadsScalarsAndHistograms() throws {
    let scratch = try Scratch()
    let values = (0..<100).map(Float.init) + [.nan, .infinity]
    let first = try TensorBoardWriter(directory: scratch.path, startTime: 100)
    try first.scalar("training/loss", 1.5, step: 0, wallTime: 100)
    try first.histogram("weights", values, step: 0, wallTime: 100)
    try first.histogram("constant", [2, 2], step: 0, wallTime: 100)
    try first.histogram("none", [], step: 0, wallTime: 100)
    try first.histogram("counts", counts: [3, 0, 1, 4], from: 0, to: 1, step: 7, wallTime: 100)
    let second = try TensorBoardWriter(directory: scratch.path, startTime: 200)
    try second.scalar("training/loss", 0.25, step: 1000, wallTime: 201)
    try second.scalar("training/loss", .nan, step: 1001, wallTime: 202)
    try Python.run(
      """
      import sys, math
      from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
      a = EventAccumulator(sys.argv[1])
      a.Reload()
      assert a.Tags()['scalars'] == ['training/loss'], a.Tags()
      s = a.Scalars('training/loss')
      assert [(e.step, e.value, e.wall_time) for e in s][:2] == [(0, 1.5, 100), (1000, .25, 201)], s
      assert len(s) == 3 and math.isnan(s[2].value)
      assert sorted(a.Tags()['histograms']) == ['constant', 'counts', 'none', 'weights'], a.Tags()
      h = a.Histograms('weights')[0].histogram_value
      assert (h.min, h.max, h.num, h.sum, h.sum_squares) == (0, 99, 100, 4950, 328350), h
      assert sum(h.bucket) == 100 and len(h.bucket) == len(h.bucket_limit) == 30, h
      assert h.bucket_limit[-1] == 99 and abs(h.bucket_limit[0] - 3.3) < 1e-9, h
      b = a.Histograms('counts')[0]
      assert b.step == 7 and list(b.histogram_value.bucket) == [3, 0, 1, 4], b
      assert list(b.histogram_value.bucket_limit) == [.25, .5, .75, 1] and b.histogram_value.num == 8, b
      assert b.histogram_value.sum == 3 * .125 + .625 + 4 * .875, b
      c = a.Histograms('constant')[0].histogram_value
      assert (c.min, c.max, c.num, sum(c.bucket)) == (2, 2, 2, 2), c
      """, scratch.path)
  }
}
