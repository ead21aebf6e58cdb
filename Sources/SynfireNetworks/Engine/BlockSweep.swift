import SynfireCore

/// The memory of one worker that runs a block of trials forward over all steps and back.
///
/// Gradients add up over blocks until `gradientBuffers` are read and cleared.
public protocol BlockSweep: AnyObject {
  /// The readout of the last forward sweep and the room for its adjoints.
  var readoutBlock: ReadoutBlock { get }

  /// Runs trials forward; `inputs` starts at the first trial of the block.
  ///
  /// - Parameters:
  ///   - lengths: of the trials; nil where all have every step.
  ///   - state: what they go on from; inputs can then be read as far back as synapses reach. Nil for rest.
  func forward(
    _ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int, lengths: TrialLengths?,
    from state: NetworkState<Float>?)

  /// The state after the last step of a forward sweep, before a backward one, but for the inputs.
  func state(trials: Int) -> NetworkState<Float>

  /// Runs trials forward for their spikes alone: there need be neither readout nor tape.
  func forwardForSpikes(
    _ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int, lengths: TrialLengths?,
    from state: NetworkState<Float>?)

  /// What `restore` needs to go on from here, after a forward sweep from rest and others of other blocks; nil
  /// where only another forward sweep would do.
  func save() -> AnyObject?

  /// Does in place of a forward sweep, with what `save` gave after that of the same block.
  func restore(_ saved: AnyObject, _ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int)

  /// Runs trials back from the adjoints in `readoutBlock`.
  ///
  /// - Parameter constantAdjoints: for each layer, dL/d(output) that is the same for every step and
  ///   trial [neuron padded], as a firing-rate regularizer has; empty for none.
  func backward(
    _ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int,
    constantAdjoints: [AlignedBuffer<Float>])

  /// Adds each layer's spikes by neuron to `counts` [layer][neuron].
  func countSpikes(trials: Int, into counts: inout [[Int]])

  /// Runs a block forward and keeps what each layer did, in the order of the layers.
  func record(
    _ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int, lengths: TrialLengths?
  ) -> [LayerRecord]

  /// The first layer, step and neuron whose state is not finite.
  func firstNonFinite(
    _ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int
  ) -> (layer: String, step: Int, trial: Int, neuron: Int)?

  /// Gradient sums: connection by connection in the layout of the packed connectivity, then layer by
  /// layer those of the neurons' parameters [parameter][neuron], then that of the bias if there is one.
  func gradientBuffers(_ packed: PackedNetwork) -> [AlignedBuffer<Float>]
}

extension BlockSweep {
  /// Runs trials of all steps forward from rest.
  public func forward(_ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int) {
    forward(packed, inputs, trials: trials, lengths: nil, from: nil)
  }

  public func forwardForSpikes(
    _ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int, lengths: TrialLengths?,
    from state: NetworkState<Float>?
  ) {
    forward(packed, inputs, trials: trials, lengths: lengths, from: state)
  }

  public func save() -> AnyObject? { nil }

  public func restore(
    _ saved: AnyObject, _ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int
  ) {
    forward(packed, inputs, trials: trials, lengths: nil, from: nil)
  }
}

extension Network {
  /// The memory of one worker.
  ///
  /// - Parameters:
  ///   - segmentSteps: steps whose tape is held at a time; nil for all. Trials that are lanes choose their own,
  ///     so that the tape stays in the caches.
  ///   - saving: what `save` hands out where neurons are lanes.
  public func makeSweep(
    _ layout: LaneLayout, _ packed: PackedNetwork, steps: Int, segmentSteps: Int? = nil,
    blockTrials: Int, saving: BlockSaving = .nothing
  ) throws -> any BlockSweep {
    switch layout {
    case .neurons:
      try NetworkSweep(
        self, steps: steps, segmentSteps: segmentSteps, blockTrials: blockTrials,
        saving: saving)
    case .trials:
      try TrialLaneNetworkSweep(self, packed, steps: steps, keepsNumbers: saving == .numbers)
    }
  }

  /// The steps of a segment whose tape stays in the second cache for the most part, at most the 64 that
  /// gradients are gathered over. Shorter ones are no faster, and there are more states between them to keep.
  public func cachedSteps(blockTrials: Int) -> Int {
    let step = layers.map { $0.tapeByteCount(trials: blockTrials) }.max() ?? 1
    return min(64, max(4, (1 << 20) / step))
  }

  /// Whether there are layers of which numbers can be kept (`BlockSaving.numbers`).
  public var canSaveNumbers: Bool { layers.contains(where: \.canSaveNumbers) }

  /// Bytes of the memory of one worker, gradients aside, and of what `save` hands out for a block; of numbers, as many
  /// as there may be.
  public func sweepByteCount(
    _ layout: LaneLayout, steps: Int, segmentSteps: Int? = nil, blockTrials: Int,
    saving: BlockSaving = .nothing
  ) throws -> (sweep: Int, saved: Int) {
    switch layout {
    case .neurons:
      let sweep = NetworkSweep.byteCount(
        self, steps: steps, segmentSteps: segmentSteps, blockTrials: blockTrials, saving: saving)
      guard saving != .nothing else { return (sweep, 0) }
      let saved = layers.reduce(0) {
        let size = SweepSize(
          steps: steps, segmentSteps: segmentSteps, trials: blockTrials, neurons: $1.neurons)
        return $0 + $1.savedByteCount(size, keepsNumbers: saving == .numbers)
      }
      return (sweep, saved)
    case .trials:
      // So much for each step, beside what does not depend on their number.
      let packed = PackedNetwork(self, initialParameters(seed: 0), layout: .trials)
      func count(_ steps: Int) throws -> (sweep: Int, saved: Int) {
        let sweep = try TrialLaneNetworkSweep(
          self, packed, steps: steps, keepsNumbers: saving == .numbers)
        return (sweep.byteCount, saving == .nothing ? 0 : sweep.savedByteCount)
      }
      let known = [1024, 2048]
      if steps < known[1] { return try count(steps) }
      let (less, more) = (try count(known[0]), try count(known[1]))
      func extended(_ bytes: KeyPath<(sweep: Int, saved: Int), Int>) -> Int {
        let added = more[keyPath: bytes] - less[keyPath: bytes]
        return more[keyPath: bytes] + added * (steps - known[1]) / (known[1] - known[0])
      }
      return (extended(\.sweep), extended(\.saved))
    }
  }
}
