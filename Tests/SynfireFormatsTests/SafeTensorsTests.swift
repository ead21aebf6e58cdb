import SynfireCore
import SynfireFormats
import Testing

@Suite struct SafeTensorsTests {
  let scratch: Scratch
  let path: String

  init() throws {
    scratch = try Scratch()
    path = scratch.file("weights.safetensors")
  }

  /// A file by hand: the header, filled up to a multiple of 8 bytes, and the data.
  static func file(_ header: String, _ data: [UInt8]) -> [UInt8] {
    var text = Array(header.utf8)
    text += [UInt8](repeating: 0x20, count: -text.count & 7)
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + data
  }

  @Test func writesTheBytesOfTheFormat() throws {
    let tensors = NamedTensors<Float>([
      ("w", Tensor(axes: ["neuron", "channel"], shape: [1, 2], values: [1, -2]))
    ])
    try SafeTensors.write(path, tensors, metadata: ["by": "ξ"])
    let expected = Self.file(
      #"{"__metadata__":{"axes.w":"neuron,channel","by":"ξ"},"#
        + #""w":{"data_offsets":[0,8],"dtype":"F32","shape":[1,2]}}"#,
      [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0])
    #expect(try contents(path) == expected)
    let read = try SafeTensors.read(path, as: Float.self)
    #expect(read == SafeTensors.Contents(tensors: tensors, metadata: ["by": "ξ"]))
  }

  @Test func doublesAndOrderReturnAsTheyWere() throws {
    let tensors = NamedTensors<Double>([
      ("z", Tensor(axes: ["mode"], shape: [2], values: [.pi, -.infinity])),
      ("a", Tensor(axes: [], shape: [], values: [.leastNonzeroMagnitude])),
      ("empty", Tensor(axes: ["x"], shape: [0], values: [])),
      ("b\"\\\n", Tensor(axes: ["x"], shape: [1], values: [3])),
    ])
    try SafeTensors.write(path, tensors)
    #expect(try SafeTensors.read(path).tensors == tensors)
  }

  @Test func halfPrecisionIsConverted() throws {
    let halves: [UInt16] = [0x3C00, 0xC000, 0x7BFF, 0x0001, 0x8400, 0x7C00, 0x3555]
    let values: [Float] = [
      1, -2, 65504, 0x1p-24, -0x1p-14, .infinity, 0x1.554p-2,
    ]
    let brains: [UInt16] = [0x3F80, 0xC040, 0x7F80]
    let data = (halves + brains).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    try put(
      Self.file(
        #"{"h":{"dtype":"F16","shape":[7],"data_offsets":[0,14]},"#
          + #""b":{"dtype":"BF16","shape":[3],"data_offsets":[14,20]}}"#, data), path)
    let read = try SafeTensors.read(path, as: Float.self).tensors
    #expect(read["h"]?.values == values)
    #expect(read["b"]?.values == [1, -3, .infinity])
    #expect(read["h"]?.axes == ["axis0"])
  }

  static let malformed: [(String, [UInt8])] = [
    ("empty", []),
    ("no length", [1, 2, 3]),
    ("huge length", [255, 255, 255, 255, 255, 255, 255, 255, 0x7B]),
    ("length over the limit", [0, 0, 0, 0, 1, 0, 0, 0, 0x7B]),
    ("header cut short", [200, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D]),
    ("not JSON", file(#"{"w":"#, [])),
    ("not an object", file("[1]", [])),
    ("entry without dtype", file(#"{"w":{"shape":[1],"data_offsets":[0,4]}}"#, [0, 0, 0, 0])),
    ("extra key", file(#"{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}}"#, [])),
    ("unknown type", file(#"{"w":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}"#, [0])),
    ("negative length", file(#"{"w":{"dtype":"U8","shape":[-1],"data_offsets":[0,0]}}"#, [])),
    (
      "overflow",
      file(
        #"{"w":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#, [])
    ),
    (
      "size and shape",
      file(#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, [0, 0, 0, 0])
    ),
    ("backwards", file(#"{"w":{"dtype":"U8","shape":[0],"data_offsets":[2,1]}}"#, [0, 0])),
    ("gap", file(#"{"w":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#, [0, 0])),
    (
      "overlap",
      file(
        #"{"v":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"#
          + #""w":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#, [0, 0, 0])
    ),
    ("data cut short", file(#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, [0])),
    ("data too long", file(#"{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, [0, 0])),
    ("metadata of numbers", file(#"{"__metadata__":{"a":1}}"#, [])),
    (
      "axes",
      file(
        #"{"__metadata__":{"axes.w":"a,b"},"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#,
        [0])
    ),
  ]

  @Test(arguments: malformed.indices) func malformedFilesAreRefused(_ index: Int) throws {
    try put(Self.malformed[index].1, path)
    let error = #expect(throws: FormatsError.self, "\(Self.malformed[index].0)") {
      try SafeTensors.read(path, as: Float.self)
    }
    #expect(error?.place == path)
  }

  @Test func namesThatCannotBeStoredAreRefused() throws {
    let comma = NamedTensors<Float>([("w", Tensor(axes: ["a,b"], shape: [1]))])
    #expect(throws: FormatsError.self) { try SafeTensors.write(path, comma) }
    let reserved = NamedTensors<Float>([("__metadata__", Tensor(axes: ["a"], shape: [1]))])
    #expect(throws: FormatsError.self) { try SafeTensors.write(path, reserved) }
    #expect(try scratch.names.isEmpty)
  }

  @Test(.enabled(if: Python.isThere, "needs SYNFIRE_PYTHON, a Python with safetensors"))
  func thePythonPackageAgrees() throws {
    let tensors = NamedTensors<Float>([
      (
        "hidden.input.weights",
        Tensor(axes: ["n", "c"], shape: [2, 3], values: [0, 1, 2, 3, 4, 5.5])
      ),
      ("odd", Tensor(axes: ["n"], shape: [1], values: [0.1])),
    ])
    try SafeTensors.write(path, tensors, metadata: ["seed": "7"])
    let back = scratch.file("back.safetensors")
    try Python.run(
      """
      import sys, numpy as np
      from safetensors import safe_open
      from safetensors.numpy import load_file, save_file
      t = load_file(sys.argv[1])
      w = t['hidden.input.weights']
      assert w.dtype == np.float32 and w.tolist() == [[0, 1, 2], [3, 4, 5.5]], w
      assert t['odd'][0] == np.float32(0.1)
      m = safe_open(sys.argv[1], 'np').metadata()
      assert m == {'seed': '7', 'axes.hidden.input.weights': 'n,c', 'axes.odd': 'n'}, m
      save_file({'d': np.array([[1.5], [2]]), 'f': np.array(3, np.float32),
        'h': np.array([0.1, 6e-8], np.float16), 'labels': np.array([9, -1]),
        'mask': np.array([True, False]), 'u': np.array([2**40], np.uint64)},
        sys.argv[2], metadata={'a': 'b'})
      """, path, back)
    let read = try SafeTensors.read(back, as: Double.self)
    #expect(
      read.tensors["d"] == Tensor(axes: ["axis0", "axis1"], shape: [2, 1], values: [1.5, 2]))
    #expect(read.tensors["f"] == Tensor(axes: [], shape: [], values: [3]))
    #expect(read.tensors["h"]?.values == [0.0999755859375, 0x1p-24])
    #expect(read.tensors["labels"]?.values == [9, -1])
    #expect(read.tensors["mask"]?.values == [1, 0])
    #expect(read.tensors["u"]?.values == [0x1p40])
    #expect(read.metadata == ["a": "b"])
  }
}
