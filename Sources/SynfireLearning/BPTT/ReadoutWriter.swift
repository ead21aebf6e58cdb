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
      var sum = 0.0
      for step in 0..<block.steps {
        for (row, trial) in trials.enumerated() {
          let (outputs, adjoint, place) = rows(block, step: step, row: row, trial: trial)
          guard counts(step, trial) else {
            adjoint.update(repeating: 0, count: block.count)
            continue
          }
          (values + place).update(from: outputs, count: block.count)
          sum += loss.add(
            logits: outputs, label: labels[step * batch.trials + trial], count: block.count,
            adjoint: adjoint)
          for output in 0..<block.count { adjoint[output] *= factor }
        }
      }
      return sum
    case .values(let tensor):
      return tensor.values.withUnsafeBufferPointer { targets in
        write(block, trials, targets.baseAddress!, factor: factor)
      }
    }
  }

  private func write(
    _ block: ReadoutBlock, _ trials: Range<Int>, _ targets: UnsafePointer<Float>, factor: Float
  ) -> Double {
    var sum = 0.0
    for step in 0..<block.steps {
      for (row, trial) in trials.enumerated() {
        let (outputs, adjoint, place) = rows(block, step: step, row: row, trial: trial)
        guard counts(step, trial) else {
          adjoint.update(repeating: 0, count: block.count)
          continue
        }
        sum += loss.add(
          outputs: outputs, targets: targets + place, count: block.count, adjoint: adjoint)
        for output in 0..<block.count {
          values[place + output] = outputs[output]
          adjoint[output] *= factor
        }
      }
    }
    return sum
  }

  /// Whether a trial has not ended.
  private func counts(_ step: Int, _ trial: Int) -> Bool { step < validRows?[trial] ?? .max }

  /// The outputs and adjoints of one step of one trial in the block, and their place in the batch.
  private func rows(
    _ block: ReadoutBlock, step: Int, row: Int, trial: Int
  ) -> (outputs: UnsafePointer<Float>, adjoint: UnsafeMutablePointer<Float>, place: Int) {
    let offset = step * block.stepStride + row * block.trialStride
    return (
      UnsafePointer(block.outputs + offset), block.adjoints + offset,
      (step * batch.trials + trial) * block.count
    )
  }
}
