import Foundation
import SynfireNetworks

/// How a batch is swept: its lanes and shards, and the segments of steps whose tape is held at a time.
public struct SweepPlan: Sendable {
  /// What a sweep and its memory depend on.
  struct Key: Hashable, Sendable {
    let layout: LaneLayout
    let steps: Int
    let segmentSteps: Int
    let blockTrials: Int
  }

  /// More segments than this would make the states between them larger than the tape.
  private static let mostSegments = 4096

  /// Half of the machine's memory, where nobody says how much may be used.
  public static var defaultLimit: Int { Int(ProcessInfo.processInfo.physicalMemory / 2) }

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
  /// Sweeps with trials as lanes have segments of their own, start at rest and end together; where that does not do,
  /// neurons are lanes.
  ///
  /// - Parameters:
  ///   - spiking: whether inputs are spikes; if not, they are numbers.
  ///   - isPlain: whether trials start at rest and all have every step.
  ///   - limit: most bytes of the states and tapes of all workers.
  /// - Throws: `NetworkError` for a network that cannot be made.
  public init(
    _ network: Network, steps: Int, trials: Int, spiking: Bool, isPlain: Bool = true,
    threads: Int, limit: Int
  ) throws {
    var least: SweepPlan?
    let best = isPlain ? network.laneLayout(trials: trials, spiking: spiking) : .neurons
    for layout in best == .neurons ? [.neurons] : [best, .neurons] {
      let most = layout == .neurons ? min(steps, Self.mostSegments) : 1
      for segments in 1...max(most, 1) {
        let plan = try SweepPlan(
          network, layout, steps: steps, segments: segments, trials: trials, threads: threads)
        if plan.bytes < least?.bytes ?? .max { least = plan }
        if plan.bytes <= limit {
          self = plan
          return
        }
      }
    }
    self = least!
  }

  private init(
    _ network: Network, _ layout: LaneLayout, steps: Int, segments: Int, trials: Int, threads: Int
  ) throws {
    batch = BatchPlan(trials: trials, layout: layout)
    key = Key(
      layout: layout, steps: steps, segmentSteps: max(1, (steps + segments - 1) / segments),
      blockTrials: batch.blockTrials)
    workers = min(threads, batch.blocks.count)
    // Trials as lanes may keep the spikes of each block from a forward sweep of the whole batch.
    let held = layout == .trials ? workers + batch.blocks.joined().count : workers
    bytes =
      try held
      * network.sweepByteCount(
        layout, steps: steps, segmentSteps: key.segmentSteps, blockTrials: batch.blockTrials)
  }
}
