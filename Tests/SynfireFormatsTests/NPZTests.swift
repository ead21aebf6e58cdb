import SynfireCore
import SynfireFormats
import Testing

@Suite struct NPZTests {
  let scratch: Scratch
  let path: String

  init() throws {
    scratch = try Scratch()
    path = scratch.file("arrays.npz")
  }

  @Test func writesTheBytesOfTheFormat() throws {
    let file = scratch.file("a.npy")
    try NPY.write(.float32(Tensor(axes: ["x"], shape: [2], values: [1, -2])), to: file)
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
    let header = text + String(repeating: " ", count: 117 - text.count) + "\n"
    let expected =
      [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(header.utf8)
      + [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0]
    #expect(try contents(file) == expected)
    #expect(
      try NPY.read(file, as: Double.self)
        == Tensor(axes: ["axis0"], shape: [2], values: [1, -2]))
  }

  @Test func everyKindReturnsAsItWas() throws {
    try NPZ.write(
      path,
      [
        ("f", .float32(Tensor(axes: ["a", "b"], shape: [2, 1], values: [.infinity, 0.1]))),
        ("d", .float64(Tensor(axes: [], shape: [], values: [.pi]))),
        ("i", .int64([-1, 1 << 40], shape: [2])),
        ("u", .uint8([0, 255], shape: [1, 2])),
        ("b", .boolean([true, false], shape: [2])),
        ("e", .uint8([], shape: [0, 3])),
      ])
    let read = try NPZ.read(path, as: Double.self)
    #expect(read.names == ["f", "d", "i", "u", "b", "e"])
    #expect(read["f"]?.shape == [2, 1] && read["f"]?.values == [.infinity, Double(Float(0.1))])
    #expect(read["d"]?.shape == [] && read["d"]?.values == [.pi])
    #expect(read["i"]?.values == [-1, 0x1p40])
    #expect(read["u"]?.shape == [1, 2] && read["u"]?.values == [0, 255])
    #expect(read["b"]?.values == [1, 0])
    #expect(read["e"]?.shape == [0, 3])
  }

  @Test func cutsAndFlippedDataAreFound() throws {
    try NPZ.write(path, [("w", .float32(Tensor(axes: ["x"], shape: [3], values: [1, 2, 3])))])
    let whole = try contents(path)
    for length in whole.indices {
      try put(Array(whole[..<length]), path)
      #expect(throws: FormatsError.self, "\(length) bytes") { try NPZ.read(path, as: Float.self) }
    }
    // The content of the entry: behind the local header of 30 bytes and the name of 5.
    for place in 35..<35 + 128 + 12 {
      var bytes = whole
      bytes[place] ^= 1
      try put(bytes, path)
      #expect(throws: FormatsError.self, "byte \(place)") { try NPZ.read(path, as: Float.self) }
    }
    // Anywhere else a flipped byte may not matter, but must not crash.
    for place in whole.indices {
      for flip: UInt8 in [1, 0x80, 0xFF] {
        var bytes = whole
        bytes[place] ^= flip
        try put(bytes, path)
        _ = try? NPZ.read(path, as: Float.self)
      }
    }
  }

  static let headers = [
    "{'descr': '<U4', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
    "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,), }",
    "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<f4'}", "",
  ]

  @Test(arguments: headers) func malformedHeadersAreRefused(_ header: String) throws {
    let file = scratch.file("a.npy")
    let length = [UInt8(header.utf8.count), 0]
    try put(
      [0x93] + Array("NUMPY".utf8) + [1, 0] + length + Array(header.utf8) + [0, 0, 0, 0], file)
    #expect(throws: FormatsError.self) { try NPY.read(file, as: Float.self) }
  }

  @Test(.enabled(if: Python.isThere, "needs SYNFIRE_PYTHON, a Python with numpy"))
  func numPyAgrees() throws {
    try NPZ.write(
      path,
      [
        (
          "hidden.weights",
          .float32(Tensor(axes: ["a", "b"], shape: [2, 2], values: [1, 2, 3, 4]))
        ),
        ("d", .float64(Tensor(axes: [], shape: [], values: [0.1]))),
        ("i", .int64([-5], shape: [1])), ("b", .boolean([true], shape: [1, 1])),
        ("u", .uint8([9], shape: [1])),
      ])
    let (plain, packed) = (scratch.file("plain.npz"), scratch.file("packed.npz"))
    try Python.run(
      """
      import sys, numpy as np
      t = np.load(sys.argv[1])
      assert t.files == ['hidden.weights', 'd', 'i', 'b', 'u'], t.files
      assert t['hidden.weights'].dtype == np.float32
      assert t['hidden.weights'].tolist() == [[1, 2], [3, 4]]
      assert t['d'].shape == () and t['d'] == 0.1
      assert t['i'].dtype == np.int64 and t['i'].tolist() == [-5]
      assert t['b'].dtype == bool and t['b'].tolist() == [[True]]
      assert t['u'].dtype == np.uint8 and t['u'].tolist() == [9]
      a = dict(c=np.arange(24.).reshape(2, 3, 4), h=np.array([0.5], np.float16),
        f=np.asfortranarray(np.arange(24, dtype=np.float32).reshape(2, 3, 4)),
        big=np.array([1, -2], '>i2'), mask=np.array([[True], [False]]), z=np.zeros((300, 300)),
        s=np.float64(7))
      np.savez(sys.argv[2], **a)
      np.savez_compressed(sys.argv[3], **a)
      """, path, plain, packed)
    for file in [plain, packed] {
      let read = try NPZ.read(file, as: Double.self)
      #expect(read.names == ["c", "h", "f", "big", "mask", "z", "s"])
      #expect(read["c"]?.shape == [2, 3, 4] && read["c"]?.values == (0..<24).map(Double.init))
      #expect(read["f"] == read["c"])
      #expect(read["h"]?.values == [0.5] && read["big"]?.values == [1, -2])
      #expect(read["mask"]?.values == [1, 0] && read["s"]?.values == [7])
      #expect(read["z"]?.count == 90_000)
    }
  }
}
