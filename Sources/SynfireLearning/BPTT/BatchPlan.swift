/// How a batch of trials is split over workers: never by the number of threads, so that sums, which
/// are added in the order of the shards, do not depend on it.
public struct BatchPlan: Sendable, Equatable {
  /// Parts that are worked on side by side, each with a sum of gradients of its own.
  static let shards = 8
  /// The most trials that run forward and back together, while their tape is in the caches.
  static let largestBlock = 16

  /// The trials of each block of each shard.
  public let blocks: [[Range<Int>]]

  public init(trials: Int) {
    let shards = min(Self.shards, trials)
    blocks = (0..<shards).map { shard in
      let range = shard * trials / shards..<(shard + 1) * trials / shards
      let count = (range.count + Self.largestBlock - 1) / Self.largestBlock
      return (0..<count).map { block in
        let start = range.lowerBound + block * range.count / count
        return start..<range.lowerBound + (block + 1) * range.count / count
      }
    }
  }

  /// The trials of the largest block.
  public var blockTrials: Int { blocks.joined().map(\.count).max() ?? 0 }
}
