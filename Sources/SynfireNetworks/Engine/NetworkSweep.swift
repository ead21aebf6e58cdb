import SynfireCore

/// The memory of one worker: sweeps of all layers and the readout for one block of trials at a time.
///
/// A block runs forward over all steps, the caller turns the readout into adjoints, and the block
/// runs back; the tape of a block stays in the caches. Long sequences are cut into segments: of the
/// forward run spikes (or rates) and the states between segments are kept, and each segment, from the
/// last to the first, is run forward again for its tape and then back. The bits are those of one segment.
/// Gradients add up over blocks until `takeGradient`.
public final class NetworkSweep: BlockSweep {
  public let network: Network
  /// The most trials of a block.
  public let blockTrials: Int
  private let sweeps: [any LayerSweep]
  private let readout: any ReadoutSweep
  private let storedAdjoints: [StoredAdjoint]
  private let biasGradient: AlignedBuffer<Float>?

  private let steps: Int
  private let segments: Int
  /// What is kept while forward sweeps of other blocks come between the forward sweep of a block and the backward one.
  private let saving: BlockSaving
  /// How long the trials of the block are.
  private var lengths: TrialLengths

  /// - Parameters:
  ///   - segmentSteps: steps whose tape is held at a time; nil for all.
  ///   - saving: what `save` is to hand out.
  public init(
    _ network: Network, steps: Int, segmentSteps: Int? = nil, blockTrials: Int,
    saving: BlockSaving = .nothing
  ) throws {
    self.network = network
    self.saving = saving
    self.blockTrials = blockTrials
    self.steps = steps
    lengths = TrialLengths(steps: steps)
    segments =
      SweepSize(steps: steps, segmentSteps: segmentSteps, trials: blockTrials, neurons: 1).segments
    sweeps = try network.layers.enumerated().map { index, layer in
      try layer.makeSweep(
        inputs: network.inputCount(ofLayer: index), steps: steps, segmentSteps: segmentSteps,
        trials: blockTrials, timeStep: network.timeStep, keepsNumbers: saving == .numbers)
    }
    let last = network.layers.last!
    readout = try network.readout.makeSweep(
      neurons: last.neurons, spiking: last.isSpiking, steps: steps, trials: blockTrials,
      timeStep: network.timeStep)
    biasGradient = network.readout.makeBiasGradient()
    storedAdjoints = network.layers.dropLast().map {
      StoredAdjoint(
        SweepSize(
          steps: steps, segmentSteps: segmentSteps, trials: blockTrials, neurons: $0.neurons))
    }
  }

  /// Bytes of a sweep, which need not be made for it.
  static func byteCount(
    _ network: Network, steps: Int, segmentSteps: Int?, blockTrials: Int, saving: BlockSaving
  ) -> Int {
    var bytes = network.readout.sweepByteCount(
      neurons: network.layers.last!.neurons, steps: steps, trials: blockTrials)
    for (index, layer) in network.layers.enumerated() {
      let size = SweepSize(
        steps: steps, segmentSteps: segmentSteps, trials: blockTrials, neurons: layer.neurons)
      bytes += layer.sweepByteCount(size, keepsNumbers: saving == .numbers)
      if index < network.layers.count - 1 { bytes += StoredAdjoint.byteCount(size) }
    }
    return bytes
  }

  public var readoutBlock: ReadoutBlock { readout.block }

  public func forward(
    _ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int, lengths: TrialLengths?,
    from state: NetworkState<Float>?
  ) {
    self.lengths = lengths ?? TrialLengths(steps: steps)
    for (index, sweep) in sweeps.enumerated() {
      sweep.forward(
        packed.layers[index], activity(below: index, inputs), trials: trials,
        lengths: self.lengths, from: state?.tensors.under(network.layers[index].name))
    }
    read(packed, trials: trials, from: state)
  }

  public func forwardForSpikes(
    _ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int, lengths: TrialLengths?,
    from state: NetworkState<Float>?
  ) {
    self.lengths = lengths ?? TrialLengths(steps: steps)
    for (index, sweep) in sweeps.enumerated() {
      sweep.forwardWithoutTape(
        packed.layers[index], activity(below: index, inputs), trials: trials,
        lengths: self.lengths, from: state?.tensors.under(network.layers[index].name))
    }
  }

  public func save() -> AnyObject? {
    saving != .nothing ? SavedNetwork(layers: sweeps.map { $0.save() }, lengths: lengths) : nil
  }

  public func restore(
    _ saved: AnyObject, _ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int
  ) {
    let saved = saved as! SavedNetwork
    lengths = saved.lengths
    for (index, sweep) in sweeps.enumerated() {
      sweep.restore(
        saved.layers[index], packed.layers[index], trials: trials, lengths: lengths)
    }
    read(packed, trials: trials)
  }

  /// What a forward sweep of all layers leaves for a backward one.
  private final class SavedNetwork {
    let layers: [AnyObject]
    let lengths: TrialLengths

    init(layers: [AnyObject], lengths: TrialLengths) {
      self.layers = layers
      self.lengths = lengths
    }
  }

  public func state(trials: Int) -> NetworkState<Float> {
    var tensors = NamedTensors<Float>()
    for (index, sweep) in sweeps.enumerated() {
      let state = sweep.state(trials: trials, reach: network.reach(ofLayer: index))
      for (name, tensor) in state.prefixed(network.layers[index].name) { tensors[name] = tensor }
    }
    if network.readout.connection.filter != .none {
      tensors[NetworkState<Float>.readoutFilter] = readout.filterState(trials: trials)
    }
    return NetworkState(tensors: tensors)
  }

  private func read(
    _ packed: PackedNetwork, trials: Int, from state: NetworkState<Float>? = nil
  ) {
    readout.forward(
      packed.readout, sweeps.last!.activity, trials: trials, lengths: lengths,
      from: state.map { .init(filter: $0.tensors[NetworkState<Float>.readoutFilter]) })
    readoutBlock.add(bias: packed.readoutBias, trials: trials)
  }

  public func backward(
    _ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int,
    constantAdjoints: [AlignedBuffer<Float>]
  ) {
    readoutBlock.addAdjoints(trials: trials, to: biasGradient)
    readout.beginBackward(packed.readout, sweeps.last!.activity, trials: trials)
    for sweep in sweeps { sweep.beginBackward(trials: trials) }
    for adjoint in storedAdjoints where segments > 1 || lengths.longest < steps {
      adjoint.begin(steps: lengths.longest)
    }
    for segment in (0..<segments).reversed() {
      for index in sweeps.indices.reversed() {
        sweeps[index].backward(
          segment: segment, packed.layers[index], activity(below: index, inputs), trials: trials,
          outputAdjoint: index == sweeps.count - 1 ? readout : storedAdjoints[index],
          constantAdjoint: constantAdjoints.isEmpty ? nil : constantAdjoints[index].pointer,
          inputAdjoint: index == 0 ? nil : storedAdjoints[index - 1])
      }
    }
    // Gradients of large weights need memory by then. Elsewhere it would take longer to get it again.
    if network.hasLargeWeights { for sweep in sweeps { sweep.returnPages() } }
  }

  public func countSpikes(trials: Int, into counts: inout [[Int]]) {
    for (index, sweep) in sweeps.enumerated() {
      sweep.countSpikes(trials: trials, into: &counts[index])
    }
  }

  public func record(
    _ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int, lengths: TrialLengths?
  ) -> [LayerRecord] {
    self.lengths = lengths ?? TrialLengths(steps: steps)
    let records = sweeps.enumerated().map { index, sweep in
      sweep.record(
        packed.layers[index], activity(below: index, inputs), trials: trials,
        lengths: self.lengths)
    }
    read(packed, trials: trials)
    return records
  }

  public func firstNonFinite(
    _ packed: PackedNetwork, _ inputs: BlockActivity, trials: Int
  ) -> (layer: String, step: Int, trial: Int, neuron: Int)? {
    for (index, sweep) in sweeps.enumerated() {
      if let found = sweep.firstNonFinite(
        packed.layers[index], activity(below: index, inputs), trials: trials)
      {
        return (network.layers[index].name, found.step, found.trial, found.neuron)
      }
    }
    return nil
  }

  private func activity(below index: Int, _ inputs: BlockActivity) -> BlockActivity {
    index == 0 ? inputs : sweeps[index - 1].activity
  }

  public func gradientBuffers(_ packed: PackedNetwork) -> [AlignedBuffer<Float>] {
    var result: [AlignedBuffer<Float>] = []
    for (index, sweep) in sweeps.enumerated() {
      result += sweep.workspaces(packed.layers[index]).map(\.gradient)
    }
    result.append(readout.workspace(packed.readout).gradient)
    return result + sweeps.map { $0.takeParameterGradients() } + [biasGradient].compactMap { $0 }
  }
}

extension TrialInputs {
  /// Calls `body` with the inputs in place, for reading by kernels.
  ///
  /// Errors of `body` leave `withUnsafeBufferPointer` as results: thrown through it, Swift 6.3 hands
  /// the caller an error that is no object when it optimises.
  public func withActivity<Value>(_ body: (BlockActivity) throws -> Value) throws -> Value {
    let outcome: Result<Value, any Error> =
      switch self {
      case .spikes(let spikes):
        spikes.words.withUnsafeBufferPointer { words in
          Result {
            try body(
              .spikes(
                words.baseAddress!, timeStride: spikes.trials * spikes.wordsPerRow,
                trialStride: spikes.wordsPerRow))
          }
        }
      case .analog(let tensor):
        tensor.values.withUnsafeBufferPointer { values in
          Result {
            try body(
              .analog(
                values.baseAddress!, timeStride: tensor.shape[1] * tensor.shape[2],
                trialStride: tensor.shape[2]))
          }
        }
      }
    return try outcome.get()
  }
}

extension BlockActivity {
  /// The same activity counted from another step, which may lie before the first.
  public func from(step: Int) -> BlockActivity {
    switch self {
    case .spikes(let words, let timeStride, let trialStride):
      .spikes(words + step * timeStride, timeStride: timeStride, trialStride: trialStride)
    case .analog(let values, let timeStride, let trialStride):
      .analog(values + step * timeStride, timeStride: timeStride, trialStride: trialStride)
    }
  }

  /// The same activity from a later trial on.
  public func from(trial: Int) -> BlockActivity {
    switch self {
    case .spikes(let words, let timeStride, let trialStride):
      .spikes(words + trial * trialStride, timeStride: timeStride, trialStride: trialStride)
    case .analog(let values, let timeStride, let trialStride):
      .analog(values + trial * trialStride, timeStride: timeStride, trialStride: trialStride)
    }
  }
}
