import Synchronization
import SynfireCore
import SynfireNetworks

/// Runs batches of trials through the fast engine, over threads.
final class BatchEngine: Sendable {
  let network: Network
  private let pool: WorkerPool
  private let sweepMemory: Int
  private let hasLimit: Bool
  private let sweepsAhead: Bool
  /// Sweeps that no worker is using.
  private let idle = Mutex<[SweepPlan.Key: [IdleSweep]]>([:])
  /// Plans by steps, trials, whether inputs are spikes and whether trials are plain.
  private let plans = Mutex<[[Int]: SweepPlan]>([:])

  /// - Parameters:
  ///   - sweepsAhead: whether gradients want mean rates, so that a forward sweep of the whole batch comes first.
  ///   - sweepMemory: most bytes of the states and tapes of all workers; nil for `SweepPlan.defaultLimit`.
  init(_ network: Network, threads: Int, sweepsAhead: Bool = false, sweepMemory: Int? = nil) {
    self.network = network
    self.sweepsAhead = sweepsAhead
    self.sweepMemory = sweepMemory ?? SweepPlan.defaultLimit
    hasLimit = sweepMemory != nil
    pool = WorkerPool(threads: threads)
  }

  /// A sweep is used by one worker at a time; the lock around `idle` hands it over.
  private struct IdleSweep: @unchecked Sendable {
    let sweep: any BlockSweep
  }

  /// - Parameter isPlain: whether trials start at rest and all have every step.
  private func plan(steps: Int, _ batch: TrialInputs, isPlain: Bool) throws -> SweepPlan {
    let sizes = [steps, batch.trials, batch.areSpikes ? 1 : 0, isPlain ? 1 : 0]
    if let plan = plans.withLock({ $0[sizes] }) { return plan }
    let plan = try SweepPlan(
      network, steps: steps, trials: batch.trials, spiking: batch.areSpikes, isPlain: isPlain,
      sweepsAhead: sweepsAhead, threads: pool.threads, limit: sweepMemory)
    plans.withLock { $0[sizes] = plan }
    return plan
  }

  /// Whether trials that have been run forward are run back without a step being run again.
  func runsStepsOnce(_ trials: SortedTrials) throws -> Bool {
    let isPlain = trials.start == nil && trials.batch.lengths == nil
    return try plan(
      steps: trials.batch.inputs.steps, trials.batch.inputs, isPlain: isPlain
    ).runsStepsOnce
  }

  private func withSweep<Result>(
    _ key: SweepPlan.Key, _ packed: PackedNetwork, _ body: (any BlockSweep) throws -> Result
  ) throws -> Result {
    let sweep: any BlockSweep
    if let found = idle.withLock({ $0[key]?.popLast() }) {
      sweep = found.sweep
    } else {
      // Memory that is limited is for the batch at hand.
      if hasLimit { idle.withLock { $0 = $0.filter { $0.key == key } } }
      sweep = try network.makeSweep(
        key.layout, packed, steps: key.steps, segmentSteps: key.segmentSteps,
        blockTrials: key.blockTrials, saving: key.saving)
    }
    let kept = IdleSweep(sweep: sweep)
    defer { idle.withLock { $0[key, default: []].append(kept) } }
    return try body(sweep)
  }

  /// Calls `body` for each shard of a batch, side by side, with its blocks and their first inputs.
  ///
  /// - Parameters:
  ///   - past: how many of the steps lie before the first that is run; nil where trials start at rest.
  ///   - areRagged: whether the trials have lengths of their own.
  func forEachShard(
    _ inputs: TrialInputs, past: Int? = nil, areRagged: Bool = false, _ packed: PackedNetwork,
    _ body:
      @Sendable (ShardTurn, any BlockSweep, [(BlockActivity, Range<Int>)]) throws -> Void
  ) throws {
    let plan = try plan(
      steps: inputs.steps - (past ?? 0), inputs, isPlain: past == nil && !areRagged)
    try inputs.withActivity { activity in
      let shared = SharedActivity(activity.from(step: past ?? 0))
      try pool.run(shards: plan.shards) { shard, turn in
        try self.withSweep(plan.key, packed) { sweep in
          let blocks = plan.batch.blocks[shard].map {
            (shared.activity.from(trial: $0.lowerBound), $0)
          }
          try body(turn, sweep, blocks)
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
  ///
  /// - Throws: `NetworkError` for a network that cannot be made.
  func pack(
    _ parameters: NamedTensors<Float>, for inputs: TrialInputs, isPlain: Bool = true
  ) throws -> PackedNetwork {
    let plan = try plan(steps: inputs.steps, inputs, isPlain: isPlain)
    return PackedNetwork(network, parameters, layout: plan.layout)
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
    let found = Mutex<[Int: LearningError]>([:])
    do {
      let packed = try pack(parameters, for: batch.inputs)
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

extension TrialInputs {
  /// Whether they are spikes, not numbers.
  fileprivate var areSpikes: Bool { if case .spikes = self { true } else { false } }
}
