import SynfireCore

/// The readout of a block of trials, forward and backward.
public protocol ReadoutSweep: OutputAdjoint {
  /// The outputs of the last forward sweep, and room for their adjoints.
  var block: ReadoutBlock { get }

  /// - Parameter start: what the trials go on from; the activity can then be read as far back as the latency
  ///   reaches. Nil for rest.
  func forward(
    _ packed: any PackedConnectivity, _ activity: BlockActivity, trials: Int,
    lengths: TrialLengths, from start: ReadoutStart?)
  /// The state of the filter after a forward sweep, before a backward one: [part, trial, output], or
  /// [part, trial, neuron] where neurons are filtered.
  func filterState(trials: Int) -> Tensor<Float>
  /// Sets the state to that before the first step.
  func begin()
  /// The outputs after one more step, in the first step of `block`; step t of the activity is at t % 64.
  func step(
    _ packed: any PackedConnectivity, _ activity: BlockActivity, time: Int, trials: Int)
  /// Starts a backward sweep: the adjoints of the outputs are in `block`.
  func beginBackward(_ packed: any PackedConnectivity, _ activity: BlockActivity, trials: Int)
  func workspace(_ packed: any PackedConnectivity) -> ConnectivityWorkspace
}

/// What a readout goes on from.
public struct ReadoutStart {
  /// The state of the filter; nil without one.
  let filter: Tensor<Float>?
}

/// Outputs of a block and the adjoints that a loss writes for them.
public struct ReadoutBlock {
  /// [time, trial, output padded]; one step when the readout reduces over time.
  public let outputs: UnsafeMutablePointer<Float>
  /// Same layout; dL/d(output).
  public let adjoints: UnsafeMutablePointer<Float>
  public let steps: Int
  public let count: Int
  public let stepStride: Int
  public let trialStride: Int
}

extension ReadoutBlock {
  /// Adds the bias to the outputs of every step and trial.
  func add(bias: [Float]?, trials: Int) {
    guard let bias else { return }
    forEachRow(trials) { start in
      for output in 0..<count { outputs[start + output] += bias[output] }
    }
  }

  /// sum += the adjoints of every step and trial, which is the gradient of the bias.
  func addAdjoints(trials: Int, to sum: AlignedBuffer<Float>?) {
    guard let sum else { return }
    forEachRow(trials) { start in
      for output in 0..<count { sum.pointer[output] += adjoints[start + output] }
    }
  }

  private func forEachRow(_ trials: Int, _ body: (_ start: Int) -> Void) {
    for step in 0..<steps {
      for trial in 0..<trials { body(step * stepStride + trial * trialStride) }
    }
  }
}

/// Memory that both readouts need.
final class ReadoutBuffers {
  let outputs: AlignedBuffer<Float>
  let adjoints: AlignedBuffer<Float>
  let block: ReadoutBlock
  private var stored: ConnectivityWorkspace?

  init(steps: Int, trials: Int, outputs count: Int) {
    let length = paddedToLanes(count)
    outputs = AlignedBuffer(count: steps * trials * length + 128)
    adjoints = AlignedBuffer(count: steps * trials * length + 128)
    block = ReadoutBlock(
      outputs: outputs.pointer, adjoints: adjoints.pointer, steps: steps, count: count,
      stepStride: trials * length, trialStride: length)
  }

  func workspace(_ packed: any PackedConnectivity, trials: Int) -> ConnectivityWorkspace {
    if stored == nil { stored = packed.makeWorkspace(trials: trials) }
    return stored!
  }
}

/// y_t = W_out r_t at every step. The filter acts on the outputs, which are fewer than the neurons.
final class EveryStepReadout: ReadoutSweep {
  private let size: SweepSize
  private let filter: ExponentialFilter<SIMD16<Float>>
  private let latency: Int
  private let buffers: ReadoutBuffers
  private let vectors: Int
  private let states: AlignedBuffer<ExponentialFilter<SIMD16<Float>>.State>
  private let ring: AlignedBuffer<Float>
  private var packed: (any PackedConnectivity)?
  private var activity: BlockActivity?
  /// Steps before the first that can be read.
  private var past = 0
  private var lengths: TrialLengths

  init(size: SweepSize, outputs: Int, filter: ExponentialFilter<SIMD16<Float>>?, latency: Int) {
    self.size = size
    lengths = TrialLengths(steps: size.steps)
    self.filter = filter ?? .identity
    self.latency = latency
    buffers = ReadoutBuffers(steps: size.steps, trials: size.trials, outputs: outputs)
    vectors = paddedToLanes(outputs) / 16
    states = AlignedBuffer(count: size.trials * vectors)
    ring = AlignedBuffer(count: AdjointRing.count(rowLength: vectors * 16, trials: size.trials))
  }

  var block: ReadoutBlock { buffers.block }

  func workspace(_ packed: any PackedConnectivity) -> ConnectivityWorkspace {
    buffers.workspace(packed, trials: size.trials)
  }

  func forward(
    _ packed: any PackedConnectivity, _ activity: BlockActivity, trials: Int,
    lengths: TrialLengths, from start: ReadoutStart?
  ) {
    begin()
    if let start {
      past = SweepSize.history
      if let filter = start.filter { FilterState.load(filter, into: states.pointer) }
    }
    self.lengths = lengths
    guard !lengths.areRagged else {
      for time in 0..<lengths.longest {
        read(
          packed, activity, time: time, source: time - latency,
          trials: lengths.active(at: time, of: trials),
          into: block.outputs + time * block.stepStride)
      }
      return
    }
    let outputs = block.outputs
    outputs.update(repeating: 0, count: lengths.longest * block.stepStride)
    for start in stride(from: max(0, latency - past), to: lengths.longest, by: 64) {
      let source = start + past - latency
      packed.propagate(
        activity.from(step: -past), times: source..<source + min(64, lengths.longest - start),
        trials: trials, into: outputs + start * block.stepStride, stepStride: block.stepStride,
        workspace(packed))
    }
    for time in 0..<lengths.longest {
      let row = UnsafeMutableRawPointer(outputs + time * block.stepStride)
      filter.step(
        states.pointer, row.assumingMemoryBound(to: SIMD16<Float>.self), count: trials * vectors)
    }
  }

  func begin() {
    states.clear()
    past = 0
  }

  func filterState(trials: Int) -> Tensor<Float> {
    FilterState.tensor(states.pointer, trials: trials, width: block.count, axis: "output")
  }

  func step(
    _ packed: any PackedConnectivity, _ activity: BlockActivity, time: Int, trials: Int
  ) {
    read(
      packed, activity, time: time, source: (time - latency) & 63, trials: trials,
      into: block.outputs)
  }

  private func read(
    _ packed: any PackedConnectivity, _ activity: BlockActivity, time: Int, source: Int,
    trials: Int, into row: UnsafeMutablePointer<Float>
  ) {
    let outputs = UnsafeMutableRawPointer(row).assumingMemoryBound(to: SIMD16<Float>.self)
    outputs.update(repeating: .zero, count: trials * vectors)
    if time + past >= latency {
      packed.propagate(
        activity.from(step: -past), time: source + past, trials: trials, into: row,
        workspace(packed))
    }
    filter.step(states.pointer, outputs, count: trials * vectors)
  }

  func beginBackward(
    _ packed: any PackedConnectivity, _ activity: BlockActivity, trials: Int
  ) {
    self.packed = packed
    self.activity = activity
    states.clear()
  }

  private var adjointRing: AdjointRing {
    AdjointRing(base: ring.pointer, rowLength: block.trialStride)
  }

  func add(time: Int, trials: Int, into adjoint: UnsafeMutablePointer<Float>) {
    learn(time: time, trials: trials)
    guard let packed, time + latency < lengths.longest else { return }
    packed.backpropagate(
      adjointRing, time: time, trials: trials, into: adjoint, stride: size.rowLength,
      workspace(packed))
  }

  /// Filters the adjoints of a step, and gathers the gradient when 64 steps are complete.
  func learn(time: Int, trials: Int) {
    guard let packed, let activity else { return }
    let source = time - latency
    if source + past >= 0 {
      adjointRing.write(
        source, given(time), stride: vectors, trials: trials, vectors: vectors, filter: filter,
        states.pointer)
      packed.receive(adjointRing, time: source, trials: trials, workspace(packed))
    }
    if let times = lengths.completedGroup(time, latency: latency, past: past) {
      packed.accumulate(
        activity.from(step: -past), times: times, trials: trials, adjointRing, workspace(packed))
    }
  }

  /// The adjoints of the outputs of a step, [trial][vector].
  private func given(_ time: Int) -> UnsafePointer<SIMD16<Float>> {
    UnsafeRawPointer(block.adjoints + time * block.stepStride)
      .assumingMemoryBound(to: SIMD16<Float>.self)
  }

  /// The filter, where it acts on what the weights pass back as on the outputs: without a latency, and through
  /// weights that keep nothing of other steps.
  var commutingFilter: ExponentialFilter<SIMD16<Float>>? {
    latency == 0 && packed is PackedDense ? filter : nil
  }

  /// adjoint [trial, neuron padded] = transposed weights times the unfiltered adjoints of the outputs of a step.
  func passBack(time: Int, trials: Int, into adjoint: AlignedBuffer<Float>) {
    guard let packed else { return }
    adjoint.clear()
    packed.backpropagate(
      AdjointRing(
        step: block.adjoints + time * block.stepStride, trialStride: block.trialStride),
      time: 0, trials: trials, into: adjoint.pointer, stride: size.rowLength, workspace(packed))
  }
}
