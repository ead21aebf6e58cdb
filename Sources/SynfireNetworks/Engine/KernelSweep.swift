import SynfireCore

/// The sweep over time, trials and neurons, specialised by the compiler for a neuron model.
///
/// Lanes are sixteen neurons of one trial. For each step the connections add to `drive` row by row, then
/// the kernel advances every vector of neurons; the tape keeps spikes and refractoriness as bits.
@usableFromInline
final class KernelSweep<Kernel: NeuronKernel>: LayerSweep where Kernel.Number == SIMD16<Float> {
  @usableFromInline let kernel: Kernel
  @usableFromInline let size: SweepSize
  @usableFromInline let vectors: Int
  @usableFromInline let wiring: LayerWiring
  @usableFromInline let inputFilter: ExponentialFilter<SIMD16<Float>>?
  @usableFromInline let recurrentFilter: ExponentialFilter<SIMD16<Float>>?

  // The tape: [time][trial][vector], bits in groups of sixteen.
  @usableFromInline let tape: AlignedBuffer<Kernel.Tape>
  @usableFromInline let spikes: AlignedBuffer<UInt16>
  @usableFromInline let held: AlignedBuffer<UInt16>
  @usableFromInline let outputs: AlignedBuffer<Float>

  // What is carried from step to step: [trial][vector].
  @usableFromInline let states: AlignedBuffer<Kernel.State>
  @usableFromInline let adjoints: AlignedBuffer<Kernel.Adjoint>
  @usableFromInline let inputFilterStates: AlignedBuffer<ExponentialFilter<SIMD16<Float>>.State>
  @usableFromInline let recurrentFilterStates: AlignedBuffer<ExponentialFilter<SIMD16<Float>>.State>

  // Rows of one step: [trial][neuron padded].
  @usableFromInline let drive: AlignedBuffer<Float>
  @usableFromInline let recurrentDrive: AlignedBuffer<Float>
  @usableFromInline let outputAdjoints: AlignedBuffer<Float>

  // Adjoints of the two drives over the last 64 steps.
  @usableFromInline let inputRing: AlignedBuffer<Float>
  @usableFromInline let recurrentRing: AlignedBuffer<Float>
  private var inputWorkspace: ConnectivityWorkspace?
  private var recurrentWorkspace: ConnectivityWorkspace?

  @usableFromInline
  init(kernel: Kernel, wiring: LayerWiring, size: SweepSize) {
    self.kernel = kernel
    self.size = size
    self.wiring = wiring
    vectors = size.vectors
    inputFilter = wiring.inputFilter?.fast
    recurrentFilter = wiring.recurrentFilter?.fast
    let rows = size.steps * size.trials
    tape = AlignedBuffer(count: rows * size.vectors)
    spikes = AlignedBuffer(count: rows * size.words * 4)
    held = AlignedBuffer(count: rows * size.words * 4)
    outputs = AlignedBuffer(count: Kernel.isSpiking ? 0 : rows * size.rowLength)
    let cells = size.trials * size.vectors
    states = AlignedBuffer(count: cells)
    adjoints = AlignedBuffer(count: cells)
    inputFilterStates = AlignedBuffer(count: cells)
    recurrentFilterStates = AlignedBuffer(count: cells)
    drive = AlignedBuffer(count: cells * 16 + 128)
    recurrentDrive = AlignedBuffer(count: cells * 16 + 128)
    outputAdjoints = AlignedBuffer(count: cells * 16 + 128)
    inputRing = AlignedBuffer(count: 64 * cells * 16 + 128)
    recurrentRing = AlignedBuffer(count: 64 * cells * 16 + 128)
  }

  @usableFromInline var activity: BlockActivity {
    guard Kernel.isSpiking else {
      return .analog(
        outputs.pointer, timeStride: size.trials * size.rowLength, trialStride: size.rowLength)
    }
    let words = UnsafeRawPointer(spikes.pointer).assumingMemoryBound(to: UInt64.self)
    return .spikes(words, timeStride: size.trials * size.words, trialStride: size.words)
  }

  @usableFromInline var byteCount: Int {
    tape.byteCount + spikes.byteCount + held.byteCount + outputs.byteCount + states.byteCount
      + adjoints.byteCount + inputFilterStates.byteCount + recurrentFilterStates.byteCount
      + drive.byteCount + recurrentDrive.byteCount + outputAdjoints.byteCount
      + inputRing.byteCount + recurrentRing.byteCount
  }

  @usableFromInline
  func workspaces(
    _ layer: PackedLayer
  ) -> (ConnectivityWorkspace, ConnectivityWorkspace?) {
    if inputWorkspace == nil {
      inputWorkspace = layer.input.makeWorkspace(trials: size.trials)
      recurrentWorkspace = layer.recurrent?.makeWorkspace(trials: size.trials)
    }
    return (inputWorkspace!, recurrentWorkspace)
  }

  @usableFromInline
  func forward(_ layer: PackedLayer, _ inputs: BlockActivity, trials: Int) {
    begin(trials: trials)
    for time in 0..<size.steps {
      collectDrive(layer, inputs, time: time, trials: trials)
      advance(time: time, trials: trials)
    }
  }

  /// Sets states to those before the first step.
  @usableFromInline
  func begin(trials: Int) {
    for cell in 0..<trials * vectors { states.pointer[cell] = kernel.initialState }
    inputFilterStates.clear()
    recurrentFilterStates.clear()
  }

  /// The weighted inputs and recurrent outputs of a step.
  @usableFromInline
  func collectDrive(_ layer: PackedLayer, _ inputs: BlockActivity, time: Int, trials: Int) {
    let (inputWorkspace, recurrentWorkspace) = workspaces(layer)
    drive.clear()
    if time >= wiring.inputLatency {
      layer.input.propagate(
        inputs, time: time - wiring.inputLatency, trials: trials, into: drive.pointer,
        inputWorkspace)
    }
    guard let recurrent = layer.recurrent else { return }
    // Without filters all drive is one sum.
    let separate = recurrentFilter != nil || inputFilter != nil
    if separate { recurrentDrive.clear() }
    guard time >= wiring.recurrentLatency else { return }
    recurrent.propagate(
      activity, time: time - wiring.recurrentLatency, trials: trials,
      into: separate ? recurrentDrive.pointer : drive.pointer, recurrentWorkspace!)
  }

  /// Lanes of the last vector that are neurons.
  @inlinable var lastLanes: UInt16 {
    let used = size.neurons - (vectors - 1) * 16
    return used == 16 ? .max : (1 << UInt16(used)) - 1
  }

  @inlinable
  func advance(time: Int, trials: Int) {
    let kernel = self.kernel
    let vectors = self.vectors
    let group = size.words * 4
    let lastLanes = self.lastLanes
    let drives = UnsafeRawPointer(drive.pointer).assumingMemoryBound(to: SIMD16<Float>.self)
    let recurrentDrives = UnsafeRawPointer(recurrentDrive.pointer)
      .assumingMemoryBound(to: SIMD16<Float>.self)
    let outputRows = UnsafeMutableRawPointer(outputs.pointer)
      .assumingMemoryBound(to: SIMD16<Float>.self)
    let separate = recurrentFilter != nil || inputFilter != nil
    for trial in 0..<trials {
      let row = time * size.trials + trial
      for vector in 0..<vectors {
        let cell = trial * vectors + vector
        var drive = drives[cell]
        if separate {
          if let inputFilter { drive = inputFilter.step(&inputFilterStates.pointer[cell], drive) }
          var recurrent = recurrentDrives[cell]
          if let recurrentFilter {
            recurrent = recurrentFilter.step(&recurrentFilterStates.pointer[cell], recurrent)
          }
          drive += recurrent
        }
        let emission = kernel.step(&states.pointer[cell], drive: drive)
        tape.pointer[row * vectors + vector] = emission.tape
        if Kernel.isSpiking {
          let lanes = vector == vectors - 1 ? lastLanes : .max
          spikes.pointer[row * group + vector] = emission.spikes.bits & lanes
          held.pointer[row * group + vector] = emission.held.bits
        } else {
          outputRows[row * vectors + vector] = emission.output
        }
      }
    }
  }

  @usableFromInline
  func countSpikes(trials: Int, into counts: inout [Int]) {
    guard case .spikes(let words, let timeStride, let trialStride) = activity else { return }
    counts.withUnsafeMutableBufferPointer { counts in
      for time in 0..<size.steps {
        for trial in 0..<trials {
          let row = words + time * timeStride + trial * trialStride
          for word in 0..<size.words {
            var bits = row[word]
            while bits != 0 {
              counts[word << 6 + bits.trailingZeroBitCount] += 1
              bits &= bits - 1
            }
          }
        }
      }
    }
  }
}
