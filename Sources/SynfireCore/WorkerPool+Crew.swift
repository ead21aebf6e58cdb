import CIntrinsics
import Synchronization

/// What the threads of a pool share.
///
/// A shard is claimed by lowering the count of unclaimed shards in `ticket`, whose upper half numbers
/// the jobs: a thread that comes late cannot claim a shard of a job that is over, so the caller need
/// only wait for the shards, never for threads that slept through the job.
final class Crew: @unchecked Sendable {
  private typealias Body = @Sendable (Int) throws -> Void

  /// Job number in the upper 32 bits, unclaimed shards in the lower.
  private let ticket = Atomic<UInt64>(0)
  /// Shards of the current job that are not done.
  private let pending = Atomic<Int>(0)
  private let reserved = Atomic<Bool>(false)
  private let dismissed = Atomic<Bool>(false)
  /// Threads that sleep, or are about to, until there is work; and whether the caller does.
  private let sleepers = Atomic<Int>(0)
  private let callerSleeps = Atomic<Bool>(false)
  /// The lowest shard of the current job that threw.
  private let failedShard = Atomic<Int>(.max)
  private let failure = Mutex<(shard: Int, error: any Error)?>(nil)
  // Written by the caller before it publishes the ticket, read by those that have claimed a shard.
  private var shards = 0
  private var body: Body?
  private let gate = Gate()

  /// Takes the crew for one job; false when it is taken.
  func reserve() -> Bool { !reserved.exchange(true, ordering: .acquiring) }

  func release() { reserved.store(false, ordering: .releasing) }

  /// Runs a job to its end, the calling thread helping.
  func run(shards: Int, _ body: @Sendable (Int) throws -> Void) throws {
    try withoutActuallyEscaping(body) { body in
      self.shards = shards
      self.body = body
      failedShard.store(.max, ordering: .relaxed)
      pending.store(shards, ordering: .relaxed)
      let job = (ticket.load(ordering: .relaxed) >> 32) &+ 1
      ticket.store(job << 32 | UInt64(shards), ordering: .sequentiallyConsistent)
      if sleepers.load(ordering: .sequentiallyConsistent) > 0 { gate.open() }
      while runOneShard() {}
      awaitPending()
      self.body = nil
      if failedShard.load(ordering: .acquiring) != .max {
        let error = failure.withLock { failure in
          defer { failure = nil }
          return failure?.error
        }
        if let error { throw error }
      }
    }
  }

  /// The life of a worker thread.
  func work() {
    synfire_flush_denormals()
    while !dismissed.load(ordering: .acquiring) {
      if !runOneShard() { awaitWork() }
    }
  }

  /// Lets the threads end.
  func dismiss() {
    dismissed.store(true, ordering: .sequentiallyConsistent)
    gate.open()
  }

  private func runOneShard() -> Bool {
    var current = ticket.load(ordering: .sequentiallyConsistent)
    while true {
      let unclaimed = Int(current & 0xffff_ffff)
      if unclaimed == 0 { return false }
      let (exchanged, original) = ticket.weakCompareExchange(
        expected: current, desired: current - 1, ordering: .acquiringAndReleasing)
      if exchanged {
        runShard(shards - unclaimed)
        return true
      }
      current = original
    }
  }

  private func runShard(_ shard: Int) {
    if shard < failedShard.load(ordering: .relaxed), let body {
      do {
        try body(shard)
      } catch {
        failure.withLock { failure in
          if let lowest = failure?.shard, lowest < shard { return }
          failure = (shard, error)
          failedShard.store(shard, ordering: .releasing)
        }
      }
    }
    // The last one wakes the caller; afterwards it touches nothing of the job.
    if pending.subtract(1, ordering: .sequentiallyConsistent).newValue == 0,
      callerSleeps.load(ordering: .sequentiallyConsistent)
    {
      gate.open()
    }
  }

  private func awaitPending() {
    if Gate.spin(until: { pending.load(ordering: .acquiring) == 0 }) { return }
    callerSleeps.store(true, ordering: .sequentiallyConsistent)
    gate.wait { pending.load(ordering: .sequentiallyConsistent) == 0 }
    callerSleeps.store(false, ordering: .relaxed)
  }

  private func awaitWork() {
    func isAwaited() -> Bool {
      ticket.load(ordering: .sequentiallyConsistent) & 0xffff_ffff != 0
        || dismissed.load(ordering: .sequentiallyConsistent)
    }
    if Gate.spin(until: isAwaited) { return }
    sleepers.add(1, ordering: .sequentiallyConsistent)
    gate.wait(until: isAwaited)
    sleepers.subtract(1, ordering: .sequentiallyConsistent)
  }
}
