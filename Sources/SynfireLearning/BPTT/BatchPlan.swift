import SynfireNetworks

/// How a batch of trials is split over workers: never by the number of threads, so that sums, which
/// are added in the order of the shards, do not depend on it.
public struct BatchPlan: Sendable, Equatable {
  /// Parts that are worked on side by side, each with a sum of gradients of its own.
  static let shards = 8
  /// With neurons as lanes, about so many trials run forward and back together: enough to fill the rows of
  /// a matrix product, and few enough for their states to stay in the caches.
  static let block = 8
  /// The same where the weights do not stay in the caches and come from afar once a step for each block.
  static let blockOfLargeNetworks = 16
  /// Parts that there are at least before blocks grow to that.
  private static let shardsOfLargeNetworks = 4
  /// With trials as lanes, as many as there are lanes.
  static let lanes = 16

  /// The trials of each block of each shard.
  public let blocks: [[Range<Int>]]

  /// - Parameters:
  ///   - layout: with trials as lanes, blocks are full as far as there are trials.
  ///   - isLarge: whether the network has weights that do not stay in the caches.
  public init(trials: Int, layout: LaneLayout, isLarge: Bool = false) {
    switch layout {
    case .neurons:
      let most = isLarge ? Self.blockOfLargeNetworks : Self.block
      let block = min(most, max(Self.block, trials / Self.shardsOfLargeNetworks))
      let shards = min(Self.shards, max(1, trials / block))
      blocks = Self.parts(0..<trials, shards).map { shard in
        Self.parts(shard, max(1, (shard.count + block / 2 - 1) / block))
      }
    case .trials:
      let count = (trials + Self.lanes - 1) / Self.lanes
      blocks = Self.parts(0..<count, min(Self.shards, count)).map { shard in
        shard.map { $0 * Self.lanes..<min(($0 + 1) * Self.lanes, trials) }
      }
    }
  }

  /// A range in so many parts, the first of which may be longer by one: shards that are begun last are short.
  private static func parts(_ range: Range<Int>, _ count: Int) -> [Range<Int>] {
    let (length, longer) = range.count.quotientAndRemainder(dividingBy: max(1, count))
    func start(_ part: Int) -> Int { range.lowerBound + part * length + min(part, longer) }
    return (0..<count).map { start($0)..<start($0 + 1) }
  }

  /// The trials of the largest block.
  public var blockTrials: Int { blocks.joined().map(\.count).max() ?? 0 }
}
