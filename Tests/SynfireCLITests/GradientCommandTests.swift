import Foundation
import Synfire
import Testing

/// The worked example of Lin and Huang's network (three neurons, two modes, ten steps) through the
/// files of a user.
struct GradientCommandTests {
  private static let experiment = [
    "smnn/context", "--set", "neurons=3", "--set", "modes=2", "--set", "task.steps=10",
    "--set", "task.stimulusStart=0", "--set", "task.stimulusEnd=5",
  ]

  /// The network of the example has two channels; the other two of the task stay silent.
  private static func write(to folder: WorkFolder) throws {
    func tensor(_ shape: [Int], _ values: [Double]) -> Tensor<Double> {
      Tensor(axes: shape.indices.map { "axis\($0)" }, shape: shape, values: values)
    }
    try TensorFile.write(
      folder.at("parameters.npz"),
      NamedTensors<Double>([
        (
          "hidden.input.weights",
          tensor([3, 4], [0.9, 3.3, 0, 0, 0, 3.6, 0, 0, 6.1, 1.5, 0, 0])
        ),
        ("hidden.recurrent.inputModes", tensor([3, 2], [-0.9, 0.8, -0.5, -2.8, -1.3, 3.8])),
        ("hidden.recurrent.outputModes", tensor([3, 2], [3.8, -2.2, -2.2, -0.5, 1.3, -0.4])),
        ("hidden.recurrent.scores", tensor([2], [2.1, 1.9])),
        ("readout.weights", tensor([1, 3], [-0.5, -2.1, 1.5])),
      ]))
    let inputs = ["11", "10", "11", "01", "10", "00", "11", "00", "01", "11"].flatMap {
      $0.map { $0 == "1" ? 1.0 : 0 } + [0, 0]
    }
    try TensorFile.write(
      folder.at("trials.npz"),
      NamedTensors<Double>([
        ("inputs", tensor([10, 1, 4], inputs)),
        (
          "targets",
          tensor([10, 1, 1], Array(repeating: 0, count: 5) + Array(repeating: 0.1, count: 5))
        ),
      ]))
  }

  private struct Expected {
    let loss: Double
    let readout: [Double]
    let outputModes: [Double]
    let scores: [Double]
  }

  private static let single = Expected(
    loss: 0.38379989027040,
    readout: [
      0, 0, 0.1, -0.0797826348, -0.0746372122, -0.0698236333, -0.0653204967, -0.0611077809,
      0.0428332441, -0.0999292009,
    ],
    outputModes: [
      0.00036481466858, -0.0016366169474, 0.00036481466858, -0.0016366169474, 0.00040586804816,
      -0.0017846403713,
    ],
    scores: [0.00052920568206, 0.0027014325824])
  private static let double = Expected(
    loss: 0.47258361843365,
    readout: [
      0, 0, 0.0967395225, -0.0415928585, -0.0875048402, -0.0997382811, -0.0998823997,
      -0.0958600568, -0.0905677908, -0.1237500366,
    ],
    outputModes: [
      0.00030581376819, -0.0011214556855, 0.00030581376819, -0.0011214556855, 0.00035079971603,
      -0.001267331138,
    ],
    scores: [0.00045016269521, 0.0018604541085])

  @Test(arguments: ["single", "double"], ["safetensors", "h5", "npz"])
  func theWorkedExampleComesOut(_ filter: String, _ format: String) throws {
    let expected = filter == "single" ? Self.single : Self.double
    let folder = try WorkFolder()
    try Self.write(to: folder)
    let choice =
      filter == "single" ? ["--set", "filter={kind: exponential, decay: 30 ms}"] : []
    for (precision, tolerance) in [("double", 1e-10), ("single", 2e-4)] {
      let output = "\(precision).\(format)"
      let outcome = try Program.run(
        ["gradient"] + Self.experiment + choice + [
          "--parameters", "parameters.npz", "--trials", "trials.npz", "--output", output,
          "--precision", precision,
        ], in: folder)
      #expect(outcome.code == 0, "\(outcome.errors)")
      let tensors: NamedTensors<Double> = try TensorFile.read(folder.at(output))
      #expect(abs(tensors["loss"]!.values[0] / expected.loss - 1) < tolerance)
      let spikes = try #require(tensors["spikes"])
      #expect(spikes.shape == [10, 1, 3])
      for (found, wanted) in zip(tensors["readout"]!.values, expected.readout) {
        #expect(abs(found - wanted) < max(tolerance, 1e-10))
      }
      for (name, wanted) in [
        ("gradient.hidden.recurrent.outputModes", expected.outputModes),
        ("gradient.hidden.recurrent.scores", expected.scores),
      ] {
        let found = try #require(tensors[name]).values
        for (a, b) in zip(found, wanted) { #expect(abs(a - b) <= tolerance * abs(b) + 1e-12) }
      }
    }
  }

  /// Two trials of which the file says that the second has ended, against each in a file of its own.
  @Test(arguments: ["single", "double"])
  func trialsMayEndAtDifferentSteps(_ precision: String) throws {
    let folder = try WorkFolder()
    try Self.write(to: folder)
    let one: NamedTensors<Double> = try TensorFile.read(folder.at("trials.npz"))
    func cut(_ name: String, rows: Int) -> Tensor<Double> {
      let tensor = one[name]!
      let width = tensor.shape[2]
      return Tensor(
        axes: tensor.axes, shape: [rows, 1, width],
        values: Array(tensor.values[..<(rows * width)]))
    }
    func twice(_ name: String) -> Tensor<Double> {
      let tensor = one[name]!
      let width = tensor.shape[2]
      let rows = stride(from: 0, to: tensor.count, by: width).map {
        Array(tensor.values[$0..<$0 + width])
      }
      return Tensor(
        axes: tensor.axes, shape: [10, 2, width], values: rows.flatMap { $0 + $0 })
    }
    func run(_ trials: [(String, Tensor<Double>)], _ name: String) throws -> NamedTensors<Double> {
      try TensorFile.write(folder.at("\(name).npz"), NamedTensors(trials))
      let outcome = try Program.run(
        ["gradient"] + Self.experiment + [
          "--parameters", "parameters.npz", "--trials", "\(name).npz", "--precision", precision,
          "--output", "\(name)-gradient.npz",
        ], in: folder)
      #expect(outcome.code == 0, "\(outcome.errors)")
      return try TensorFile.read(folder.at("\(name)-gradient.npz"))
    }
    let whole = try run(
      [("inputs", cut("inputs", rows: 10)), ("targets", cut("targets", rows: 10))], "whole")
    let early = try run(
      [("inputs", cut("inputs", rows: 7)), ("targets", cut("targets", rows: 7))], "early")
    let both = try run(
      [
        ("inputs", twice("inputs")), ("targets", twice("targets")),
        ("lengths", Tensor(axes: ["trial"], shape: [2], values: [10, 7])),
      ], "both")
    // The root of a sum of squares.
    let (a, b) = (whole["loss"]!.values[0], early["loss"]!.values[0])
    let loss = both["loss"]!.values[0]
    let tolerance = precision == "double" ? 1e-12 : 1e-6
    #expect(b > 0 && abs(loss * loss - a * a - b * b) <= tolerance * loss * loss)
    for name in both.names where name.hasPrefix("gradient.") {
      let size = both[name]!.values.map(\.magnitude).max()!
      for (index, value) in both[name]!.values.enumerated() {
        let sum = (a * whole[name]!.values[index] + b * early[name]!.values[index]) / loss
        #expect(abs(sum - value) <= tolerance * size, "\(name)")
      }
    }
    // Nothing happens past the end.
    let spikes = try #require(both["spikes"])
    #expect(spikes.shape == [10, 2, 3])
    #expect((7..<10).allSatisfy { step in (0..<3).allSatisfy { spikes[step, 1, $0] == 0 } })
    #expect(
      (0..<7).allSatisfy { step in
        (0..<3).allSatisfy { spikes[step, 1, $0] == spikes[step, 0, $0] }
      })
  }

  @Test func simulationHasStatesAndSpikes() throws {
    let folder = try WorkFolder()
    try Self.write(to: folder)
    let outcome = try Program.run(
      ["simulate"] + Self.experiment + [
        "--parameters", "parameters.npz", "--trials", "trials.npz", "--output", "states.npz",
      ], in: folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let tensors: NamedTensors<Double> = try TensorFile.read(folder.at("states.npz"))
    #expect(Set(tensors.names) == ["spikes", "potentials", "currents", "readout"])
    let potentials = try #require(tensors["potentials"])
    #expect(potentials.shape == [10, 1, 3])
    #expect(abs(potentials[0, 0, 2] - 0.7232356229) < 1e-6)
    #expect(abs(potentials[2, 0, 0] - 1.4385405140) < 1e-6)
    #expect(abs(tensors["currents"]![2, 0, 1] - 6.0131521657) < 1e-5)
    let spikes = try #require(tensors["spikes"])
    #expect(spikes[1, 0, 2] == 1 && spikes[2, 0, 2] == 0 && spikes[2, 0, 0] == 1)
  }

  @Test(arguments: [
    ("inputs", [10, 1], "`inputs` has shape [10, 1]"),
    ("inputs", [10, 1, 3], "with 4 channels"),
    ("targets", [10, 1], "`targets` has shape [10, 1]"),
    ("targets", [9, 1, 1], "trials.npz: `targets`: targets have shape [9, 1, 1]"),
    ("targets", [9, 1, 1], "give values [time, trial, output] of shape [10, 1, 1]"),
    ("targets", [1], "trials.npz: `targets`: the loss rootSumSquares needs target values"),
    ("lengths", [2], "`lengths` has shape [2]"),
    ("lengths", [1], "trial 0 has length 0"),
    ("inputs", [], "there is no tensor `inputs`"),
    ("targets", [], "there is no tensor `targets`"),
  ])
  func trialsThatDoNotFitAreExplained(_ name: String, _ shape: [Int], _ text: String) throws {
    let folder = try WorkFolder()
    try Self.write(to: folder)
    var tensors: NamedTensors<Double> = try TensorFile.read(folder.at("trials.npz"))
    tensors[name] =
      shape.isEmpty ? nil : Tensor(axes: shape.indices.map(String.init), shape: shape)
    try TensorFile.write(folder.at("trials.npz"), tensors)
    for precision in ["single", "double"] {
      let outcome = try Program.run(
        ["gradient"] + Self.experiment + [
          "--parameters", "parameters.npz", "--trials", "trials.npz", "--output", "x.npz",
          "--precision", precision,
        ], in: folder)
      #expect(outcome.code == 2)
      #expect(outcome.errors.contains(text), "\(outcome.errors)")
      #expect(!folder.exists("x.npz"))
    }
  }

  /// Classes that the readout of windows does not have, as many as it has no windows, and half a window.
  @Test func classesThatDoNotFitAreExplained() throws {
    let folder = try WorkFolder()
    let slots = [
      "--set", "task.slots=4", "--set", "task.slotDuration=5 ms", "--set",
      "task.expectedDelay=8 ms",
    ]
    for (steps, classes, text) in [
      (20, [0, 1, 2, 0], "class 2, but there are 2 outputs"),
      (20, [0, 1, 1], "give 4 classes [window and trial] from 0 to 1"),
      (22, [0, 1, 1, 1], "trials.npz: `inputs`: 22 steps are not a whole number of windows of 5"),
    ] {
      try TensorFile.write(
        folder.at("trials.npz"),
        NamedTensors<Double>([
          ("inputs", Tensor(axes: ["a", "b", "c"], shape: [steps, 1, 100])),
          (
            "targets", Tensor(axes: ["a"], shape: [classes.count], values: classes.map(Double.init))
          ),
        ]))
      let outcome = try Program.run(
        ["gradient", "lsnn/store-recall"] + slots + [
          "--trials", "trials.npz", "--output", "x.npz",
        ], in: folder)
      #expect(outcome.code == 2)
      #expect(outcome.errors.contains(text), "\(outcome.errors)")
      #expect(outcome.errors.contains("trials.npz"), "\(outcome.errors)")
    }
  }
}
