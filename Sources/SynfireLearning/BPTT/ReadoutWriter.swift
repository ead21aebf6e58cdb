import SynfireCore
import SynfireNetworks

/// Moves the readout of blocks to its place in the batch and asks the loss for adjoints.
///
/// Blocks hold different trials, so writing from several workers is safe.
struct ReadoutWriter: @unchecked Sendable {
  private let values: UnsafeMutablePointer<Float>
  private let batch: TrialBatch
  private let loss: Loss
  private let validRows: [Int]?

  /// - Parameter rows: steps or windows of each trial that count; nil for all.
  init(
    _ values: UnsafeMutablePointer<Float>, _ batch: TrialBatch, _ loss: Loss, rows: [Int]? = nil
  ) {
    self.values = values
    self.batch = batch
    self.loss = loss
    validRows = rows
  }

  /// Copies a block's outputs, writes its adjoints times `factor`, returns its part of the loss's sum.
  func write(_ block: ReadoutBlock, _ trials: Range<Int>, factor: Float) -> Double {
    switch batch.targets {
    case .classes(let labels):
      return write(block, trials, factor: factor) { outputs, adjoint, step, trial in
        loss.add(
          logits: outputs, label: labels[step * batch.trials + trial], count: block.count,
          adjoint: adjoint)
      }
    case .values(let tensor):
      // Trials that lie one after another are worked on together.
      let isDense = validRows == nil && block.trialStride == block.count
      return tensor.values.withUnsafeBufferPointer { targets in
        write(block, trials, together: isDense ? trials.count : 1, factor: factor) {
          outputs, adjoint, step, trial in
          loss.add(
            outputs: outputs, targets: targets.baseAddress! + place(step, trial, block),
            count: isDense ? trials.count * block.count : block.count, adjoint: adjoint)
        }
      }
    }
  }

  /// - Parameters:
  ///   - together: so many trials as `add` works on in one call.
  ///   - add: the loss of the outputs of a step of trials, whose derivatives it writes.
  @inline(__always)
  private func write(
    _ block: ReadoutBlock, _ trials: Range<Int>, together: Int = 1, factor: Float,
    add: (
      _ outputs: UnsafePointer<Float>, _ adjoint: UnsafeMutablePointer<Float>, _ step: Int,
      _ trial: Int
    ) -> Double
  ) -> Double {
    var sum = 0.0
    let count = together * block.count
    for step in 0..<block.steps {
      for row in stride(from: 0, to: trials.count, by: together) {
        let trial = trials.lowerBound + row
        let offset = step * block.stepStride + row * block.trialStride
        let outputs = UnsafePointer(block.outputs + offset)
        let adjoint = block.adjoints + offset
        guard counts(step, trial) else {
          adjoint.update(repeating: 0, count: count)
          continue
        }
        (values + place(step, trial, block)).update(from: outputs, count: count)
        sum += add(outputs, adjoint, step, trial)
        for output in 0..<count { adjoint[output] *= factor }
      }
    }
    return sum
  }

  /// Whether a trial has not ended.
  private func counts(_ step: Int, _ trial: Int) -> Bool { step < validRows?[trial] ?? .max }

  /// Where the outputs of a step of a trial lie in the batch.
  private func place(_ step: Int, _ trial: Int, _ block: ReadoutBlock) -> Int {
    (step * batch.trials + trial) * block.count
  }
}
