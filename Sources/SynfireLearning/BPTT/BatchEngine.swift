import Synchronization
import SynfireCore
import SynfireNetworks

/// Runs batches of trials through the fast engine, over threads.
final class BatchEngine: Sendable {
  let network: Network
  private let pool: WorkerPool
  /// Sweeps that no worker is using, by number of steps and block size.
  private let idle = Mutex<[SweepKey: [IdleSweep]]>([:])

  init(_ network: Network, threads: Int) {
    self.network = network
    pool = WorkerPool(threads: threads)
  }

  private struct SweepKey: Hashable {
    let layout: LaneLayout
    let steps: Int
    let blockTrials: Int
  }

  /// A sweep is used by one worker at a time; the lock around `idle` hands it over.
  private struct IdleSweep: @unchecked Sendable {
    let sweep: any BlockSweep
  }

  private func withSweep<Result>(
    _ key: SweepKey, _ packed: PackedNetwork, _ body: (any BlockSweep) throws -> Result
  ) throws -> Result {
    let sweep: any BlockSweep
    if let found = idle.withLock({ $0[key]?.popLast() }) {
      sweep = found.sweep
    } else {
      sweep = try network.makeSweep(
        key.layout, packed, steps: key.steps, blockTrials: key.blockTrials)
    }
    let kept = IdleSweep(sweep: sweep)
    defer { idle.withLock { $0[key, default: []].append(kept) } }
    return try body(sweep)
  }

  /// Calls `body` for each shard of a batch, side by side, with its blocks and their first inputs.
  func forEachShard(
    _ batch: TrialInputs, _ packed: PackedNetwork,
    _ body:
      @Sendable (_ shard: Int, any BlockSweep, [(BlockActivity, Range<Int>)]) throws -> Void
  ) throws {
    let layout = network.laneLayout(of: batch)
    let plan = BatchPlan(trials: batch.trials, layout: layout)
    let key = SweepKey(layout: layout, steps: batch.steps, blockTrials: plan.blockTrials)
    try batch.withActivity { activity in
      let shared = SharedActivity(activity)
      try pool.run(shards: plan.blocks.count) { shard in
        try self.withSweep(key, packed) { sweep in
          let blocks = plan.blocks[shard].map {
            (shared.activity.from(trial: $0.lowerBound), $0)
          }
          try body(shard, sweep, blocks)
        }
      }
    }
  }

  /// Inputs are only read while workers run.
  private struct SharedActivity: @unchecked Sendable {
    let activity: BlockActivity

    init(_ activity: BlockActivity) { self.activity = activity }
  }

  /// Parameters in the layout that a batch is swept with.
  func pack(_ parameters: NamedTensors<Float>, for inputs: TrialInputs) -> PackedNetwork {
    PackedNetwork(network, parameters, layout: network.laneLayout(of: inputs))
  }

  func validate(_ inputs: TrialInputs) throws {
    guard inputs.channels == network.inputs else {
      throw LearningError(
        "the trials have \(inputs.channels) channels, the network has \(network.inputs) inputs")
    }
    try network.readout.validate(steps: inputs.steps)
    guard inputs.trials > 0, inputs.steps > 0 else {
      throw LearningError("the batch has \(inputs.trials) trials of \(inputs.steps) steps")
    }
  }

  /// The error that says where a batch first leaves the finite numbers.
  func diagnose(
    _ batch: TrialBatch, _ parameters: NamedTensors<Float>, update: Int
  ) -> any Error {
    for (name, tensor) in parameters.pairs {
      if let position = tensor.firstNonFinite {
        return LearningError(
          "a parameter is not finite at update \(update)", place: "\(name)\(position)",
          remedy: "Lower the learning rate or clip the gradient.", isUserMistake: false)
      }
    }
    let packed = pack(parameters, for: batch.inputs)
    let found = Mutex<[Int: LearningError]>([:])
    do {
      try forEachShard(batch.inputs, packed) { _, sweep, blocks in
        for (activity, block) in blocks {
          sweep.forward(packed, activity, trials: block.count)
          guard let first = sweep.firstNonFinite(packed, activity, trials: block.count) else {
            continue
          }
          let error = LearningError(
            "a state is not finite at update \(update)",
            place: "layer \(first.layer), step \(first.step), neuron \(first.neuron), "
              + "trial \(block.lowerBound + first.trial)",
            remedy: "Lower the learning rate, clip the gradient, or check the inputs.",
            isUserMistake: false)
          found.withLock { $0[block.lowerBound] = error }
        }
      }
    } catch { return error }
    return found.withLock { $0.min { $0.key < $1.key }?.value }
      ?? LearningError(
        "the gradient is not finite at update \(update), although all states are",
        remedy: "Lower the learning rate or clip the gradient.", isUserMistake: false)
  }
}

extension Network {
  /// The lanes that a batch is swept with.
  fileprivate func laneLayout(of inputs: TrialInputs) -> LaneLayout {
    laneLayout(trials: inputs.trials, spiking: inputs.areSpikes)
  }
}

extension TrialInputs {
  /// Whether they are spikes, not numbers.
  fileprivate var areSpikes: Bool { if case .spikes = self { true } else { false } }
}
