import Synchronization

extension WorkerPool {
  /// Runs shards side by side, each of which has a turn at what they do one after another.
  ///
  /// Sums of what shards find, added in their turns, are the same bits on any number of threads, and need no
  /// memory for shards that are early: they wait, which takes time where shards are of different sizes.
  public func run(shards: Int, _ body: @Sendable (Int, ShardTurn) throws -> Void) throws {
    let order = ShardOrder()
    try run(shards: shards) { shard in
      do {
        try body(shard, ShardTurn(shard: shard, order: order))
      } catch {
        order.cancel()
        throw error
      }
    }
  }
}

/// The turn of a shard among all of a job.
public struct ShardTurn: Sendable {
  public let shard: Int
  fileprivate let order: ShardOrder

  /// Runs `body` when every lower shard has had its turn, which all must take once if one does; not at all if a shard
  /// threw.
  public func take(_ body: () -> Void) { order.take(shard, body) }
}

/// Whose turn it is. Shards are begun in ascending order, so that theirs has been begun.
private final class ShardOrder: Sendable {
  private let next = Atomic<Int>(0)
  private let gate = Gate()

  func take(_ shard: Int, _ body: () -> Void) {
    func comes() -> Bool { next.load(ordering: .sequentiallyConsistent) >= shard }
    if !Gate.spin(until: comes) { gate.wait(until: comes) }
    guard next.load(ordering: .sequentiallyConsistent) == shard else { return }
    body()
    pass(to: shard + 1)
  }

  /// Ends all waiting.
  func cancel() { pass(to: .max) }

  private func pass(to shard: Int) {
    next.max(shard, ordering: .sequentiallyConsistent)
    gate.open()
  }
}
