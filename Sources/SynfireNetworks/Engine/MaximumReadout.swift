import SynfireCore

/// Outputs from each neuron's largest filtered activity: logits = W_out max over t of r_t.
final class MaximumReadout: ReadoutSweep {
  private let size: SweepSize
  private let filter: ExponentialFilter<SIMD16<Float>>
  private let latency: Int
  private let spiking: Bool
  private let buffers: ReadoutBuffers
  /// r_max [trial][vector], as one step of analog activity for the weights.
  private let maxima: AlignedBuffer<SIMD16<Float>>
  /// The first step that attains it.
  private let times: AlignedBuffer<SIMD16<Float>>
  /// The filter's inputs at one step.
  private let gathered: AlignedBuffer<SIMD16<Float>>
  private let states: AlignedBuffer<ExponentialFilter<SIMD16<Float>>.State>
  /// dL/dr_max, and the adjoints of the filter's inputs of the last `latency + 1` steps.
  private let maximumAdjoints: AlignedBuffer<SIMD16<Float>>
  private let pending: AlignedBuffer<SIMD16<Float>>
  /// Steps before the first that can be read.
  private var past = 0
  private var longest: Int

  init(
    size: SweepSize, outputs: Int, filter: ExponentialFilter<SIMD16<Float>>?, latency: Int,
    spiking: Bool
  ) {
    self.size = size
    longest = size.steps
    self.filter = filter ?? .identity
    self.latency = latency
    self.spiking = spiking
    buffers = ReadoutBuffers(steps: 1, trials: size.trials, outputs: outputs)
    let cells = size.trials * size.vectors
    maxima = AlignedBuffer(count: cells)
    times = AlignedBuffer(count: cells)
    gathered = AlignedBuffer(count: cells)
    states = AlignedBuffer(count: cells)
    maximumAdjoints = AlignedBuffer(count: cells + 8)
    pending = AlignedBuffer(count: cells * (latency + 1))
  }

  var block: ReadoutBlock { buffers.block }

  func workspace(_ packed: any PackedConnectivity) -> ConnectivityWorkspace {
    buffers.workspace(packed, trials: size.trials)
  }

  private var maximumActivity: BlockActivity {
    let values = UnsafeRawPointer(maxima.pointer).assumingMemoryBound(to: Float.self)
    return .analog(values, timeStride: 0, trialStride: size.rowLength)
  }

  func filterState(trials: Int) -> Tensor<Float> {
    FilterState.tensor(states.pointer, trials: trials, width: size.neurons, axis: "neuron")
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
    longest = lengths.longest
    for time in 0..<longest {
      follow(
        activity, time: time, source: time - latency,
        trials: lengths.active(at: time, of: trials))
    }
    read(packed, trials: trials)
  }

  func begin() {
    past = 0
    states.clear()
    maxima.pointer.update(
      repeating: .init(repeating: -.infinity), count: size.trials * size.vectors)
  }

  func step(
    _ packed: any PackedConnectivity, _ activity: BlockActivity, time: Int, trials: Int
  ) {
    follow(activity, time: time, source: (time - latency) & 63, trials: trials)
    read(packed, trials: trials)
  }

  /// Filters the activity of a step and keeps the largest values.
  private func follow(_ activity: BlockActivity, time: Int, source: Int, trials: Int) {
    if time + past >= latency { gather(activity, source, trials) } else { gathered.clear() }
    let now = SIMD16<Float>(repeating: Float(time))
    let filter = self.filter
    let (states, gathered) = (states.pointer, gathered.pointer)
    let (maxima, times) = (maxima.pointer, times.pointer)
    for cell in 0..<trials * size.vectors {
      let value = filter.step(&states[cell], gathered[cell])
      let larger = value .> maxima[cell]
      maxima[cell].replace(with: value, where: larger)
      times[cell].replace(with: now, where: larger)
    }
  }

  private func read(_ packed: any PackedConnectivity, trials: Int) {
    buffers.outputs.clear()
    packed.propagate(
      maximumActivity, time: 0, trials: trials, into: block.outputs, workspace(packed))
  }

  /// The outputs of a step as numbers, [trial][vector].
  private func gather(_ activity: BlockActivity, _ time: Int, _ trials: Int) {
    let vectors = size.vectors
    let gathered = gathered.pointer
    switch activity {
    case .spikes(let words, let timeStride, let trialStride):
      for trial in 0..<trials {
        let row = UnsafeRawPointer(words + time * timeStride + trial * trialStride)
          .assumingMemoryBound(to: UInt16.self)
        for vector in 0..<vectors {
          gathered[trial * vectors + vector] = SIMD16<Float>(FloatLaneMask(bits: row[vector]))
        }
      }
    case .analog(let values, let timeStride, let trialStride):
      for trial in 0..<trials {
        let row = values + time * timeStride + trial * trialStride
        for vector in 0..<vectors {
          gathered[trial * vectors + vector] = RowKernels.load(row + vector << 4)
        }
      }
    }
  }

  func beginBackward(
    _ packed: any PackedConnectivity, _ activity: BlockActivity, trials: Int
  ) {
    let ring = AdjointRing(step: block.adjoints, trialStride: block.trialStride)
    let workspace = workspace(packed)
    packed.receive(ring, time: 0, trials: trials, workspace)
    packed.accumulate(maximumActivity, times: 0..<1, trials: trials, ring, workspace)
    maximumAdjoints.clear()
    let target = UnsafeMutableRawPointer(maximumAdjoints.pointer)
      .assumingMemoryBound(to: Float.self)
    packed.backpropagate(
      ring, time: 0, trials: trials, into: target, stride: size.rowLength, workspace)
    states.clear()
    pending.clear()
  }

  func add(time: Int, trials: Int, into adjoint: UnsafeMutablePointer<Float>) {
    let now = SIMD16<Float>(repeating: Float(time))
    let target = UnsafeMutableRawPointer(adjoint).assumingMemoryBound(to: SIMD16<Float>.self)
    let cells = size.trials * size.vectors
    let depth = latency + 1
    let written = pending.pointer + (time + 1) % depth * cells
    let read = pending.pointer + time % depth * cells
    let filter = self.filter
    let (states, times) = (states.pointer, times.pointer)
    let maximumAdjoints = maximumAdjoints.pointer
    for cell in 0..<trials * size.vectors {
      let here = SIMD16<Float>.zero.replacing(
        with: maximumAdjoints[cell], where: times[cell] .== now)
      written[cell] = filter.adjointStep(&states[cell], here)
    }
    guard time + latency < longest else { return }
    for cell in 0..<trials * size.vectors { target[cell] += read[cell] }
  }
}
