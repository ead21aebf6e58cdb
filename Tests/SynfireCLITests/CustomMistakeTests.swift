import Foundation
import Synfire
import Testing

/// Files of targets that cannot be learned: one message with what, where and remedy, exit code 2, nothing
/// written.
struct CustomMistakeTests {
  private static func wave(_ shape: [Int]) -> Tensor<Double> {
    Tensor(
      axes: shape.indices.map { "axis\($0)" }, shape: shape,
      values: (0..<shape.reduce(1, *)).map { sin(0.1 * Double($0)) })
  }

  private static let good = ["factors": wave([50, 3]), "outputs": wave([50, 2])]

  private static func changed(
    _ name: String, _ change: (inout Tensor<Double>) -> Void
  ) -> [String: Tensor<Double>] {
    var arrays = good
    change(&arrays[name]!)
    return arrays
  }

  /// Arrays, and what is said of them.
  struct Case: CustomTestStringConvertible, Sendable {
    let arrays: [String: Tensor<Double>]
    let text: String
    var testDescription: String { text }

    init(_ arrays: [String: Tensor<Double>], _ text: String) {
      (self.arrays, self.text) = (arrays, text)
    }
  }

  private func expectMistake(
    _ folder: WorkFolder, _ file: String, _ settings: [String] = [], says text: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    let outcome = try Program.run(
      ["train", "rate-to-spike/custom", "--set", "targets=\(file)"]
        + settings.flatMap { ["--set", $0] }, in: folder)
    #expect(outcome.code == 2, sourceLocation: sourceLocation)
    #expect(outcome.errors.hasPrefix("error: "), sourceLocation: sourceLocation)
    #expect(outcome.errors.contains(text), "\(outcome.errors)", sourceLocation: sourceLocation)
    // A remedy follows in the next line.
    #expect(outcome.errors.contains("\n  "), "\(outcome.errors)", sourceLocation: sourceLocation)
    #expect(outcome.errors.components(separatedBy: "error: ").count == 2)
    #expect(outcome.output.isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == before)
  }

  @Test(arguments: [
    Case(changed("factors") { $0[7, 1] = .nan }, "factors: nan at trial 0, time 7, channel 1"),
    Case(changed("outputs") { $0[7, 1] = .infinity }, "outputs: inf at trial 0, time 7, channel 1"),
    Case(
      ["factors": wave([3, 50])],
      "the array of shape [3, 50] would have 50 channels of 3 samples"
    ),
    Case(
      good.merging(["inputs": wave([49, 1])]) { $1 }, "inputs have 49 samples a trial, factors 50"),
    Case(
      ["factors": wave([4, 50, 3]), "outputs": wave([3, 50, 2])],
      "outputs have 3 trials, factors 4"
    ),
    Case(
      changed("factors") { for time in 0..<50 { $0[time, 2] = 4 } },
      "factors: channel 2, counted from 0, is always 4"
    ),
    Case(
      changed("outputs") { for time in 0..<50 { $0[time, 0] = 0 } },
      "outputs: channel 0, counted from 0, is always 0"
    ),
    Case(["rates": wave([50, 3])], "There are rates [50, 3]."),
  ])
  func arraysAreExplained(_ mistake: Case) throws {
    let (arrays, text) = (mistake.arrays, mistake.text)
    for name in ["mine.h5", "mine.npz"] {
      let folder = try WorkFolder()
      try TensorFile.write(
        folder.at(name), NamedTensors(arrays.sorted { $0.key < $1.key }.map { ($0, $1) }))
      try expectMistake(folder, name, says: text)
      try expectMistake(folder, folder.at(name), says: "\(folder.at(name))")
    }
  }

  @Test func settingsAreExplained() throws {
    let folder = try WorkFolder()
    try TensorFile.write(
      folder.at("mine.h5"), NamedTensors(Self.good.sorted { $0.key < $1.key }.map { ($0, $1) }))
    for (setting, text) in [
      ("neurons=2", "3 factors cannot be spread over 2 neurons"),
      (
        "task.outputsName=emg",
        "there is no variable emg\n  There are factors [50, 3], outputs [50, 2]"
      ),
      ("task.factorScale=1e-6", "Leave task.factorScale at auto"),
      ("task.axes=time", "known are trial-time-channel, trial-channel-time"),
      ("task.outputScale=[1, 2, 3]", "3 scales for 2 outputs"),
      ("task.stepsPerSample=0", "write a whole number from 1"),
    ] {
      try expectMistake(folder, "mine.h5", [setting], says: text)
    }
  }

  @Test func outputsAloneNeedATeacher() throws {
    let folder = try WorkFolder()
    try TensorFile.write(folder.at("mine.h5"), NamedTensors([("outputs", Self.wave([50, 2]))]))
    for (setting, text) in [
      ("teacher=none", "the task has no factors to feed back"),
      ("components=801", "801 components of 800 units"),
      ("neurons=30", "31 factors cannot be spread over 30 neurons"),
    ] {
      try expectMistake(folder, "mine.h5", [setting], says: text)
    }
  }

  @Test(
    arguments: [
      ("none.mat", nil, "none.mat: cannot read: no such file or folder"),
      ("four.mat", [UInt8](repeating: 0, count: 400), "files of version 4 are not read"),
      ("text.mat", Array("factors = [1 2 3]\n".utf8), "this is no MATLAB file of version 5 or 7.3"),
      ("text.csv", Array("1,2,3\n4,5,6\n".utf8), "neither HDF5, safetensors, NPZ nor MATLAB's"),
      ("text.h5", Array("1,2,3\n4,5,6\n".utf8), "not an HDF5 file"),
      ("text.npz", Array("1,2,3\n4,5,6\n".utf8), "not a zip archive"),
      ("empty.mat", [], "this is no MATLAB file"),
      (
        "nine.mat",
        Array("MATLAB 9.0 MAT-file".utf8) + [UInt8](repeating: 0x20, count: 105) + [
          0, 9, 0x49, 0x4D,
        ],
        "MATLAB files of version 9.0 are not read"
      ),
      (
        "cut.mat", Array("MATLAB 5.0 MAT-file".utf8), "the MATLAB file is damaged"
      ),
    ] as [(String, [UInt8]?, String)])
  func filesAreExplained(_ name: String, _ bytes: [UInt8]?, _ text: String) throws {
    let folder = try WorkFolder()
    if let bytes { try Data(bytes).write(to: URL(fileURLWithPath: folder.at(name))) }
    try expectMistake(folder, name, says: text)
  }

  @Test(arguments: ["mine.h5", "mine.npz", "mine.safetensors"])
  func filesThatAreCutShortAreExplained(_ name: String) throws {
    let folder = try WorkFolder()
    try TensorFile.write(
      folder.at(name), NamedTensors(Self.good.sorted { $0.key < $1.key }.map { ($0, $1) }))
    let url = URL(fileURLWithPath: folder.at(name))
    let bytes = try Data(contentsOf: url)
    try bytes.prefix(bytes.count * 2 / 3).write(to: url)
    try expectMistake(folder, name, says: name)
  }

  /// The variables that a file of MATLAB has are listed where one is missing.
  @Test(
    .enabled(
      if: ProcessInfo.processInfo.environment["SYNFIRE_DATA"].map {
        FileManager.default.fileExists(atPath: $0 + "/factor-based-snn/cycling_data.mat")
      } ?? false, "needs SYNFIRE_DATA with factor-based-snn"))
  func variablesOfMATLABAreListed() throws {
    let data = try #require(ProcessInfo.processInfo.environment["SYNFIRE_DATA"])
    let folder = try WorkFolder()
    let file = data + "/factor-based-snn/cycling_data.mat"
    try expectMistake(
      folder, file, ["task.outputsName=muscles"], says: "there is no variable muscles\n  There are "
    )
    try expectMistake(folder, file, ["task.factorsName=pcs"], says: "factors [2000, 12]")
  }
}
