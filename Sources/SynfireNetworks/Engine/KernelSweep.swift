import SynfireCore

/// The sweep over time, trials and neurons of a layer.
///
/// Lanes are sixteen neurons of one trial. For each step the connections add to `drive` row by row, then
/// the model advances every vector of neurons. The class is generic but not specialised (it sits behind
/// `any LayerSweep`); the loops over neurons are, because they are witnesses of the model.
final class KernelSweep<Model: NeuronModel>: LayerSweep {
  let model: Model
  let kernel: Model.Fast
  let wiring: LayerWiring
  let size: SweepSize
  /// The memory as the loops over neurons see it, with the tape of `taped`.
  private(set) var memory: SweepMemory<Model.Fast>
  private let wholeMemory: SweepMemory<Model.Fast>
  /// The segment whose tape is held.
  private var taped = 0
  private let snapshots: SweepSnapshots<Model.Fast>
  let buffers: SweepBuffers<Model.Fast>
  /// Steps before the first that the sweep goes on from: 0, or `SweepSize.history`.
  var past = 0
  private let inputFilter: ExponentialFilter<SIMD16<Float>>?
  private let recurrentFilter: ExponentialFilter<SIMD16<Float>>?
  private let inputRing: AdjointRing
  private let recurrentRing: AdjointRing
  private let driveRing: AdjointRing
  /// The group of 64 steps whose drives were last looked for, and whether the ring holds them.
  private var driveGroup = -1
  private var knowsDrives = false
  private var inputWorkspace: ConnectivityWorkspace?
  private var recurrentWorkspace: ConnectivityWorkspace?

  init(model: Model, wiring: LayerWiring, size: SweepSize) throws {
    self.model = model
    self.wiring = wiring
    self.size = size
    kernel = try model.fast()
    buffers = SweepBuffers(size)
    wholeMemory = SweepMemory(buffers, size)
    memory = wholeMemory
    snapshots = SweepSnapshots(size, wiring)
    inputFilter = wiring.inputFilter?.fast
    recurrentFilter = wiring.recurrentFilter?.fast
    inputRing = AdjointRing(base: buffers.inputRing.pointer, rowLength: size.rowLength)
    recurrentRing = AdjointRing(base: buffers.recurrentRing.pointer, rowLength: size.rowLength)
    driveRing = AdjointRing(base: buffers.driveRing.pointer, rowLength: size.rowLength)
  }

  var activity: BlockActivity {
    guard Model.Fast.isSpiking else {
      let rates = UnsafeRawPointer(wholeMemory.outputs).assumingMemoryBound(to: Float.self)
      return .analog(
        rates, timeStride: size.trials * size.rowLength, trialStride: size.rowLength)
    }
    let words = UnsafeRawPointer(wholeMemory.spikes).assumingMemoryBound(to: UInt64.self)
    return .spikes(words, timeStride: size.trials * size.words, trialStride: size.words)
  }

  func workspaces(_ layer: PackedLayer) -> (ConnectivityWorkspace, ConnectivityWorkspace?) {
    if inputWorkspace == nil {
      inputWorkspace = layer.input.makeWorkspace(trials: size.trials)
      recurrentWorkspace = layer.recurrent?.makeWorkspace(trials: size.trials)
    }
    return (inputWorkspace!, recurrentWorkspace)
  }

  func forward(
    _ layer: PackedLayer, _ inputs: BlockActivity, trials: Int, from state: NamedTensors<Float>?
  ) {
    begin(layer, trials: trials)
    if let state { go(onFrom: state, trials: trials) }
    for segment in 0..<size.segments {
      snapshots.save(buffers, at: segment)
      run(segment, layer, inputs, trials: trials)
    }
  }

  /// Runs a segment from the state that the step before it left.
  private func run(_ segment: Int, _ layer: PackedLayer, _ inputs: BlockActivity, trials: Int) {
    for time in tape(segment) {
      collectDrive(layer, inputs, time: time, trials: trials)
      model.advance(kernel, memory, time: time, trials: trials)
    }
  }

  func forwardWithoutTape(
    _ layer: PackedLayer, _ inputs: BlockActivity, trials: Int, from state: NamedTensors<Float>?
  ) {
    begin(layer, trials: trials)
    if let state { go(onFrom: state, trials: trials) }
    taped = -1
    for time in 0..<size.steps {
      collectDrive(layer, inputs, time: time, trials: trials)
      // Every step writes where the first has its tape.
      model.advance(kernel, memory.taping(from: time), time: time, trials: trials)
    }
  }

  /// Gives the tape to a segment, and says which steps are its.
  func tape(_ segment: Int) -> Range<Int> {
    let times = size.times(ofSegment: segment)
    memory = wholeMemory.taping(from: times.lowerBound)
    taped = segment
    return times
  }

  func step(_ layer: PackedLayer, _ inputs: BlockActivity, time: Int, trials: Int) {
    collectDrive(layer, inputs, time: time, trials: trials, wrapping: 63)
    model.advance(kernel, memory, time: time & 63, trials: trials)
  }

  /// Sets states to those before the first step, and parameters to those of the layer.
  func begin(_ layer: PackedLayer, trials: Int) {
    buffers.setParameters(layer.neurons, lanes: 1, vectors: size.vectors)
    buffers.states.pointer.update(repeating: kernel.initialState, count: trials * size.vectors)
    buffers.clearFilters()
    memory = wholeMemory
    past = 0
    driveGroup = -1
  }

  /// The weighted inputs and recurrent outputs of a step; earlier steps are found at their number,
  /// masked by `wrapping`.
  func collectDrive(
    _ layer: PackedLayer, _ inputs: BlockActivity, time: Int, trials: Int, wrapping: Int = ~0
  ) {
    let (inputWorkspace, recurrentWorkspace) = workspaces(layer)
    if !collectKnownDrive(layer, inputs, time: time, trials: trials, isWhole: wrapping == ~0) {
      buffers.drive.clear()
      let source = time + past - wiring.inputLatency
      if source >= 0 {
        layer.input.propagate(
          inputs.from(step: -past), time: source & wrapping, trials: trials,
          into: buffers.drive.pointer, inputWorkspace)
      }
    }
    let cells = trials * size.vectors
    inputFilter?.step(buffers.inputFilters.pointer, memory.drive, count: cells)
    guard let recurrent = layer.recurrent, time + past >= wiring.recurrentLatency else { return }
    let source = (time + past - wiring.recurrentLatency) & wrapping
    let activity = activity.from(step: -past)
    guard let recurrentFilter else {
      recurrent.propagate(
        activity, time: source, trials: trials, into: buffers.drive.pointer, recurrentWorkspace!)
      return
    }
    buffers.recurrentDrive.clear()
    recurrent.propagate(
      activity, time: source, trials: trials, into: buffers.recurrentDrive.pointer,
      recurrentWorkspace!)
    recurrentFilter.step(
      buffers.recurrentFilters.pointer, buffers.recurrentDrive.vectors, count: cells,
      addingTo: memory.drive)
  }

  /// Copies the weighted inputs of a step from those of 64 steps, which are found together when the first
  /// of them is due; false if they are not known together.
  private func collectKnownDrive(
    _ layer: PackedLayer, _ inputs: BlockActivity, time: Int, trials: Int, isWhole: Bool
  ) -> Bool {
    let source = time - wiring.inputLatency
    guard isWhole, source >= 0 else { return false }
    if source >> 6 != driveGroup {
      driveGroup = source >> 6
      let first = driveGroup << 6
      let end = min(first + 64, size.steps - wiring.inputLatency)
      knowsDrives = layer.input.propagate(
        inputs.from(step: -past), times: first + past..<end + past, trials: trials,
        into: driveRing, workspaces(layer).0)
    }
    guard knowsDrives else { return false }
    for trial in 0..<trials {
      (buffers.drive.pointer + trial * size.rowLength).update(
        from: driveRing.row(source, trial), count: size.rowLength)
    }
    return true
  }

  func countSpikes(trials: Int, into counts: inout [Int]) {
    guard case .spikes(let words, let timeStride, let trialStride) = activity else { return }
    // Rows of 64 steps or trials at a time, turned so that those of a neuron are one word.
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 64) { turned in
      let rows = size.steps * trials
      for word in 0..<size.words {
        for start in stride(from: 0, to: rows, by: 64) {
          for slot in 0..<64 {
            let (time, trial) = (start + slot).quotientAndRemainder(dividingBy: trials)
            turned[slot] =
              start + slot < rows ? words[time * timeStride + trial * trialStride + word] : 0
          }
          transpose64(turned.baseAddress!)
          for neuron in 0..<min(64, size.neurons - word << 6) {
            counts[word << 6 + neuron] += turned[neuron].nonzeroBitCount
          }
        }
      }
    }
  }

  func beginBackward(trials: Int) {
    buffers.adjoints.pointer.update(
      repeating: kernel.initialAdjoint, count: trials * size.vectors)
    buffers.clearFilterAdjoints()
    if wiring.hasDelays {
      // Steps past the end are looked up too.
      buffers.inputRing.clear()
      buffers.recurrentRing.clear()
    }
  }

  func backward(
    segment: Int, _ layer: PackedLayer, _ inputs: BlockActivity, trials: Int,
    outputAdjoint: any OutputAdjoint, constantAdjoint: UnsafePointer<Float>?,
    inputAdjoint: StoredAdjoint?
  ) {
    if taped != segment {
      snapshots.restore(buffers, from: segment)
      run(segment, layer, inputs, trials: trials)
    }
    for time in size.times(ofSegment: segment).reversed() {
      collectOutputAdjoint(
        layer, time: time, trials: trials, from: outputAdjoint, constant: constantAdjoint)
      // With a past, the first step has one before it.
      model.retreat(kernel, memory.earlier(by: past), time: time + past, trials: trials)
      finish(layer, inputs, time: time, trials: trials, inputAdjoint: inputAdjoint)
    }
  }

  /// dL/d(output of a step): from above, from the constant, and through recurrent synapses.
  private func collectOutputAdjoint(
    _ layer: PackedLayer, time: Int, trials: Int, from outputAdjoint: any OutputAdjoint,
    constant: UnsafePointer<Float>?
  ) {
    let adjoints = buffers.outputAdjoints
    adjoints.clear()
    if let constant {
      for trial in 0..<trials {
        RowKernels.addScaled(
          constant, scale: 1, into: adjoints.pointer + trial * size.rowLength,
          vectors: size.vectors)
      }
    }
    outputAdjoint.add(time: time, trials: trials, into: adjoints.pointer)
    if let recurrent = layer.recurrent, time + wiring.recurrentLatency < size.steps {
      recurrent.backpropagate(
        recurrentRing, time: time, trials: trials, into: adjoints.pointer,
        stride: size.rowLength, workspaces(layer).1!)
    }
  }

  /// Hands the adjoint of the inputs down, and gathers gradients when 64 steps are complete.
  private func finish(
    _ layer: PackedLayer, _ inputs: BlockActivity, time: Int, trials: Int,
    inputAdjoint: StoredAdjoint?
  ) {
    let (inputWorkspace, recurrentWorkspace) = workspaces(layer)
    let inputTime = time - wiring.inputLatency
    if inputTime + past >= 0 {
      inputRing.write(
        inputTime, memory.driveAdjoints, trials: trials, vectors: size.vectors,
        filter: inputFilter, buffers.inputFilterAdjoints.pointer)
      layer.input.receive(inputRing, time: inputTime, trials: trials, inputWorkspace)
    }
    if inputTime >= 0, let inputAdjoint {
      let row = inputAdjoint.step(inputTime)
      row.update(repeating: 0, count: trials * inputAdjoint.rowLength)
      layer.input.backpropagate(
        inputRing, time: inputTime, trials: trials, into: row,
        stride: inputAdjoint.rowLength, inputWorkspace)
    }
    if let times = completed(time, latency: wiring.inputLatency) {
      layer.input.accumulate(
        inputs.from(step: -past), times: times, trials: trials, inputRing, inputWorkspace)
    }
    guard let recurrent = layer.recurrent, let recurrentWorkspace else { return }
    let recurrentTime = time - wiring.recurrentLatency
    if recurrentTime + past >= 0 {
      recurrentRing.write(
        recurrentTime, memory.driveAdjoints, trials: trials, vectors: size.vectors,
        filter: recurrentFilter, buffers.recurrentFilterAdjoints.pointer)
      recurrent.receive(recurrentRing, time: recurrentTime, trials: trials, recurrentWorkspace)
    }
    if let times = completed(time, latency: wiring.recurrentLatency) {
      recurrent.accumulate(
        activity.from(step: -past), times: times, trials: trials, recurrentRing,
        recurrentWorkspace)
    }
  }

  /// The steps of activity, counted from the past on, whose group of 64 is complete once a step has its
  /// adjoint.
  private func completed(_ time: Int, latency: Int) -> Range<Int>? {
    size.completedGroup(time, latency: latency, past: past)
  }

  func takeParameterGradients() -> AlignedBuffer<Float> {
    let result = AlignedBuffer<Float>(count: Model.Fast.Parameters.count * size.neurons)
    buffers.takeParameterGradients(neurons: size.neurons, lanes: 1, into: result)
    return result
  }
}
