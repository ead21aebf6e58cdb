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
  var memory: SweepMemory<Model.Fast>
  var wholeMemory: SweepMemory<Model.Fast>
  /// The segment whose tape is held; negative for none.
  var taped = 0
  var snapshots: SweepSnapshots<Model.Fast>
  /// What finds tapes again when a block is run back; nil where steps are run again.
  var kept: KeptNumbers?
  /// Memory that `save` gave and `restore` took back.
  var spare = SpareBlocks<SavedSweep<Model.Fast>>()
  /// Whether that of the last block is with whom `save` gave it to.
  var isHandedOut = false
  let buffers: SweepBuffers<Model.Fast>
  /// Steps before the first that the sweep goes on from: 0, or `SweepSize.history`.
  var past = 0
  /// The state that the trials go on from; nil for rest.
  var start: NamedTensors<Float>?
  /// How long the trials of the block are.
  var lengths: TrialLengths
  let inputFilter: ExponentialFilter<SIMD16<Float>>?
  let inputRing: AdjointRing
  /// Of each kind of recurrent synapses.
  let recurrent: [RecurrentPath]
  let driveRing: AdjointRing
  /// The group of 64 steps whose drives were last looked for, and whether the ring holds them.
  var driveGroup = -1
  var knowsDrives = false
  private var knownInputWorkspace: ConnectivityWorkspace?

  /// - Parameter keepsNumbers: whether numbers are kept that tapes are found again by, if the model can do that.
  init(model: Model, wiring: LayerWiring, size: SweepSize, keepsNumbers: Bool = false) throws {
    self.model = model
    self.wiring = wiring
    self.size = size
    lengths = TrialLengths(steps: size.steps)
    kernel = try model.fast()
    let retracedParts = keepsNumbers ? kernel.retracedParts : nil
    kept = retracedParts.map { _ in KeptNumbers(size) }
    buffers = SweepBuffers(size, runsAgain: size.segments > 1 && kept == nil)
    wholeMemory = SweepMemory(buffers, size)
    memory = wholeMemory
    snapshots = SweepSnapshots(size, wiring, kernel, retracedParts: retracedParts)
    inputFilter = wiring.input.filter?.fast
    // Unfiltered adjoints of inputs are those of the drive itself, at the step of the drive.
    let isFiltered = inputFilter != nil
    let ring = buffers.inputRing.pointer
    inputRing = AdjointRing(
      base: ring, rowLength: size.rowLength, shift: isFiltered ? 0 : wiring.input.latency)
    recurrent = wiring.recurrent.map {
      RecurrentPath($0, size, inputRing: isFiltered ? nil : ring)
    }
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

  func inputWorkspace(_ layer: PackedLayer) -> ConnectivityWorkspace {
    if let knownInputWorkspace { return knownInputWorkspace }
    let workspace = layer.input.makeWorkspace(trials: size.trials)
    knownInputWorkspace = workspace
    return workspace
  }

  /// Calls `body` for each kind of recurrent synapses.
  @inline(__always)
  func forEachKind(
    _ layer: PackedLayer,
    _ body: (RecurrentPath, any PackedConnectivity, ConnectivityWorkspace) -> Void
  ) {
    for index in recurrent.indices {
      let (path, synapses) = (recurrent[index], layer.recurrent[index])
      body(path, synapses, path.workspace(synapses, trials: size.trials))
    }
  }

  func workspaces(_ layer: PackedLayer) -> [ConnectivityWorkspace] {
    var result = [inputWorkspace(layer)]
    forEachKind(layer) { result.append($2) }
    return result
  }

  func forward(
    _ layer: PackedLayer, _ inputs: BlockActivity, trials: Int, lengths: TrialLengths,
    from state: NamedTensors<Float>?
  ) {
    guard kept == nil else {
      return forwardWithoutTape(layer, inputs, trials: trials, lengths: lengths, from: state)
    }
    begin(layer, trials: trials)
    self.lengths = lengths
    if let state { go(onFrom: state, trials: trials) }
    for segment in 0..<size.segments where !times(ofSegment: segment).isEmpty {
      snapshots.save(buffers, recurrent, at: segment)
      run(segment, layer, inputs, trials: trials)
    }
  }

  /// Runs a segment from the state that the step before it left.
  func run(_ segment: Int, _ layer: PackedLayer, _ inputs: BlockActivity, trials: Int) {
    let inputWorkspace = inputWorkspace(layer)
    for time in tape(segment) {
      let active = lengths.active(at: time, of: trials)
      collectDrive(layer, inputs, time: time, trials: active, inputWorkspace)
      model.advance(kernel, memory, time: time, trials: active)
      silence(active..<trials, time: time)
    }
  }

  /// Sets the outputs of trials that have ended to nothing.
  func silence(_ trials: Range<Int>, time: Int) {
    guard !trials.isEmpty else { return }
    let row = time * size.trials + trials.lowerBound
    if Model.Fast.isSpiking {
      (wholeMemory.spikes + row * size.words * 4).update(
        repeating: 0, count: trials.count * size.words * 4)
    } else {
      (wholeMemory.outputs + row * size.vectors).update(
        repeating: .zero, count: trials.count * size.vectors)
    }
  }

  func forwardWithoutTape(
    _ layer: PackedLayer, _ inputs: BlockActivity, trials: Int, lengths: TrialLengths,
    from state: NamedTensors<Float>?
  ) {
    precondition(kept == nil || state == nil, "numbers are kept of trials from rest")
    begin(layer, trials: trials)
    self.lengths = lengths
    if let state { go(onFrom: state, trials: trials) }
    taped = -1
    kept?.begin()
    let inputWorkspace = inputWorkspace(layer)
    for time in 0..<lengths.longest {
      if time % size.segmentSteps == 0 {
        snapshots.save(buffers, recurrent, at: time / size.segmentSteps)
        kept?.beginSegment()
      }
      let active = lengths.active(at: time, of: trials)
      collectDrive(layer, inputs, time: time, trials: active, inputWorkspace)
      // Every step writes where the first has its tape.
      let memory = memory.taping(from: time)
      if let kept {
        kept.withStep(time) {
          model.advance(kernel, memory, time: time, trials: active, keeping: $0)
        }
      } else {
        model.advance(kernel, memory, time: time, trials: active)
      }
      silence(active..<trials, time: time)
    }
  }

  /// Gives the tape to a segment, and says which steps are its.
  func tape(_ segment: Int) -> Range<Int> {
    let times = times(ofSegment: segment)
    memory = wholeMemory.taping(from: times.lowerBound)
    taped = segment
    return times
  }

  /// The steps of a segment that the longest trial has.
  func times(ofSegment segment: Int) -> Range<Int> {
    size.times(ofSegment: segment).clamped(to: 0..<lengths.longest)
  }

  func step(_ layer: PackedLayer, _ inputs: BlockActivity, time: Int, trials: Int) {
    collectDrive(
      layer, inputs, time: time, trials: trials, inputWorkspace(layer), wrapping: 63)
    model.advance(kernel, memory, time: time & 63, trials: trials)
  }

  /// Sets states to those before the first step, and parameters to those of the layer.
  func begin(_ layer: PackedLayer, trials: Int) {
    replaceHandedOut()
    buffers.setParameters(layer.neurons, vectors: size.vectors)
    setInitialStates(trials: trials)
    buffers.inputFilters.clear()
    for path in recurrent { path.filterStates.clear() }
    memory = wholeMemory
    past = 0
    start = nil
    lengths = TrialLengths(steps: size.steps)
    driveGroup = -1
  }

  func setInitialStates(trials: Int) {
    buffers.states.pointer.update(repeating: kernel.initialState, count: trials * size.vectors)
  }

  /// The weighted inputs and recurrent outputs of a step; earlier steps are found at their number,
  /// masked by `wrapping`.
  func collectDrive(
    _ layer: PackedLayer, _ inputs: BlockActivity, time: Int, trials: Int,
    _ inputWorkspace: ConnectivityWorkspace, wrapping: Int = ~0
  ) {
    let isKnown =
      wrapping == ~0
      && collectKnownDrive(
        layer, inputs, time: time, trials: trials, inputWorkspace, into: buffers.drive.pointer)
    if !isKnown {
      buffers.drive.clear()
      let source = time + past - wiring.input.latency
      if source >= 0 {
        layer.input.propagate(
          inputs.from(step: -past), time: source & wrapping, trials: trials,
          into: buffers.drive.pointer, inputWorkspace)
      }
    }
    let cells = trials * size.vectors
    inputFilter?.step(buffers.inputFilters.pointer, memory.drive, count: cells)
    let activity = activity.from(step: -past)
    forEachKind(layer) { path, synapses, workspace in
      guard time + past >= path.latency else { return }
      let source = (time + past - path.latency) & wrapping
      guard let filter = path.filter else {
        synapses.propagate(
          activity, time: source, trials: trials, into: buffers.drive.pointer, workspace)
        return
      }
      buffers.recurrentDrive.clear()
      synapses.propagate(
        activity, time: source, trials: trials, into: buffers.recurrentDrive.pointer, workspace)
      filter.step(
        path.filterStates.pointer, buffers.recurrentDrive.vectors, count: cells,
        addingTo: memory.drive)
    }
  }

  func countSpikes(trials: Int, into counts: inout [Int]) {
    guard case .spikes(let words, let timeStride, let trialStride) = activity else { return }
    // Rows of 64 steps or trials at a time, turned so that those of a neuron are one word.
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 64) { turned in
      for word in 0..<size.words {
        var slot = 0
        func count() {
          for rest in slot..<64 { turned[rest] = 0 }
          slot = 0
          transpose64(turned.baseAddress!)
          for neuron in 0..<min(64, size.neurons - word << 6) {
            counts[word << 6 + neuron] += turned[neuron].nonzeroBitCount
          }
        }
        for time in 0..<lengths.longest {
          for trial in 0..<trials {
            turned[slot] = words[time &* timeStride &+ trial &* trialStride &+ word]
            slot += 1
            if slot == 64 { count() }
          }
        }
        count()
      }
    }
  }

  func takeParameterGradients() -> AlignedBuffer<Float> {
    let result = AlignedBuffer<Float>(count: Model.Fast.Parameters.count * size.neurons)
    buffers.takeParameterGradients(neurons: size.neurons, into: result)
    return result
  }
}
