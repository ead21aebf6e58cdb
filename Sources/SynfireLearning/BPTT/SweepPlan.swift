import SynfireCore
import SynfireNetworks

/// How a batch is swept: its lanes and shards, and the segments of steps whose tape is held at a time.
public struct SweepPlan: Sendable {
  /// What a sweep and its memory depend on.
  struct Key: Hashable, Sendable {
    let layout: LaneLayout
    let steps: Int
    let segmentSteps: Int
    let blockTrials: Int
    /// Whether blocks are run forward before others are run back, and kept in between.
    let savesBlocks: Bool
  }

  /// More segments than this would make the states between them larger than the tape.
  private static let mostSegments = 4096

  /// Half of the machine's memory, where nobody says how much may be used.
  public static var defaultLimit: Int {
    sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) / 2
  }

  let key: Key
  let batch: BatchPlan
  /// The workers that have memory of their own.
  public let workers: Int
  /// Bytes of the states and tapes of all workers.
  public let bytes: Int

  public var layout: LaneLayout { key.layout }
  public var shards: Int { batch.blocks.count }
  public var blockTrials: Int { key.blockTrials }
  public var segmentSteps: Int { key.segmentSteps }
  public var segments: Int { (key.steps + segmentSteps - 1) / segmentSteps }

  /// Cuts the steps into the fewest segments whose states and tapes fit, or, if none fit, into those that
  /// take least.
  ///
  /// Where all trials are run forward before the first is run back, blocks keep their outputs and the states
  /// before each segment, of which only the tape is missing then: segments are so short that it stays in the
  /// caches.
  ///
  /// Sweeps with trials as lanes have segments of their own, start at rest and end together; where that does not do,
  /// neurons are lanes.
  ///
  /// - Parameters:
  ///   - spiking: whether inputs are spikes; if not, they are numbers.
  ///   - isPlain: whether trials start at rest and all have every step.
  ///   - sweepsAhead: whether all trials are run forward before the first is run back, as means over them want.
  ///   - limit: most bytes of the states and tapes of all workers.
  /// - Throws: `NetworkError` for a network that cannot be made.
  public init(
    _ network: Network, steps: Int, trials: Int, spiking: Bool, isPlain: Bool = true,
    sweepsAhead: Bool = false, threads: Int, limit: Int
  ) throws {
    var least: SweepPlan?
    func fits(_ layout: LaneLayout, segments: Int, savesBlocks: Bool) throws -> SweepPlan? {
      let plan = try SweepPlan(
        network, layout, steps: steps, segments: segments, trials: trials,
        savesBlocks: savesBlocks, threads: threads)
      if plan.bytes < least?.bytes ?? .max { least = plan }
      return plan.bytes <= limit ? plan : nil
    }
    let best = isPlain ? network.laneLayout(trials: trials, spiking: spiking) : .neurons
    if best == .trials, let plan = try fits(.trials, segments: 1, savesBlocks: sweepsAhead) {
      self = plan
      return
    }
    if sweepsAhead, isPlain, network.layers.allSatisfy(\.isSpiking) {
      let length = network.cachedSteps(blockTrials: BatchPlan.block)
      let segments = (steps + length - 1) / length
      if let plan = try fits(.neurons, segments: segments, savesBlocks: true) {
        self = plan
        return
      }
    }
    for segments in 1...max(min(steps, Self.mostSegments), 1) {
      guard let plan = try fits(.neurons, segments: segments, savesBlocks: false) else { continue }
      self = plan
      return
    }
    self = least!
  }

  private init(
    _ network: Network, _ layout: LaneLayout, steps: Int, segments: Int, trials: Int,
    savesBlocks: Bool, threads: Int
  ) throws {
    batch = BatchPlan(trials: trials, layout: layout, isLarge: network.hasLargeWeights)
    key = Key(
      layout: layout, steps: steps, segmentSteps: max(1, (steps + segments - 1) / segments),
      blockTrials: batch.blockTrials, savesBlocks: savesBlocks)
    workers = min(threads, batch.blocks.count)
    let sweep = try network.sweepByteCount(
      layout, steps: steps, segmentSteps: key.segmentSteps, blockTrials: batch.blockTrials)
    let saved =
      switch layout {
      case _ where !savesBlocks: 0
      case .neurons:
        network.savedByteCount(
          steps: steps, segmentSteps: key.segmentSteps, blockTrials: batch.blockTrials)
      // They may keep the spikes from a forward sweep of the whole batch.
      case .trials: sweep
      }
    bytes = workers * sweep + batch.blocks.joined().count * saved
  }
}
