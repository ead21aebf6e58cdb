import Foundation
import SynfireCore

/// An oscillation that a pulse of 50 ms begins and the network carries on by itself.
///
/// All trials are alike, and one follows the other without a gap. The input is 1 for 50 ms, then 0.
public struct OscillationTask: TrialTask {
  public enum Waveform: String, Sendable, CaseIterable {
    /// (sin 2 pi t + 0.6 sin(4 pi t + 0.7) + 0.4 sin(6 pi t + 1.9)) / 1.5, t in seconds.
    case sumOfSines
    /// A frequency that rises from 1 to 3 Hz over the first half, sin(2 pi phi_n n dt); the second half is the
    /// first one backwards, times -1 (DePasquale et al. 2018, code).
    case chirp
  }

  public let waveform: Waveform
  /// dt in seconds.
  public let timeStep: Double
  public let steps: Int
  /// f, one number a step.
  public let target: [Double]

  public var name: String { "oscillation" }
  public var inputChannels: Int { 1 }
  public var outputs: Int { 1 }

  /// - Parameter steps: of a trial; two periods of the sum of sines are 2 s.
  /// - Throws: `TasksError` for a trial shorter than its pulse.
  public init(_ waveform: Waveform, steps: Int = 2000, timeStep: Double = 0.001) throws {
    self.waveform = waveform
    self.timeStep = timeStep
    self.steps = steps
    guard timeStep > 0, steps > Self.pulseSteps(timeStep) else {
      throw TasksError(
        "\(steps) steps are no longer than the pulse of 50 ms", place: "oscillation",
        remedy: "Make trials longer.")
    }
    switch waveform {
    case .sumOfSines:
      target = (0..<steps).map { step in
        let phase = 2 * Double.pi * Double(step) * timeStep
        return (sin(phase) + 0.6 * sin(2 * phase + 0.7) + 0.4 * sin(3 * phase + 1.9)) / 1.5
      }
    case .chirp:
      let half = steps / 2
      let rising = (0..<half).map { step in
        let frequency = 1 + 2 * Double(step) / Double(max(1, half - 1))
        return sin(2 * Double.pi * frequency * Double(step) * timeStep)
      }
      target = rising + rising.reversed().map { -$0 } + (steps % 2 == 1 ? [0] : [])
    }
  }

  private static func pulseSteps(_ timeStep: Double) -> Int { Int((0.05 / timeStep).rounded()) }

  public func size(of split: Split) -> Int? { nil }

  public func batch(_ split: Split, index: Int, trials: Int, seed: UInt64) throws -> TrialBatch {
    try checkBatch(name: name, index: index, trials: trials)
    let pulse = Self.pulseSteps(timeStep)
    func signal(_ axis: String, _ value: (Int) -> Float) -> Tensor<Float> {
      Tensor(
        axes: ["time", "trial", axis], shape: [steps, trials, 1],
        values: (0..<steps).flatMap { repeatElement(value($0), count: trials) })
    }
    return TrialBatch(
      inputs: .analog(signal("channel") { $0 < pulse ? 1 : 0 }),
      targets: .values(signal("output") { Float(target[$0]) }))
  }

  /// `outputError`: the squared error of a trial over its squared targets, the median over trials.
  public func metrics(readout: Tensor<Float>, of batch: TrialBatch) -> [String: Double] {
    ["outputError": normalizedError(readout, batch, outputs: 0..<1)].compactMapValues { $0 }
  }
}
