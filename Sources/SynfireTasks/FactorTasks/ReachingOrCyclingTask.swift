import SynfireCore

/// Two tasks for one network: each trial is reaching or cycling, with probability 1/2 (DePasquale et al.
/// 2023, code).
///
/// Inputs are those of `ReachingTask`, then that of `CyclingTask`; targets are the factors of cycling, then the
/// outputs of reaching, then the muscles of cycling. What belongs to the other task is 0. A second of rest
/// follows cycling, in which its factors and muscles are 0 and its input is 1.
///
/// Conditions of a trial: `direction` (0 to 7), `taught`: 1 for reaching, which is the part that a rate network
/// makes factors for.
public struct ReachingOrCyclingTask: TrialTask {
  public static let channels = ReachingTask.channels + 1
  public static let outputs = CyclingTask.factors + ReachingTask.outputs + CyclingTask.muscles
  /// The mean length of a trial in steps.
  public static let meanSteps = (ReachingTask.meanSteps + CyclingTask.steps + restSteps) / 2
  private static let restSteps = 1000

  public var name: String { "reaching-or-cycling" }
  public var inputChannels: Int { Self.channels }
  public var outputs: Int { Self.outputs }
  public var factors: Int { CyclingTask.factors }
  public var steps: Int { Self.meanSteps }
  private let reaching: ReachingTask
  private let cycling: CyclingTask

  /// - Parameter directory: the data directory; nil if the user has named none.
  /// - Throws: as `ReachingTask` and `CyclingTask` do.
  public init(directory: String?) throws {
    reaching = try ReachingTask(directory: directory)
    cycling = try CyclingTask(directory: directory)
  }

  public func size(of split: Split) -> Int? { nil }

  public func batch(_ split: Split, index: Int, trials: Int, seed: UInt64) throws -> TrialBatch {
    try checkBatch(name: name, index: index, trials: trials)
    let streams = RandomStream(seed: seed, stream: "\(name).\(split.rawValue)")
    let draws = (0..<trials).map { trial in
      var stream = streams.at(step: 0, trial: UInt64(index * trials + trial))
      let reaches = stream.bernoulli(0.5)
      return (reaches: reaches, draw: ReachingTask.Draw(&stream))
    }
    let lengths = draws.map { $0.reaches ? $0.draw.length : CyclingTask.steps + Self.restSteps }
    let steps = lengths.max() ?? 0
    let (channels, width) = (Self.channels, Self.outputs)
    var inputs = Tensor<Float>(
      axes: ["time", "trial", "channel"], shape: [steps, trials, channels])
    var targets = Tensor<Float>(axes: ["time", "trial", "output"], shape: [steps, trials, width])
    for (trial, drawn) in draws.enumerated() {
      for time in 0..<lengths[trial] {
        let row = time * trials + trial
        if drawn.reaches {
          reaching.write(
            drawn.draw, time, inputs: &inputs, at: row * channels, targets: &targets,
            at: row * width + CyclingTask.factors)
        } else if time < CyclingTask.steps {
          inputs.values[row * channels + 3] = CyclingTask.input(at: time)
          for index in 0..<CyclingTask.factors {
            targets.values[row * width + index] = cycling.targets[time, index]
          }
          for index in 0..<CyclingTask.muscles {
            targets.values[row * width + width - CyclingTask.muscles + index] =
              cycling.targets[time, CyclingTask.factors + index]
          }
        } else {
          inputs.values[row * channels + 3] = 1
        }
      }
    }
    return TrialBatch(
      inputs: .analog(inputs), targets: .values(targets),
      conditions: [
        "direction": draws.map(\.draw.direction), "taught": draws.map { $0.reaches ? 1 : 0 },
      ], lengths: lengths)
  }

  /// `outputError`: the squared error of a trial over its squared targets, the median over trials;
  /// `reachingError` and `cyclingError`: the same over the trials of each task.
  public func metrics(readout: Tensor<Float>, of batch: TrialBatch) -> [String: Double] {
    let range = CyclingTask.factors..<Self.outputs
    let taught = batch.conditions["taught"] ?? []
    func error(_ kind: Int) -> Double? {
      normalizedError(
        readout, batch, outputs: range, trials: taught.indices.filter { taught[$0] == kind })
    }
    return [
      "outputError": normalizedError(readout, batch, outputs: range),
      "reachingError": error(1), "cyclingError": error(0),
    ].compactMapValues { $0 }
  }

  public func dataHashes() throws -> [String: String] {
    try reaching.dataHashes().merging(cycling.dataHashes()) { $1 }
  }
}
