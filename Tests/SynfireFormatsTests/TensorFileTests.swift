import SynfireCore
import SynfireFormats
import Testing

@Suite struct TensorFileTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  let tensors = NamedTensors<Double>([
    ("z.weights", Tensor(axes: ["neuron", "channel"], shape: [2, 1], values: [.pi, -1])),
    ("a.scores", Tensor(axes: ["mode"], shape: [1], values: [0.1])),
  ])

  @Test(arguments: ["a.h5", "a.HDF5", "a.safetensors"])
  func tensorsReturnWithTheirAxes(_ name: String) throws {
    let path = scratch.file(name)
    try TensorFile.write(path, tensors)
    #expect(try TensorFile.read(path) == tensors)
    #expect(try TensorFile.read(path, as: Float.self) == tensors.converted(to: Float.self))
  }

  @Test func arraysOfNumPyReturnWithoutTheirAxes() throws {
    let path = scratch.file("a.npz")
    try TensorFile.write(path, tensors)
    let read = try TensorFile.read(path, as: Double.self)
    #expect(read.names == tensors.names)
    #expect(read["z.weights"]?.values == [.pi, -1] && read["z.weights"]?.shape == [2, 1])
    #expect(read["z.weights"]?.axes == ["axis0", "axis1"])
  }

  @Test func theContentDecidesNotTheName() throws {
    try SafeTensors.write(scratch.file("a.h5"), tensors)
    #expect(try TensorFile.read(scratch.file("a.h5")) == tensors)
    try HDF5File.write(to: scratch.file("a.npz")) { try $0.write(tensors, to: "/") }
    #expect(try TensorFile.read(scratch.file("a.npz")) == tensors)
  }

  @Test func theFileOfARunStandsForItsParameters() throws {
    let path = scratch.file("run.h5")
    try HDF5File.write(to: path) { file in
      try file.write(tensors, to: "parameters")
      try file.write("text", to: "configuration")
      try file.write([1, 2], to: "counters")
    }
    #expect(try TensorFile.read(path) == tensors)
    #expect(
      try TensorFile.read(path, group: "/", as: Double.self).names
        == ["counters", "parameters/a.scores", "parameters/z.weights"])
    #expect(throws: FormatsError.self) { try TensorFile.read(path, group: "x", as: Double.self) }
  }

  @Test func unknownNamesAndContentsAreRefused() throws {
    for name in ["a.txt", "a", "a.h5.bak"] {
      let error = #expect(throws: FormatsError.self) {
        try TensorFile.write(scratch.file(name), tensors)
      }
      #expect(error?.remedy == "Supported are .h5, .hdf5, .safetensors, .npz.")
    }
    #expect(try scratch.names.isEmpty)
    try put(Array("some text that is no tensor".utf8), scratch.file("t"))
    let text = #expect(throws: FormatsError.self) {
      try TensorFile.read(scratch.file("t"), as: Double.self)
    }
    #expect(text?.what == "the file is neither HDF5, safetensors, NPZ nor MATLAB's")
    let missing = #expect(throws: FormatsError.self) {
      try TensorFile.read(scratch.file("none"), as: Double.self)
    }
    #expect(missing?.kind == .missing)
    #expect(throws: FormatsError.self) { try TensorFile.read(scratch.path, as: Double.self) }
    try put([], scratch.file("empty.h5"))
    #expect(throws: FormatsError.self) {
      try TensorFile.read(scratch.file("empty.h5"), as: Double.self)
    }
  }
}
