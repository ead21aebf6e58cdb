import Foundation
import SynfireCore
import SynfireFormats

/// Reaching in eight directions with the activity of two muscles, at steps of 1 ms (DePasquale et al. 2023,
/// `reaching_data.mat`).
///
/// A trial is a rest, a movement of 810 ms in a direction c of 1 to 8 drawn at random, and a rest; both
/// rests have round((400 + round(x)) / 2) steps, x exponential of mean 2000.
///
///     inputs:   1 in the first 350 ms of the movement;  0.5 cos(2 pi c / 8), 0.5 sin(2 pi c / 8) in all of it
///     outputs:  -2 EMG_1, 2 EMG_2, 0 at rest;  -0.5 always
///
/// Condition of a trial: `direction` (0 to 7).
public struct ReachingTask: TrialTask {
  public static let dataSet = CyclingTask.dataSet
  public static let fileName = "reaching_data.mat"
  public static let channels = 3
  public static let outputs = 3
  /// Steps of the movement.
  public static let movementSteps = 810
  /// The mean length of a trial in steps.
  public static let meanSteps = movementSteps + 2400
  static let directions = 8
  private static let samples = 81
  private static let holdSteps = 350
  /// Steps that a sample is held.
  private static let stepsPerSample = 10

  public var name: String { "reaching" }
  public var inputChannels: Int { Self.channels }
  public var outputs: Int { Self.outputs }
  public var steps: Int { Self.meanSteps }
  /// Axes [direction, sample of 10 ms, muscle].
  public let muscles: Tensor<Double>
  private let path: String

  /// - Parameter directory: the data directory; nil if the user has named none.
  /// - Throws: `TasksError` when the file is missing or not what it should be, `FormatsError` when it is
  ///   damaged.
  public init(directory: String?) throws {
    path = try CyclingTask.files(directory, folder: "reaching").path(Self.fileName)
    muscles = try CyclingTask.tensor(
      "emg", of: MATLABFile(path), shape: [Self.directions, Self.samples, 2])
  }

  public func size(of split: Split) -> Int? { nil }

  /// What is drawn for a trial.
  struct Draw {
    let direction: Int
    /// Steps of rest before the movement, and after it.
    let rest: Int
    var length: Int { 2 * rest + ReachingTask.movementSteps }

    init(_ stream: inout RandomStream) {
      direction = min(ReachingTask.directions - 1, Int(stream.uniform() * 8))
      rest = Int(((400 + (2000 * stream.exponential()).rounded()) / 2).rounded())
    }
  }

  public func batch(_ split: Split, index: Int, trials: Int, seed: UInt64) throws -> TrialBatch {
    try checkBatch(name: name, index: index, trials: trials)
    let streams = RandomStream(seed: seed, stream: "\(name).\(split.rawValue)")
    let draws = (0..<trials).map { trial in
      var stream = streams.at(step: 0, trial: UInt64(index * trials + trial))
      return Draw(&stream)
    }
    let steps = draws.map(\.length).max() ?? 0
    var inputs = Tensor<Float>(
      axes: ["time", "trial", "channel"], shape: [steps, trials, Self.channels])
    var targets = Tensor<Float>(
      axes: ["time", "trial", "output"], shape: [steps, trials, Self.outputs])
    for (trial, draw) in draws.enumerated() {
      for time in 0..<draw.length {
        let row = time * trials + trial
        write(draw, time, inputs: &inputs, at: row * 3, targets: &targets, at: row * 3)
      }
    }
    return TrialBatch(
      inputs: .analog(inputs), targets: .values(targets),
      conditions: ["direction": draws.map(\.direction)], lengths: draws.map(\.length))
  }

  /// Writes a step of a trial.
  func write(
    _ draw: Draw, _ time: Int, inputs: inout Tensor<Float>, at input: Int,
    targets: inout Tensor<Float>, at target: Int
  ) {
    targets.values[target + 2] = -0.5
    let step = time - draw.rest
    guard (0..<Self.movementSteps).contains(step) else { return }
    let angle = 2 * Double.pi * Double(draw.direction + 1) / 8
    inputs.values[input] = step < Self.holdSteps ? 1 : 0
    inputs.values[input + 1] = Float(0.5 * cos(angle))
    inputs.values[input + 2] = Float(0.5 * sin(angle))
    let sample = step / Self.stepsPerSample
    targets.values[target] = Float(-2 * muscles[draw.direction, sample, 0])
    targets.values[target + 1] = Float(2 * muscles[draw.direction, sample, 1])
  }

  /// `outputError`: the squared error of a trial over its squared targets, the median over trials.
  public func metrics(readout: Tensor<Float>, of batch: TrialBatch) -> [String: Double] {
    ["outputError": normalizedError(readout, batch, outputs: 0..<outputs)].compactMapValues { $0 }
  }

  public func dataHashes() throws -> [String: String] { [path: try rawSHA256(path: path)] }
}
