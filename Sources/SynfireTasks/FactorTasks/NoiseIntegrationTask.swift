import SynfireCore

/// Context-dependent integration of noise over 1 s (DePasquale et al. 2023, code): two streams of noise are
/// shown, a context says which of them counts, and the network answers with its running sum.
///
/// In slots of 10 ms, each held for `stepsPerSlot` steps: stream k is bias_k + 0.4 N(0, 1), with bias_k
/// uniform in (-0.1, 0.1) for a trial, and 0 in the first `silentSlots`. Context 1 or 2, each with
/// probability 1/2, is shown one-hot throughout. The target is the sum of the attended stream so far.
///
/// Conditions of a trial: `context` (0 or 1), `target` (1 where the sum ends above 0).
public struct NoiseIntegrationTask: TrialTask {
  public static let slots = 100
  public static let streams = 2

  public let stepsPerSlot: Int
  public let silentSlots: Int
  /// Whether there are two more inputs: one that is always 1, and one that is 1 at the first step. A
  /// rate network that is trained to do the task learns its biases and its initial state through them.
  public let hasConstantInputs: Bool

  public var name: String { "noise-integration" }
  public var inputChannels: Int { 2 * Self.streams + (hasConstantInputs ? 2 : 0) }
  public var outputs: Int { 1 }
  public var steps: Int { Self.slots * stepsPerSlot }

  /// - Throws: `TasksError` for sizes that make no sense.
  public init(stepsPerSlot: Int = 10, silentSlots: Int = 6, hasConstantInputs: Bool = false) throws
  {
    guard stepsPerSlot > 0, (0..<Self.slots).contains(silentSlots) else {
      throw TasksError(
        "\(stepsPerSlot) steps a slot and \(silentSlots) silent slots of \(Self.slots)",
        place: "noise-integration")
    }
    self.stepsPerSlot = stepsPerSlot
    self.silentSlots = silentSlots
    self.hasConstantInputs = hasConstantInputs
  }

  public func size(of split: Split) -> Int? { nil }

  public func batch(_ split: Split, index: Int, trials: Int, seed: UInt64) throws -> TrialBatch {
    try checkBatch(name: name, index: index, trials: trials)
    let streams = RandomStream(seed: seed, stream: "\(name).\(split.rawValue)")
    let width = inputChannels
    var inputs = Tensor<Float>(
      axes: ["time", "trial", "channel"], shape: [steps, trials, width])
    var targets = Tensor<Float>(axes: ["time", "trial", "output"], shape: [steps, trials, 1])
    var contexts: [Int] = []
    var ends: [Int] = []
    for trial in 0..<trials {
      var stream = streams.at(step: 0, trial: UInt64(index * trials + trial))
      let context = stream.bernoulli(0.5) ? 1 : 0
      let biases = (0..<Self.streams).map { _ in 0.2 * stream.uniform() - 0.1 }
      var sum = 0.0
      for slot in 0..<Self.slots {
        let values = biases.map { $0 + 0.4 * stream.normal() }
          .map { slot < silentSlots ? 0 : $0 }
        sum += values[context]
        for step in slot * stepsPerSlot..<(slot + 1) * stepsPerSlot {
          let row = step * trials + trial
          for (channel, value) in values.enumerated() {
            inputs.values[row * width + channel] = Float(value)
          }
          inputs.values[row * width + 2 + context] = 1
          if hasConstantInputs {
            inputs.values[row * width + 4] = 1
            inputs.values[row * width + 5] = step == 0 ? 1 : 0
          }
          targets.values[row] = Float(sum)
        }
      }
      contexts.append(context)
      ends.append(sum > 0 ? 1 : 0)
    }
    return TrialBatch(
      inputs: .analog(inputs), targets: .values(targets),
      conditions: ["context": contexts, "target": ends])
  }

  /// `decisionAccuracy`: the fraction of trials whose output ends with the sign of its target; mean squared
  /// error over all steps and trials; `outputError`: the squared error of a trial over its squared
  /// targets, the median over trials.
  public func metrics(readout: Tensor<Float>, of batch: TrialBatch) -> [String: Double] {
    guard let target = batch.conditions["target"] else { return [:] }
    let right = target.indices.filter {
      decides(readout, trial: $0, positive: target[$0] == 1, within: batch.steps - 1..<batch.steps)
    }
    return [
      "decisionAccuracy": Double(right.count) / Double(max(1, batch.trials)),
      "meanSquaredError": meanSquaredError(readout, batch),
      "outputError": normalizedError(readout, batch, outputs: 0..<1),
    ].compactMapValues { $0 }
  }
}
