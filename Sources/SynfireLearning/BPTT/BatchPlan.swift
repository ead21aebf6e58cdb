import SynfireNetworks

/// How a batch of trials is split over workers: never by the number of threads, so that sums, which
/// are added in the order of the shards, do not depend on it.
public struct BatchPlan: Sendable, Equatable {
  /// Parts that are worked on side by side, each with a sum of gradients of its own.
  static let shards = 8
  /// The most trials that run forward and back together, while their tape is in the caches.
  static let largestBlock = 16

  /// The trials of each block of each shard.
  public let blocks: [[Range<Int>]]

  /// - Parameter layout: with trials as lanes, blocks are full as far as there are trials.
  public init(trials: Int, layout: LaneLayout) {
    switch layout {
    case .neurons:
      blocks = Self.parts(0..<trials, min(Self.shards, trials)).map { shard in
        Self.parts(shard, (shard.count + Self.largestBlock - 1) / Self.largestBlock)
      }
    case .trials:
      let count = (trials + Self.largestBlock - 1) / Self.largestBlock
      blocks = Self.parts(0..<count, min(Self.shards, count)).map { shard in
        shard.map {
          $0 * Self.largestBlock..<min(($0 + 1) * Self.largestBlock, trials)
        }
      }
    }
  }

  /// A range in so many parts of about the same length.
  private static func parts(_ range: Range<Int>, _ count: Int) -> [Range<Int>] {
    (0..<count).map { part in
      range.lowerBound + part * range.count / count..<range.lowerBound + (part + 1) * range.count
        / count
    }
  }

  /// The trials of the largest block.
  public var blockTrials: Int { blocks.joined().map(\.count).max() ?? 0 }
}
