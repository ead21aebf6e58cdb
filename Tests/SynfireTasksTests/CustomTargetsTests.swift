import Foundation
import SynfireCore
import SynfireFormats
import SynfireTasks
import Testing

/// What a user's file of targets is read as, and what is said when it cannot be.
@Suite struct CustomTargetsTests {
  private static let factorData = ProcessInfo.processInfo.environment["SYNFIRE_DATA"]
    .map { $0 + "/factor-based-snn" }
    .flatMap { FileManager.default.fileExists(atPath: $0) ? $0 : nil }

  private static let whole: [(String, Tensor<Double>)] = [
    ("factors", CustomFile.array(3, 20, 4)), ("outputs", CustomFile.array(3, 20, 2)),
    ("inputs", CustomFile.array(nil, 20, 1)),
    ("lengths", CustomFile.numbers([20, 15, 18])), ("split", CustomFile.numbers([0, 2, 1])),
  ]

  @Test(arguments: ["targets.h5", "targets.npz", "targets.mat", "targets.safetensors"])
  func formatsAreAlike(name: String) throws {
    let file = try CustomFile(Self.whole, named: name)
    let targets = try file.targets()
    #expect(targets == (try CustomFile(Self.whole).targets()))
    #expect(targets.sizes == .init(factors: 4, outputs: 2, inputs: 1, samples: 20))
    #expect(targets.lengths == [20, 15, 18])
    #expect(targets.splits == [.training, .test, .validation])
    #expect(targets.factors[1, 14, 3] == CustomFile.value(1, 14, 3))
    #expect(targets.factors[1, 15, 3] == 0, "past the end of the trial")
    #expect(targets.outputs[2, 17, 1] == CustomFile.value(2, 17, 1))
    #expect(targets.inputs.shape == [1, 20, 1] && targets.inputs[0, 19, 0] != 0)
  }

  /// The recordings of cycling as published, in HDF5, and written as a user would.
  @Test(.enabled(if: factorData != nil, "needs SYNFIRE_DATA with factor-based-snn"))
  func recordingsAreTheSameInAllFormats() throws {
    let folder = try #require(Self.factorData)
    var names = CustomTargets.Names()
    names.outputs = "emg"
    let targets = try CustomTargets(folder + "/cycling_data.mat", names: names)
    #expect(targets.sizes == .init(factors: 12, outputs: 3, inputs: 0, samples: 2000))
    #expect(targets.trials == 1)
    #expect(abs(targets.factorAmplitude - CustomTask.usualFactorAmplitude) < 1e-3)
    #expect(targets == (try CustomTargets(folder + "/cycling_data.h5", names: names)))
    let tensors: NamedTensors<Double> = try TensorFile.read(folder + "/cycling_data.h5")
    for name in ["mine.npz", "mine.mat"] {
      let file = try CustomFile(
        [("factors", tensors["factors"]!), ("emg", tensors["emg"]!)], named: name)
      #expect(targets == (try file.targets(names: names)), "\(name)")
    }
  }

  @Test func singleTrialsHaveTwoAxesOrOne() throws {
    let file = try CustomFile([
      ("factors", CustomFile.array(nil, 20, 4)),
      ("outputs", CustomFile.numbers((0..<20).map { Double($0) })),
    ])
    let targets = try file.targets()
    #expect(targets.sizes == .init(factors: 4, outputs: 1, inputs: 0, samples: 20))
    #expect(targets.lengths == [20] && targets.splits == nil)
    #expect(targets.outputs[0, 7, 0] == 7)
    #expect(Split.allCases.allSatisfy { targets.trials(of: $0) == [0] })
  }

  @Test(arguments: [
    (CustomTargets.AxisOrder.trialChannelTime, [0, 2, 1]), (.timeTrialChannel, [1, 0, 2]),
    (.timeChannelTrial, [1, 2, 0]), (.channelTrialTime, [2, 0, 1]), (.channelTimeTrial, [2, 1, 0]),
  ])
  func otherOrdersOfAxesAreNamed(order: CustomTargets.AxisOrder, axes: [Int]) throws {
    let expected = try CustomFile(Self.whole).targets()
    let file = try CustomFile(
      Self.whole.map { name, array in
        switch array.shape.count {
        case 3: (name, CustomFile.permuted(array, axes))
        case 2:
          (
            name,
            axes.firstIndex(of: 1)! < axes.firstIndex(of: 2)!
              ? array : CustomFile.permuted(array, [1, 0])
          )
        default: (name, array)
        }
      })
    #expect(try file.targets(order: order) == expected)
  }

  /// MATLAB drops an axis of length 1 at the end.
  @Test func aSingleChannelOfManyTrialsIsKnownInMATLAB() throws {
    let outputs = CustomFile.array(3, 20, 1)
    let file = try CustomFile(
      [
        ("factors", CustomFile.array(3, 20, 4)),
        ("outputs", Tensor(axes: ["a", "b"], shape: [3, 20], values: outputs.values)),
      ], named: "dropped.mat")
    let targets = try file.targets()
    #expect(targets.outputs.shape == [3, 20, 1] && targets.outputs.values == outputs.values)
  }

  @Test func whatLiesPastTheEndCountsForNothing() throws {
    let padded = CustomFile.array(2, 20, 3) { trial, time, channel in
      trial == 1 && time >= 12 ? .nan : CustomFile.value(trial, time, channel)
    }
    let lengths = CustomFile.numbers([20, 12])
    let targets = try CustomFile(
      [("factors", padded), ("lengths", lengths)]
    ).targets()
    #expect(targets.factors.firstNonFinite == nil)
    #expect(targets.factors[1, 12, 0] == 0)
  }

  private func complaint(
    _ arrays: [(String, Tensor<Double>)], _ names: CustomTargets.Names = .init()
  ) throws -> String {
    let file = try CustomFile(arrays)
    let error = #expect(throws: (any Error).self) { try file.targets(names: names) }
    let found = try #require(error as? any SynfireError)
    #expect(found.isUserMistake && !found.remedy.isEmpty && found.place.hasPrefix(file.path))
    return "\(found)".replacing(file.path, with: "FILE")
  }

  private func array(
    _ trials: Int?, _ samples: Int, _ channels: Int,
    _ changed: @escaping (Int, Int, Int) -> Double? = { _, _, _ in nil }
  ) -> Tensor<Double> {
    CustomFile.array(trials, samples, channels) {
      changed($0, $1, $2) ?? CustomFile.value($0, $1, $2)
    }
  }

  @Test func numbersThatAreNoneAreFound() throws {
    for value in [Double.nan, .infinity, 1e300] {
      let text = try complaint([
        ("outputs", array(2, 20, 2) { $0 == 1 && $1 == 7 && $2 == 1 ? value : nil })
      ])
      #expect(
        text.hasPrefix("FILE, outputs: \(value) at trial 1, time 7, channel 1, counted from 0"))
    }
    let text = try complaint([
      ("factors", array(nil, 20, 4)),
      ("inputs", array(nil, 20, 1) { _, time, _ in time == 3 ? .nan : nil }),
    ])
    #expect(text.hasPrefix("FILE, inputs: nan at trial 0, time 3, channel 0"))
  }

  @Test func wrongAxesAreSuspected() throws {
    var text = try complaint([("factors", array(nil, 4, 20))])
    #expect(
      text.contains("factors: the array of shape [4, 20] would have 20 channels of 4 samples"))
    #expect(text.contains("task.axes=trial-channel-time"))
    text = try complaint([("factors", array(nil, 20, 4)), ("outputs", array(nil, 2, 20))])
    #expect(text.contains("outputs: the array of shape [2, 20]"))
    text = try complaint([
      ("factors", Tensor(axes: ["a", "b", "c", "d"], shape: [1, 2, 20, 4], repeating: 1))
    ])
    #expect(text.contains("has 4 axes"))
    text = try complaint([("factors", array(nil, 20, 0))])
    #expect(text.contains("is empty"))
    // Named as they are, they are taken.
    let file = try CustomFile([("factors", array(nil, 4, 20))])
    #expect(try file.targets(order: .trialTimeChannel).sizes.factors == 20)
    #expect(try file.targets(order: .trialChannelTime).sizes.factors == 4)
  }

  @Test func lengthsThatDifferAreSaid() throws {
    var text = try complaint([("factors", array(nil, 20, 4)), ("inputs", array(nil, 19, 1))])
    #expect(text.hasPrefix("FILE: inputs have 19 samples a trial, factors 20"))
    text = try complaint([("factors", array(3, 20, 4)), ("outputs", array(2, 20, 1))])
    #expect(text.hasPrefix("FILE: outputs have 2 trials, factors 3"))
    text = try complaint([("factors", array(3, 20, 4)), ("inputs", array(2, 20, 1))])
    #expect(text.contains("inputs have 2 trials, factors 3") && text.contains("all trials share"))
    for lengths in [[20, 21, 3], [20, 0, 3], [20, 2.5, 3], [20, .nan, 3]] {
      text = try complaint([
        ("factors", array(3, 20, 4)), ("lengths", CustomFile.numbers(lengths)),
      ])
      #expect(text.contains("lengths: the length \(lengths[1]) of trial 1"), "\(text)")
    }
    text = try complaint([("factors", array(3, 20, 4)), ("lengths", CustomFile.numbers([20]))])
    #expect(text.contains("there are 1 numbers for 3 trials"))
  }

  @Test func constantTargetsAreRefused() throws {
    var text = try complaint([
      ("factors", array(3, 20, 4) { _, _, channel in channel == 2 ? 0.5 : nil })
    ])
    #expect(text.hasPrefix("FILE, factors: channel 2, counted from 0, is always 0.5"))
    text = try complaint([
      ("factors", array(3, 20, 4)),
      ("outputs", array(3, 20, 2) { _, _, channel in channel == 1 ? 0 : nil }),
    ])
    #expect(text.hasPrefix("FILE, outputs: channel 1, counted from 0, is always 0"))
    // What varies past the end of trials only is constant, and constant inputs are none's business.
    text = try complaint([
      ("factors", array(2, 20, 4) { _, time, channel in channel == 0 ? (time < 9 ? 1 : 2) : nil }),
      ("lengths", CustomFile.numbers([9, 9])),
    ])
    #expect(text.contains("channel 0, counted from 0, is always 1"))
    let file = try CustomFile([
      ("factors", array(nil, 20, 4)), ("inputs", array(nil, 20, 1) { _, _, _ in 1 }),
    ])
    #expect(try file.targets().inputAmplitude == 1)
  }

  @Test func arraysThatAreMissingAreListed() throws {
    var text = try complaint([("pcs", array(nil, 20, 4)), ("emg", array(nil, 20, 2))])
    #expect(text.contains("there is neither factors nor outputs"))
    #expect(text.contains("There are emg [20, 2], pcs [20, 4]."))
    var names = CustomTargets.Names()
    names.inputs = "stimulus"
    text = try complaint([("factors", array(nil, 20, 4))], names)
    #expect(text.hasPrefix("FILE: there is no variable stimulus"))
    #expect(text.contains("There are factors [20, 4]."))
  }

  @Test func splitsAreChecked() throws {
    for (split, words) in [
      ([0.0, 3, 2], "3.0 of trial 1, counted from 0, names no split"),
      ([0, 0, 0], "no trial is for test"), ([2, 2, 1], "no trial is for training"),
    ] {
      let text = try complaint([
        ("factors", array(3, 20, 4)), ("split", CustomFile.numbers(split)),
      ])
      #expect(text.contains(words), "\(text)")
    }
  }
}
