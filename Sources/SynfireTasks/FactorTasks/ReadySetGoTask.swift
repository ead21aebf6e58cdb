import Foundation
import SynfireCore

/// Ready, set, go: the time between two pulses is to be reproduced (DePasquale et al. 2018, code).
///
/// A trial is a rest, a pulse of 50 ms (ready), a delay, a pulse of 50 ms (set), the same delay, a movement of
/// 500 ms, and a rest. The delay is uniform in 10 to 210 times 10 ms, the rests are 0.4 s and an
/// exponential time of mean 2 s together. The first output is -0.5, and in the movement -0.5 + 1.5 b with b the
/// density of Beta(4, 4), 1 at its peak.
///
/// The second output is a hint: it rises with time from the ready pulse to the middle of the set pulse, and
/// falls back to 0 at the movement, in seconds. Networks with hints keep the delay more easily.
///
/// Condition of a trial: `delay` in steps.
public struct ReadySetGoTask: TrialTask {
  public static let channels = 2
  public static let outputs = 2
  /// dt in seconds.
  public let timeStep: Double
  public var name: String { "ready-set-go" }
  public var inputChannels: Int { Self.channels }
  public var outputs: Int { Self.outputs }
  /// The mean length of a trial.
  public var steps: Int { Int((Double(Self.meanSteps) * 0.001 / timeStep).rounded()) }

  /// - Throws: `TasksError` for a time step that is not above 0 or longer than a pulse.
  public init(timeStep: Double = 0.001) throws {
    guard timeStep > 0, timeStep <= 0.05 else {
      throw TasksError(
        "steps of \(timeStep) s are no steps for pulses of 50 ms", place: "ready-set-go",
        remedy: "Use steps of 1 ms.")
    }
    self.timeStep = timeStep
  }

  /// The mean length of a trial in steps of 1 ms.
  public static let meanSteps = 2 * 50 + 2 * 1100 + 500 + 2400

  public func size(of split: Split) -> Int? { nil }

  public func batch(_ split: Split, index: Int, trials: Int, seed: UInt64) throws -> TrialBatch {
    try checkBatch(name: name, index: index, trials: trials)
    let streams = RandomStream(seed: seed, stream: "\(name).\(split.rawValue)")
    func steps(_ seconds: Double) -> Int { Int((seconds / timeStep).rounded()) }
    let (pulse, movement) = (steps(0.05), steps(0.5))
    let draws = (0..<trials).map { trial in
      var stream = streams.at(step: 0, trial: UInt64(index * trials + trial))
      return (
        delay: steps(0.1 + 2 * stream.uniform()), rest: steps((0.4 + 2 * stream.exponential()) / 2)
      )
    }
    let lengths = draws.map { 2 * ($0.rest + pulse + $0.delay) + movement }
    let longest = lengths.max() ?? 0
    var inputs = Tensor<Float>(
      axes: ["time", "trial", "channel"], shape: [longest, trials, 2])
    var targets = Tensor<Float>(axes: ["time", "trial", "output"], shape: [longest, trials, 2])
    for (trial, draw) in draws.enumerated() {
      let set = draw.rest + pulse + draw.delay
      let go = set + pulse + draw.delay
      let (start, middle) = (draw.rest, Double(set) + Double(pulse) / 2)
      for time in 0..<lengths[trial] {
        let row = (time * trials + trial) * 2
        inputs.values[row] = (start..<start + pulse).contains(time) ? 1 : 0
        inputs.values[row + 1] = (set..<set + pulse).contains(time) ? 1 : 0
        targets.values[row] = -0.5
        if (go..<go + movement).contains(time) {
          let x = (Double(time - go) + 0.5) / Double(movement)
          targets.values[row] += Float(1.5 * pow(4 * x * (1 - x), 3))
        }
        if (start..<go).contains(time) {
          let passed = Double(time - start)
          let peak = middle - Double(start)
          let height =
            Double(time) <= middle ? passed : peak * Double(go - time) / (Double(go) - middle)
          targets.values[row + 1] = Float(height * timeStep)
        }
      }
    }
    return TrialBatch(
      inputs: .analog(inputs), targets: .values(targets),
      conditions: ["delay": draws.map(\.delay)], lengths: lengths)
  }

  /// `outputError`: the squared error of a trial's first output over its squared targets, the median over
  /// trials.
  public func metrics(readout: Tensor<Float>, of batch: TrialBatch) -> [String: Double] {
    ["outputError": normalizedError(readout, batch, outputs: 0..<1)].compactMapValues { $0 }
  }
}
