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
    /// What is kept of blocks that are run forward before others are run back.
    let saving: BlockSaving
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
  /// Whether no step is run again on the way back, although all trials are run forward first.
  public let runsStepsOnce: Bool

  public var layout: LaneLayout { key.layout }
  public var shards: Int { batch.blocks.count }
  public var blockTrials: Int { key.blockTrials }
  public var segmentSteps: Int { key.segmentSteps }
  public var segments: Int { (key.steps + segmentSteps - 1) / segmentSteps }

  /// Cuts the steps into the fewest segments whose states and tapes fit, or, if none fit, into those that
  /// take least.
  ///
  /// Where all trials are run forward before the first is run back, blocks keep their outputs and, if there is room,
  /// numbers by which tapes are found again, or else the states before each segment, which is then run again:
  /// segments are so short that the tape stays in the caches.
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
    func fits(
      _ layout: LaneLayout, segments: Int, saving: BlockSaving = .nothing
    ) throws -> SweepPlan? {
      let plan = try SweepPlan(
        network, layout, steps: steps, segments: segments, trials: trials, saving: saving,
        threads: threads)
      if plan.bytes < least?.bytes ?? .max { least = plan }
      return plan.bytes <= limit ? plan : nil
    }
    let best = isPlain ? network.laneLayout(trials: trials, spiking: spiking) : .neurons
    let savings: [BlockSaving] =
      !sweepsAhead ? [.nothing] : network.canSaveNumbers ? [.numbers, .starts] : [.starts]
    for saving in best == .trials ? savings : [] {
      guard let plan = try fits(.trials, segments: 1, saving: saving) else { continue }
      self = plan
      return
    }
    if sweepsAhead, isPlain, network.layers.allSatisfy(\.isSpiking) {
      let length = network.cachedSteps(blockTrials: BatchPlan.block)
      let segments = (steps + length - 1) / length
      for saving in savings {
        guard let plan = try fits(.neurons, segments: segments, saving: saving) else { continue }
        self = plan
        return
      }
    }
    for segments in 1...max(min(steps, Self.mostSegments), 1) {
      guard let plan = try fits(.neurons, segments: segments) else { continue }
      self = plan
      return
    }
    self = least!
  }

  private init(
    _ network: Network, _ layout: LaneLayout, steps: Int, segments: Int, trials: Int,
    saving: BlockSaving, threads: Int
  ) throws {
    batch = BatchPlan(trials: trials, layout: layout, isLarge: network.hasLargeWeights)
    key = Key(
      layout: layout, steps: steps, segmentSteps: max(1, (steps + segments - 1) / segments),
      blockTrials: batch.blockTrials, saving: saving)
    workers = min(threads, batch.blocks.count)
    runsStepsOnce = saving == .numbers && network.layers.allSatisfy(\.canSaveNumbers)
    let (sweep, saved) = try network.sweepByteCount(
      layout, steps: steps, segmentSteps: key.segmentSteps, blockTrials: batch.blockTrials,
      saving: saving)
    bytes = workers * sweep + batch.blocks.joined().count * saved
  }
}
