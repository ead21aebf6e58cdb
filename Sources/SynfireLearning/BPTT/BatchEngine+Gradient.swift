import Synchronization
import SynfireCore
import SynfireNetworks

extension BatchEngine {
  /// Loss and gradients of a batch.
  ///
  /// - Parameter start: what the trials go on from; the result then has the state that they end in.
  func gradient(
    _ batch: TrialBatch, _ packed: consuming PackedNetwork, loss: Loss,
    regularizers: [Regularizer], from start: NetworkState<Float>? = nil
  ) throws -> GradientResult {
    let trials = try SortedTrials(batch, start, network)
    var packed = packed
    let readGradient = packed.gradientReader(network)
    var terms: RateTerms?
    let saved = SavedBlocks()
    var counts: [[Int]]?
    if regularizers.needsRates {
      // Mean rates couple all trials, so a forward run of the whole batch comes first.
      let forward = try sweep(
        trials, packed, loss: loss, loss.isMean ? .spikes(saved) : .forward(saved))
      terms = RateTerms(forward, batch, regularizers, factor: forward.outcome.factor)
      counts = forward.counts
      if try runsStepsOnce(trials) { packed = packed.withoutPropagation() }
    }
    // The last that needs the weights.
    let total = try sweep(trials, consume packed, loss: loss, .backward(terms, saved))
    if terms == nil { total.gradients.scale(Float(total.outcome.factor)) }
    let activity = SpikeSummary(counts ?? total.counts, batch, network)
    return GradientResult(
      loss: total.outcome.loss + (terms?.value ?? 0),
      gradients: readGradient(total.gradients), readout: trials.restored(total.readout),
      firingRate: activity.firingRate, silentFraction: activity.silentFraction,
      saturatedFraction: activity.saturatedFraction, state: total.state.map(trials.restored))
  }

  /// The readout and loss of a batch.
  ///
  /// - Parameter start: what the trials go on from; the state that they end in is then handed out.
  func evaluate(
    _ batch: TrialBatch, _ packed: PackedNetwork, loss: Loss,
    from start: NetworkState<Float>? = nil
  ) throws -> (Evaluation, state: NetworkState<Float>?) {
    let trials = try SortedTrials(batch, start, network)
    let total = try sweep(trials, packed, loss: loss, .forward(nil))
    let evaluation = Evaluation(
      loss: total.outcome.loss, readout: trials.restored(total.readout),
      firingRate: SpikeSummary(total.counts, batch, network).firingRate)
    return (evaluation, total.state.map(trials.restored))
  }

  private enum Direction: Sendable {
    /// Forward for the number of spikes alone; saves what the backward sweep of each block needs.
    case spikes(SavedBlocks)
    /// The same with the readout, and only if there is to be a backward sweep.
    case forward(SavedBlocks?)
    case backward(RateTerms?, SavedBlocks)

    /// Where a forward sweep leaves its blocks for a backward one.
    var blocksToSave: SavedBlocks? {
      switch self {
      case .spikes(let saved): saved
      case .forward(let saved): saved
      case .backward: nil
      }
    }

    /// Whether the spikes have been counted before.
    var knowsSpikes: Bool { if case .backward(.some, _) = self { true } else { false } }
  }

  /// What one shard, or all of them, add up.
  private struct Total: Sendable {
    var loss = 0.0
    /// Spikes by layer and neuron.
    var counts: [[Int]]
    var gradients: [AlignedBuffer<Float>] = []
    var readout: Tensor<Float>
    var outcome = (loss: 0.0, factor: 0.0)
    var state: NetworkState<Float>?
  }

  /// Adds up what shards hand in, in their order whenever they come.
  private struct ShardSums: Sendable {
    /// Shards that are early leave a copy of at most so many bytes; larger sums are handed in in turn.
    static let mostCopied = 1 << 20

    private(set) var total: Total
    private var next = 0
    private var early: [Int: Total] = [:]

    init(_ empty: Total) { total = empty }

    /// - Parameter gradients: the sums of the shard in the memory of its worker.
    mutating func add(_ shard: Total, gradients: [AlignedBuffer<Float>], shard index: Int) {
      if index == next {
        add(shard, gradients)
        while let waiting = early.removeValue(forKey: next) { add(waiting, waiting.gradients) }
      } else {
        early[index] = shard
        early[index]!.gradients = gradients.map { $0.copy() }
      }
    }

    private mutating func add(_ shard: Total, _ gradients: [AlignedBuffer<Float>]) {
      next += 1
      total.loss += shard.loss
      for layer in total.counts.indices { total.counts[layer].add(shard.counts[layer]) }
      if total.gradients.isEmpty {
        total.gradients = gradients.map { $0.copy() }
      } else {
        total.gradients.add(gradients)
      }
    }
  }

  /// Runs all trials forward, and back if asked, and adds up in the order of the shards.
  private func sweep(
    _ trials: SortedTrials, _ packed: PackedNetwork, loss: Loss, _ direction: Direction
  ) throws -> Total {
    let (batch, start) = (trials.batch, trials.start)
    try validate(batch.inputs)
    let known = try CarriedInputs(batch.inputs, start, network)
    let rows = batch.lengths.map { $0.map { network.readout.rows(steps: $0) } }
    let end = EndStates(start)
    var total = Total(
      counts: network.layers.map { [Int](repeating: 0, count: $0.neurons) },
      readout: emptyReadout(batch.inputs))
    try loss.validate(batch.targets, readoutShape: total.readout.shape)
    let empty = total
    let sums = Mutex(ShardSums(total))
    try total.readout.values.withUnsafeMutableBufferPointer { values in
      let writer = ReadoutWriter(values.baseAddress!, batch, loss, rows: rows)
      try forEachShard(
        known.inputs, past: known.past, areRagged: batch.lengths != nil, packed
      ) { turn, sweep, blocks in
        var sum = empty
        for (activity, block) in blocks {
          let lengths = trials.lengths(block)
          switch direction {
          case .spikes:
            sweep.forwardForSpikes(
              packed, activity, trials: block.count, lengths: lengths, from: start?[block])
          case .forward:
            sweep.forward(
              packed, activity, trials: block.count, lengths: lengths, from: start?[block])
            sum.loss += writer.write(sweep.readoutBlock, block, factor: 1)
            if start != nil { end.insert(sweep.state(trials: block.count), block) }
          case .backward(let terms, let saved):
            if let state = saved.take(block) {
              sweep.restore(state, packed, activity, trials: block.count)
            } else {
              sweep.forward(
                packed, activity, trials: block.count, lengths: lengths, from: start?[block])
            }
            if start != nil { end.insert(sweep.state(trials: block.count), block) }
            sum.loss += writer.write(sweep.readoutBlock, block, factor: terms?.lossFactor ?? 1)
            sweep.backward(
              packed, activity, trials: block.count, constantAdjoints: terms?.adjoints ?? [])
          }
          if !direction.knowsSpikes { sweep.countSpikes(trials: block.count, into: &sum.counts) }
          if start == nil, let saved = direction.blocksToSave { saved.insert(sweep.save(), block) }
        }
        var gradients: [AlignedBuffer<Float>] = []
        if case .backward = direction { gradients = sweep.gradientBuffers(packed) }
        let finished = (sum, gradients)
        func handIn() {
          sums.withLock { $0.add(finished.0, gradients: finished.1, shard: turn.shard) }
        }
        let isLarge = gradients.reduce(0) { $0 + $1.byteCount } > ShardSums.mostCopied
        if isLarge { turn.take(handIn) } else { handIn() }
        for buffer in gradients where !buffer.returnPages() { buffer.clear() }
      }
    }
    let readout = total.readout
    total = sums.withLock { $0.total }
    total.readout = readout
    total.state = end.state.map { known.keepLast($0, lengths: batch.lengths) }
    total.outcome = loss.finish(
      sum: total.loss, targets: batch.targets.count(rows: rows),
      values: rows.map { $0.reduce(0, +) * network.readout.outputs } ?? total.readout.count)
    return total
  }

  func emptyReadout(_ inputs: TrialInputs) -> Tensor<Float> {
    let (axes, shape) = network.readout.shape(steps: inputs.steps, trials: inputs.trials)
    return Tensor(axes: axes, shape: shape)
  }

  /// Regularizers of mean rates, once these are known.
  private struct RateTerms: Sendable {
    var value = 0.0
    /// By layer, dL/d(output) of every step and trial.
    var adjoints: [AlignedBuffer<Float>] = []
    let lossFactor: Float

    init(_ total: Total, _ batch: TrialBatch, _ regularizers: [Regularizer], factor: Double) {
      lossFactor = Float(factor)
      for counts in total.counts {
        let (value, adjoints) = regularizers.rateTerms(
          counts: counts.map(Double.init), samples: batch.samples)
        self.value += value
        let buffer = AlignedBuffer<Float>(count: paddedToLanes(counts.count))
        for (neuron, adjoint) in adjoints.enumerated() { buffer.pointer[neuron] = Float(adjoint) }
        self.adjoints.append(buffer)
      }
    }
  }
}

/// What spikes of a batch say about the health of a network.
struct SpikeSummary {
  /// In Hz, mean over neurons and trials.
  let firingRate: Double
  /// Neurons without a spike.
  let silentFraction: Double
  /// Neurons that spike in more than half of all steps.
  let saturatedFraction: Double

  init(_ counts: [[Int]], _ batch: TrialBatch, _ network: Network) {
    let spiking = zip(counts, network.layers).filter { $0.1.isSpiking }.flatMap { $0.0 }
    let samples = batch.samples
    let neurons = Double(max(spiking.count, 1))
    firingRate =
      Double(spiking.reduce(0, +)) / (neurons * Double(samples) * network.timeStep)
    silentFraction = Double(spiking.count { $0 == 0 }) / neurons
    saturatedFraction = Double(spiking.count { 2 * $0 > samples }) / neurons
  }
}

extension [AlignedBuffer<Float>] {
  /// self += other.
  fileprivate func add(_ other: [AlignedBuffer<Float>]) {
    for (sum, part) in zip(self, other) {
      for index in 0..<sum.count { sum.pointer[index] += part.pointer[index] }
    }
  }

  fileprivate func scale(_ factor: Float) {
    for buffer in self {
      for index in 0..<buffer.count { buffer.pointer[index] *= factor }
    }
  }
}

extension [Int] {
  /// self += other.
  fileprivate mutating func add(_ other: [Int]) {
    for index in indices { self[index] += other[index] }
  }
}
