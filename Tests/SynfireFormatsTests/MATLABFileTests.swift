import Foundation
import SynfireCore
import SynfireFormats
import Testing

/// MATLAB files: small ones written here byte by byte, those of h5py, and real ones.
@Suite struct MATLABFileTests {
  /// A writer of version 5, little-endian, without compression.
  private struct Writer {
    var bytes: [UInt8]

    init(version: [UInt8] = [0, 1], text: String = "MATLAB 5.0 MAT-file, of a test") {
      bytes = Array(text.utf8) + [UInt8](repeating: 0x20, count: 124 - text.utf8.count)
      bytes += version + Array("IM".utf8)
    }

    static func element(_ type: UInt32, _ payload: [UInt8]) -> [UInt8] {
      words([type, UInt32(payload.count)]) + payload
        + [UInt8](repeating: 0, count: (8 - payload.count % 8) % 8)
    }

    static func words<Word: FixedWidthInteger>(_ values: [Word]) -> [UInt8] {
      values.flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
    }

    static func doubles(_ values: [Double]) -> [UInt8] { words(values.map(\.bitPattern)) }

    static func array(
      _ name: String, classOf: UInt32, flags: UInt32 = 0, shape: [Int32], parts: [[UInt8]]
    ) -> [UInt8] {
      let content =
        element(6, words([classOf | flags << 8, 0])) + element(5, words(shape))
        + element(1, Array(name.utf8)) + parts.joined()
      return element(14, content)
    }

    mutating func add(_ array: [UInt8]) { bytes += array }
  }

  /// Every kind of variable that the tests look at.
  private func file(_ scratch: Scratch) throws -> String {
    var writer = Writer()
    // [[1, 2, 3], [4, 5, 6]], column by column.
    writer.add(
      Writer.array(
        "matrix", classOf: 6, shape: [2, 3],
        parts: [Writer.element(9, Writer.words([1, 4, 2, 5, 3, 6].map { Double($0).bitPattern }))]))
    writer.add(
      Writer.array(
        "small", classOf: 10, shape: [1, 2],
        parts: [Writer.element(3, Writer.words([Int16(-3), 300]))]))
    writer.add(
      Writer.array(
        "mask", classOf: 9, flags: 2, shape: [2, 1], parts: [Writer.element(2, [1, 0])]))
    writer.add(
      Writer.array(
        "cube", classOf: 7, shape: [2, 1, 2],
        parts: [Writer.element(7, Writer.words([1, 2, 3, 4].map { Float($0).bitPattern }))]))
    writer.add(
      Writer.array(
        "text", classOf: 4, shape: [1, 2],
        parts: [Writer.element(4, Writer.words([UInt16(65), 66]))]))
    writer.add(
      Writer.array(
        "wave", classOf: 6, flags: 8, shape: [1, 1],
        parts: [
          Writer.element(9, Writer.doubles([1.0])),
          Writer.element(9, Writer.doubles([2.0])),
        ]))
    let field = Writer.array(
      "", classOf: 6, shape: [1, 1], parts: [Writer.element(9, Writer.doubles([7.5]))])
    writer.add(
      Writer.array(
        "model", classOf: 2, shape: [1, 1],
        parts: [
          // The length of names, in the short form of an element that matio wants.
          Writer.words([UInt32(4 << 16 | 5), 8]),
          Writer.element(1, Array("gain".utf8) + [0, 0, 0, 0]), field,
        ]))
    let path = scratch.file("made.mat")
    try put(writer.bytes, path)
    return path
  }

  @Test func arraysOfAllKinds() throws {
    let scratch = try Scratch()
    let file = try MATLABFile(try file(scratch))
    #expect(
      file.variables.map(\.name)
        == ["matrix", "small", "mask", "cube", "text", "wave", "model.gain"])
    #expect(
      file.variables.map(\.type)
        == ["double", "int16", "logical", "single", "char", "complex double", "double"])
    let matrix: Tensor<Double> = try file.tensor("matrix")
    #expect(matrix.shape == [2, 3] && matrix.values == [1, 2, 3, 4, 5, 6])
    #expect(try file.tensor("small", as: Float.self).values == [-3, 300])
    #expect(try file.tensor("mask", as: Float.self).values == [1, 0])
    let cube: Tensor<Double> = try file.tensor("cube")
    #expect(cube.shape == [2, 1, 2] && cube.values == [1, 3, 2, 4])
    #expect(try file.tensor("model.gain", as: Double.self).values == [7.5])
    #expect(
      try file.tensors(as: Double.self).names == ["matrix", "small", "mask", "cube", "model.gain"])
  }

  /// They are read, not written.
  @Test func tensorFileKnowsThem() throws {
    let scratch = try Scratch()
    let path = try file(scratch)
    let tensors: NamedTensors<Float> = try TensorFile.read(path)
    #expect(tensors["matrix"]!.values == [1, 2, 3, 4, 5, 6])
    let error = #expect(throws: FormatsError.self) {
      try TensorFile.write(scratch.file("new.mat"), tensors)
    }
    #expect(error?.remedy == "Supported are .h5, .hdf5, .safetensors, .npz.")
  }

  @Test func mistakesNameWhatIsThere() throws {
    let scratch = try Scratch()
    let file = try MATLABFile(try file(scratch))
    let missing = #expect(throws: FormatsError.self) {
      try file.tensor("targets", as: Double.self)
    }
    #expect(missing?.what == "there is no variable targets")
    #expect(missing?.remedy.hasPrefix("There are matrix [2, 3], small [1, 2], mask [2, 1]") == true)
    for (name, type) in [("text", "char"), ("wave", "complex double")] {
      let error = #expect(throws: FormatsError.self) { try file.tensor(name, as: Double.self) }
      #expect(error?.what == "\(name) is of class \(type), which is no array of real numbers")
    }
  }

  @Test func otherFilesAreRefused() throws {
    let scratch = try Scratch()
    func complaint(_ bytes: [UInt8]) throws -> FormatsError? {
      let path = scratch.file("other.mat")
      try put(bytes, path)
      return #expect(throws: FormatsError.self) {
        try MATLABFile(path).tensor("matrix", as: Double.self)
      }
    }
    #expect(throws: FormatsError.self) { try MATLABFile(scratch.file("none.mat")) }
    // Version 4 begins with a type and sizes.
    let four = Writer.words([0, 2, 3, 0, 2].map { UInt32($0) }) + Array("m\0".utf8)
    #expect(try complaint(four)?.remedy.contains("-v7") == true)
    #expect(try complaint(Writer(version: [0, 3]).bytes)?.what.contains("version 3.0") == true)
    #expect(try complaint(Array("MATLAB 5.0".utf8))?.kind == .damaged)
    var whole = Writer()
    whole.add(
      Writer.array(
        "matrix", classOf: 6, shape: [4, 4],
        parts: [Writer.element(9, [UInt8](repeating: 1, count: 128))]))
    #expect(try complaint([UInt8](whole.bytes.dropLast(64)))?.kind == .damaged)
  }

  @Test(.enabled(if: Python.isThere, "needs SYNFIRE_PYTHON, a Python with h5py"))
  func version73() throws {
    let scratch = try Scratch()
    let path = scratch.file("new.mat")
    try Python.run(
      """
      import h5py, sys, numpy as np
      with h5py.File(sys.argv[1], 'w', userblock_size=512) as f:
        def put(group, name, array, kind):
          d = group.create_dataset(name, data=array.T)
          d.attrs['MATLAB_class'] = np.bytes_(kind)
          return d
        put(f, 'matrix', np.array([[1., 2, 3], [4, 5, 6]]), 'double')
        put(f, 'small', np.array([[-3, 300]], np.int16), 'int16')
        put(f, 'mask', np.array([[1], [0]], np.uint8), 'logical').attrs['MATLAB_int_decode'] = np.int32(1)
        g = f.create_group('model')
        g.attrs['MATLAB_class'] = np.bytes_('struct')
        put(g, 'gain', np.array([[7.5]]), 'double')
      with open(sys.argv[1], 'r+b') as f:
        f.write(b'MATLAB 7.3 MAT-file, of a test'.ljust(116) + bytes(8) + b'\\x00\\x02IM')
      """, path)
    let file = try MATLABFile(path)
    #expect(Set(file.variables.map(\.name)) == ["matrix", "small", "mask", "model.gain"])
    let matrix: Tensor<Double> = try file.tensor("matrix")
    #expect(matrix.shape == [2, 3] && matrix.values == [1, 2, 3, 4, 5, 6])
    #expect(try file.tensor("small", as: Float.self).values == [-3, 300])
    #expect(try file.tensor("mask", as: Float.self).values == [1, 0])
    #expect(try file.tensor("model.gain", as: Double.self).values == [7.5])
  }

  /// The published files against the same numbers in HDF5.
  @Test(
    .enabled(if: FactorData.folder != nil, "needs SYNFIRE_DATA with factor-based-snn"),
    arguments: [
      ("cycling_data", ["emg": "emg", "factors": "factors"]), ("reaching_data", ["emg": "emg"]),
      (
        "backprop_trained_rate_net_params",
        [
          "trained_params.predict": "predict", "trained_params.init hiddens": "x0",
          "trained_params.change": "change",
        ]
      ),
    ])
  func publishedFiles(name: String, pairs: [String: String]) throws {
    let folder = try #require(FactorData.folder)
    let file = try MATLABFile("\(folder)/\(name).mat")
    let twin = try HDF5File.open(
      "\(folder)/\(name.hasPrefix("backprop") ? "contextual_integration_rate_net" : name).h5")
    defer { twin.close() }
    for (variable, dataset) in pairs {
      let found: Tensor<Double> = try file.tensor(variable)
      let expected: Tensor<Double> = try twin.tensor(dataset)
      // MATLAB has no vectors, only matrices of one row or column.
      #expect(found.shape.filter { $0 != 1 } == expected.shape)
      #expect(found.values == expected.values, "\(variable)")
    }
  }
}

/// The published data of factor-based spiking networks, in the folder of data sets.
enum FactorData {
  static let folder: String? = {
    guard let data = ProcessInfo.processInfo.environment["SYNFIRE_DATA"] else { return nil }
    let folder = data + "/factor-based-snn"
    return FileManager.default.fileExists(atPath: folder) ? folder : nil
  }()
}
