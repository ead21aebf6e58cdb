import SynfireCore

/// The mean of the outputs over windows of steps: what is read at every step, averaged.
final class WindowReadout: ReadoutSweep {
  private let everyStep: EveryStepReadout
  private let window: Int
  private let buffers: ReadoutBuffers
  private let size: SweepSize
  /// The adjoints of the neurons by the outputs of a window, unfiltered, and those of the states of the filter:
  /// [trial][vector]. Outputs of a window have one adjoint, which goes through the weights once.
  private lazy var windowAdjoints = AlignedBuffer<Float>(count: size.trials * size.rowLength + 128)
  private lazy var filterAdjoints = AlignedBuffer<ExponentialFilter<SIMD16<Float>>.State>(
    count: size.trials * size.vectors)
  private var passedWindow = -1
  private var commutingFilter: ExponentialFilter<SIMD16<Float>>?

  init(_ everyStep: EveryStepReadout, window: Int, size: SweepSize) {
    self.everyStep = everyStep
    self.window = window
    self.size = size
    buffers = ReadoutBuffers(
      steps: max(1, size.steps / window), trials: size.trials, outputs: everyStep.block.count)
  }

  var block: ReadoutBlock { buffers.block }

  func workspace(_ packed: any PackedConnectivity) -> ConnectivityWorkspace {
    everyStep.workspace(packed)
  }

  func filterState(trials: Int) -> Tensor<Float> { everyStep.filterState(trials: trials) }

  func forward(
    _ packed: any PackedConnectivity, _ activity: BlockActivity, trials: Int,
    lengths: TrialLengths, from start: ReadoutStart?
  ) {
    everyStep.forward(packed, activity, trials: trials, lengths: lengths, from: start)
    let source = everyStep.block
    for step in 0..<block.steps {
      let target = block.outputs + step * block.stepStride
      target.update(repeating: 0, count: block.stepStride)
      for time in step * window..<(step + 1) * window {
        RowKernels.addScaled(
          source.outputs + time * source.stepStride, scale: 1 / Float(window), into: target,
          vectors: block.stepStride / 16)
      }
    }
  }

  func begin() { everyStep.begin() }

  /// The mean over the steps of the window so far.
  func step(
    _ packed: any PackedConnectivity, _ activity: BlockActivity, time: Int, trials: Int
  ) {
    everyStep.step(packed, activity, time: time, trials: trials)
    let place = time % window
    let target = block.outputs
    for index in 0..<block.stepStride {
      let before = place == 0 ? 0 : sums.pointer[index]
      sums.pointer[index] = before + everyStep.block.outputs[index]
      target[index] = sums.pointer[index] / Float(place + 1)
    }
  }

  /// The outputs of the window so far, [trial][output padded].
  private lazy var sums = AlignedBuffer<Float>(count: block.stepStride)

  func beginBackward(
    _ packed: any PackedConnectivity, _ activity: BlockActivity, trials: Int
  ) {
    let target = everyStep.block
    for time in 0..<block.steps * window {
      let row = target.adjoints + time * target.stepStride
      row.update(repeating: 0, count: target.stepStride)
      RowKernels.addScaled(
        block.adjoints + time / window * block.stepStride, scale: 1 / Float(window), into: row,
        vectors: block.stepStride / 16)
    }
    everyStep.beginBackward(packed, activity, trials: trials)
    passedWindow = -1
    commutingFilter = everyStep.commutingFilter
    if commutingFilter != nil { filterAdjoints.clear() }
  }

  func add(time: Int, trials: Int, into adjoint: UnsafeMutablePointer<Float>) {
    guard let filter = commutingFilter else {
      return everyStep.add(time: time, trials: trials, into: adjoint)
    }
    everyStep.learn(time: time, trials: trials)
    if time / window != passedWindow {
      passedWindow = time / window
      everyStep.passBack(time: time, trials: trials, into: windowAdjoints)
    }
    filter.adjointStep(
      filterAdjoints.pointer, windowAdjoints.vectors, count: trials * size.vectors,
      addingTo: UnsafeMutableRawPointer(adjoint).assumingMemoryBound(to: SIMD16<Float>.self))
  }
}
