import Foundation
import SynfireCore
import SynfireTasks

/// Makes the training batches of a task, the next one on a thread of its own while the current one
/// trains.
///
/// A batch is a pure function of its index, so that preparing ahead changes no bit of a run.
final class BatchPreparation: @unchecked Sendable {
  private let task: any TrialTask
  private let trials: Int
  private let seed: UInt64
  private let batches: Int
  private let queue: DispatchQueue?
  private var pending: (index: Int, result: PendingBatch)?

  /// - Parameter batches: the number of batches of the run; none beyond are prepared.
  init(task: any TrialTask, trials: Int, seed: UInt64, batches: Int, preparesAhead: Bool) {
    self.task = task
    self.trials = trials
    self.seed = seed
    self.batches = batches
    queue = preparesAhead ? DispatchQueue(label: "synfire.batches", qos: .userInitiated) : nil
  }

  /// The training batch of an index; begins to prepare the one after it.
  func batch(_ index: Int) throws -> TrialBatch {
    let current = pending?.index == index ? pending?.result : nil
    let batch = try current?.wait() ?? make(index)
    prepare(index + 1)
    return batch
  }

  private func make(_ index: Int) throws -> TrialBatch {
    try task.batch(.training, index: index, trials: trials, seed: seed)
  }

  private func prepare(_ index: Int) {
    pending = nil
    guard let queue, index < batches else { return }
    let result = PendingBatch()
    pending = (index, result)
    queue.async { [self] in result.fulfil(Result { try make(index) }) }
  }
}

/// A batch that another thread is making.
private final class PendingBatch: @unchecked Sendable {
  private let done = DispatchSemaphore(value: 0)
  private var result: Result<TrialBatch, any Error>?

  func fulfil(_ result: Result<TrialBatch, any Error>) {
    self.result = result
    done.signal()
  }

  /// Waits for the batch; may be called once.
  func wait() throws -> TrialBatch {
    done.wait()
    return try result!.get()
  }
}
