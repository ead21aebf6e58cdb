import Foundation
import SynfireCore
import SynfireTasks

/// Makes the training batches of a task for each update, the next one on a thread of its own while the
/// current one trains.
///
/// Several updates on a batch present the same trials; a task that draws inputs at each presentation
/// draws them for each update. A batch is a pure function of the number of the update, so that
/// preparing ahead changes no bit of a run.
final class BatchPreparation: @unchecked Sendable {
  private let task: any TrialTask
  private let trials: Int
  private let seed: UInt64
  private let updates: Int
  /// Updates that see the same inputs.
  private let repeats: Int
  private let updatesPerBatch: Int
  private let queue: DispatchQueue?
  private var current: (number: Int, batch: TrialBatch)?
  private var pending: (number: Int, result: PendingBatch)?

  /// - Parameter batches: the number of batches of the run; none beyond are prepared.
  init(
    task: any TrialTask, trials: Int, seed: UInt64, batches: Int, updatesPerBatch: Int,
    preparesAhead: Bool
  ) {
    self.task = task
    self.trials = trials
    self.seed = seed
    self.updatesPerBatch = updatesPerBatch
    updates = batches * updatesPerBatch
    repeats = task.drawsEachPresentation ? 1 : updatesPerBatch
    queue = preparesAhead ? DispatchQueue(label: "synfire.batches", qos: .userInitiated) : nil
  }

  /// The training batch of an update of a batch, both counted from 0; begins to prepare the next.
  func batch(_ index: Int, update: Int) throws -> TrialBatch {
    let number = (index * updatesPerBatch + update) / repeats * repeats
    if let current, current.number == number { return current.batch }
    let ready = pending?.number == number ? pending?.result : nil
    let batch = try ready?.wait() ?? make(number)
    current = (number, batch)
    prepare(number + repeats)
    return batch
  }

  private func make(_ number: Int) throws -> TrialBatch {
    let (index, presentation) = number.quotientAndRemainder(dividingBy: updatesPerBatch)
    return try task.batch(
      .training, index: index, presentation: presentation, trials: trials, seed: seed)
  }

  private func prepare(_ number: Int) {
    pending = nil
    guard let queue, number < updates else { return }
    let result = PendingBatch()
    pending = (number, result)
    queue.async { [self] in result.fulfil(Result { try make(number) }) }
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
