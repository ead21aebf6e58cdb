import SynfireCore

/// A layer that can be swept with trials as lanes.
protocol TrialLaneLayer: NetworkLayer {
  func makeTrialLaneSweep(
    _ packed: LaneLayer, inputs: Int, steps: Int, segmentSteps: Int?, timeStep: Double,
    keepsNumbers: Bool
  ) throws -> any LaneLayerSweep
}

extension Layer: TrialLaneLayer {
  func makeTrialLaneSweep(
    _ packed: LaneLayer, inputs: Int, steps: Int, segmentSteps: Int?, timeStep: Double,
    keepsNumbers: Bool
  ) throws -> any LaneLayerSweep {
    try TrialLaneSweep(
      model: model, wiring: wiring(inputs: inputs, timeStep: timeStep), layer: packed, steps: steps,
      segmentSteps: segmentSteps, neurons: neurons, keepsNumbers: keepsNumbers)
  }
}

/// The sweep of a layer over time with sixteen trials as lanes, whatever the neuron model.
protocol LaneLayerSweep: AnyObject {
  /// The spikes of the last forward sweep.
  var spikes: LaneSequence { get }
  var byteCount: Int { get }
  /// Of what `save` hands out.
  var savedByteCount: Int { get }
  func forward(_ layer: LaneLayer, _ inputs: LaneSequence)
  /// What `restore` needs to go on after forward sweeps of other blocks.
  func save() -> AnyObject
  /// Makes the sweep as it was when `save` was called, which gives what was saved back.
  func restore(_ layer: LaneLayer, _ saved: AnyObject)
  /// Adds to the adjoint of the outputs of a step [neuron], or sets it where there is no constant one; neurons for
  /// which `wanted` is 0 may be left out.
  typealias OutputAdjointLanes = (
    _ time: Int, _ into: UnsafeMutablePointer<Vector>, _ wanted: UnsafePointer<UInt8>
  ) -> Void

  /// Back over the tape.
  ///
  /// - Parameter constantAdjoint: added to that of every output of the first `trials` lanes [neuron].
  func backward(
    _ inputs: LaneSequence, trials: Int, constantAdjoint: UnsafePointer<Float>?,
    addOutputAdjoint: OutputAdjointLanes)
  /// The gradient sums of the input and recurrent connections.
  func gradients() -> [AlignedBuffer<Float>]
  /// The derivatives with respect to the neurons' parameters [parameter][neuron] since the last call.
  func takeParameterGradients() -> AlignedBuffer<Float>
  func firstNonFinite(
    _ layer: LaneLayer, _ inputs: LaneSequence, trials: Int
  ) -> (step: Int, trial: Int, neuron: Int)?
  func record(
    _ layer: LaneLayer, _ inputs: LaneSequence, trials: Int, lengths: TrialLengths
  ) -> LayerRecord
}

/// The kernels see one trial of 16 N neurons: neuron n of trial k is their neuron 16 n + k, so that the
/// loops of `NeuronModel` serve both layouts.
final class TrialLaneSweep<Model: NeuronModel>: LaneLayerSweep, StateReplay {
  private let model: Model
  private let kernel: Model.Fast
  private let steps: Int
  private let neurons: Int
  private let size: SweepSize
  private let buffers: SweepBuffers<Model.Fast>
  private let memory: SweepMemory<Model.Fast>
  private let spikeStride: Int
  private let input: any LanePath
  /// Of each kind of recurrent synapses.
  private let recurrent: [any LanePath]
  private let shared: TurnedAdjoints?
  /// The adjoint of every output that is the same at all steps [neuron].
  private let constants: AlignedBuffer<Vector>
  /// Neurons whose output adjoint matters at a step, 1 or 0.
  private let sensitive: AlignedBuffer<UInt8>
  /// Whether paths leave out the others, so that these are worth finding.
  private let leavesOut: Bool
  /// Steps whose tape is held at a time: those of longer sweeps are run forward again, or found again.
  private let segment: Int
  /// The segment whose tape is held.
  private var taped = 0
  private var snapshots: LaneSnapshots<Model.Fast.State>
  /// Whether tapes are found again by numbers that are kept.
  private let keepsNumbers: Bool
  private var spareSnapshots = SpareBlocks<LaneSnapshots<Model.Fast.State>>()

  init(
    model: Model, wiring: LayerWiring, layer: LaneLayer, steps: Int, segmentSteps: Int?,
    neurons: Int, keepsNumbers: Bool
  ) throws {
    self.model = model
    self.steps = steps
    self.neurons = neurons
    kernel = try model.fast()
    segment = segmentSteps ?? Self.segment(steps: steps, neurons: neurons)
    size = SweepSize(steps: steps, segmentSteps: segment, trials: 1, neurons: 16 * neurons)
    buffers = SweepBuffers(size, driveAdjointSteps: LaneSteps.most)
    memory = SweepMemory(buffers, size)
    spikeStride = size.words * 4
    let maps = ([layer.input] + layer.recurrent).compactMap { ($0 as? PackedSynapses)?.map }
    shared = maps.isEmpty ? nil : TurnedAdjoints(maps)
    input = layer.input.makeLanePath(
      LanePathWiring(
        filter: wiring.input.filter, latency: wiring.input.latency, steps: steps,
        isSpiking: layer.input.readsOnlySpikes, isBackpropagated: false, shared: shared))
    let shared = shared
    recurrent = zip(layer.recurrent, wiring.recurrent).map { synapses, wiring in
      synapses.makeLanePath(
        LanePathWiring(
          filter: wiring.filter, latency: wiring.latency, steps: steps, isSpiking: true,
          isBackpropagated: true, shared: shared))
    }
    constants = AlignedBuffer(count: neurons)
    sensitive = AlignedBuffer(count: neurons)
    sensitive.pointer.update(repeating: 1, count: neurons)
    leavesOut = recurrent.contains { $0 is SynapseLanePath }
    self.keepsNumbers =
      keepsNumbers && kernel.retracedParts != nil
      && !([input] + recurrent).contains(where: \.leavesDrives)
    snapshots = LaneSnapshots()
    snapshots = makeSnapshots()
  }

  /// Tapes that are no larger than this are held as a whole; of others, so much that they stay in the
  /// caches.
  private static var tapeBytes: (whole: Int, part: Int) { (8 << 20, 3 << 19) }

  private static func segment(steps: Int, neurons: Int) -> Int {
    let row = MemoryLayout<Model.Fast.Tape>.stride * neurons
    return row * steps <= tapeBytes.whole ? steps : max(8, tapeBytes.part / max(row, 1))
  }

  /// In the order of `Network.connections`.
  private var paths: [any LanePath] { [input] + recurrent }

  private var segments: Int { (steps + segment - 1) / segment }

  private func makeSnapshots() -> LaneSnapshots<Model.Fast.State> {
    LaneSnapshots(
      count: segments, neurons: neurons, filters: pathStates.map(\.count),
      spikes: steps * spikeStride, kept: keepsNumbers ? KeptNumbers(size) : nil)
  }

  /// The states that drives depend on, where they are found again.
  private var pathStates: [AlignedBuffer<ExponentialFilter<Vector>.State>] {
    keepsNumbers ? [] : paths.map(\.states)
  }

  var spikes: LaneSequence {
    LaneSequence(first: .spikes(memory.spikes), stepStride: spikeStride)
  }

  var byteCount: Int {
    buffers.byteCount + input.byteCount + recurrent.reduce(0) { $0 + $1.byteCount }
      + snapshots.byteCount
      + (shared?.byteCount ?? 0)
  }

  var savedByteCount: Int { snapshots.byteCount }

  func forward(_ layer: LaneLayer, _ inputs: LaneSequence) {
    begin(layer)
    snapshots.kept?.begin()
    for index in 0..<segments {
      snapshots.keep(index, buffers.states, pathStates)
      if let kept = snapshots.kept {
        kept.beginSegment()
        for time in times(ofSegment: index) { step(inputs, time: time, keeping: kept) }
      } else {
        run(inputs, segment: index)
      }
    }
  }

  private func times(ofSegment index: Int) -> Range<Int> {
    index * segment..<min(steps, (index + 1) * segment)
  }

  /// The steps of a segment, whose tape is then held.
  private func run(_ inputs: LaneSequence, segment index: Int) {
    let memory = memory.taping(from: index * segment)
    for time in times(ofSegment: index) { step(inputs, time: time, memory) }
    taped = index
  }

  /// Finds the tape of a segment again.
  private func retrace(segment index: Int, _ kept: KeptNumbers) {
    snapshots.restore(index, buffers.states, pathStates)
    kept.go(to: index)
    let memory = memory.taping(from: index * segment)
    for time in times(ofSegment: index) {
      kept.withStep(time) { model.retrace(kernel, memory, time: time, trials: 1, from: $0) }
    }
    taped = index
  }

  /// Runs a segment forward again.
  private func rerun(_ inputs: LaneSequence, segment index: Int) {
    snapshots.restore(index, buffers.states, pathStates)
    input.resume(inputs, at: index * segment)
    for path in recurrent { path.resume(spikes, at: index * segment) }
    run(inputs, segment: index)
  }

  func save() -> AnyObject {
    snapshots.spikes.pointer.update(from: memory.spikes, count: steps * spikeStride)
    spareSnapshots.handOut()
    defer { snapshots = spareSnapshots.next() ?? makeSnapshots() }
    return snapshots
  }

  func restore(_ layer: LaneLayer, _ saved: AnyObject) {
    begin(layer)
    spareSnapshots.takeBack(snapshots)
    snapshots = saved as! LaneSnapshots<Model.Fast.State>
    memory.spikes.update(from: snapshots.spikes.pointer, count: steps * spikeStride)
    taped = -1
  }

  private func begin(_ layer: LaneLayer) {
    buffers.setParameters(layer.neurons, vectors: neurons)
    buffers.states.pointer.update(repeating: kernel.initialState, count: neurons)
    taped = -1
    input.begin(layer.input)
    for (path, synapses) in zip(recurrent, layer.recurrent) { path.begin(synapses) }
  }

  private func step(
    _ inputs: LaneSequence, time: Int, _ memory: SweepMemory<Model.Fast>
  ) {
    collectDrive(inputs, time: time)
    model.advance(kernel, memory, time: time, trials: 1)
  }

  private func step(_ inputs: LaneSequence, time: Int, keeping kept: KeptNumbers) {
    collectDrive(inputs, time: time)
    // Every step writes where the first has its tape.
    let memory = memory.taping(from: time)
    kept.withStep(time) { model.advance(kernel, memory, time: time, trials: 1, keeping: $0) }
  }

  private func collectDrive(_ inputs: LaneSequence, time: Int) {
    input.drive(inputs, time: time, into: memory.drive, count: neurons, overwriting: true)
    for path in recurrent {
      path.drive(spikes, time: time, into: memory.drive, count: neurons, overwriting: false)
    }
  }

  func backward(
    _ inputs: LaneSequence, trials: Int, constantAdjoint: UnsafePointer<Float>?,
    addOutputAdjoint: OutputAdjointLanes
  ) {
    buffers.adjoints.pointer.update(repeating: kernel.initialAdjoint, count: neurons)
    input.beginBackward()
    for path in recurrent { path.beginBackward() }
    let present = FloatLaneMask(bits: presentLanes(trials))
    if let constantAdjoint {
      for neuron in 0..<neurons {
        constants.pointer[neuron] = Vector(repeating: constantAdjoint[neuron]).kept(where: present)
      }
    }
    let spikes = spikes
    let (outputAdjoints, driveAdjoints) = (memory.outputAdjoints, memory.driveAdjoints)
    for time in (0..<steps).reversed() {
      if time / segment != taped {
        if let kept = snapshots.kept {
          retrace(segment: time / segment, kept)
        } else {
          rerun(inputs, segment: time / segment)
        }
      }
      if constantAdjoint != nil {
        outputAdjoints.update(from: constants.pointer, count: neurons)
      }
      let memory = memory.taping(from: taped * segment)
      if leavesOut {
        model.findSensitive(kernel, memory, time: time, into: sensitive.pointer)
      }
      addOutputAdjoint(time, outputAdjoints, sensitive.pointer)
      for path in recurrent {
        path.scatter(
          time: time, into: outputAdjoints, wanted: sensitive.pointer, overwriting: false)
      }
      let row = driveAdjoints + time % LaneSteps.most * neurons
      model.retreat(
        kernel, memory.writing(driveAdjoints: row, trialStride: 0), time: time, trials: 1)
      input.receive(row, time: time)
      input.accumulate(inputs, time: time, driveAdjoints, stride: neurons)
      for path in recurrent {
        path.receive(row, time: time)
        path.accumulate(spikes, time: time, driveAdjoints, stride: neurons)
      }
    }
  }

  func gradients() -> [AlignedBuffer<Float>] {
    paths.map { $0.gradient() }
  }

  func takeParameterGradients() -> AlignedBuffer<Float> {
    let result = AlignedBuffer<Float>(count: Model.Fast.Parameters.count * neurons)
    buffers.takeParameterGradients(neurons: neurons, into: result)
    return result
  }

  var recordSize: SweepSize { SweepSize(steps: steps, trials: 16, neurons: neurons) }

  func replay(
    _ layer: LaneLayer, _ inputs: LaneSequence, trials: Int, lengths: TrialLengths,
    _ body: (ReplayedState) -> Bool
  ) {
    begin(layer)
    for time in 0..<steps {
      step(inputs, time: time, memory.taping(from: time))
      for trial in 0..<trials {
        for neuron in 0..<neurons {
          let state = memory.states[neuron]
          let bits = memory.spikes[time * spikeStride + neuron]
          let isWanted = body(
            ReplayedState(
              step: time, trial: trial, neuron: neuron, output: Float(bits >> UInt16(trial) & 1),
              potential: kernel.potential(of: state)[trial],
              current: kernel.current(of: state, drive: memory.drive[neuron])[trial]))
          guard isWanted else { return }
        }
      }
    }
  }
}
