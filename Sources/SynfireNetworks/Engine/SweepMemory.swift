import SynfireCore

/// The memory of one layer and one worker.
final class SweepBuffers<Kernel: NeuronKernel> where Kernel.Number == SIMD16<Float> {
  // The tape: [time][trial][vector], bits in groups of sixteen.
  let tape: AlignedBuffer<Kernel.Tape>
  let spikes: AlignedBuffer<UInt16>
  let held: AlignedBuffer<UInt16>
  let outputs: AlignedBuffer<Float>
  // What differs between neurons, [vector], and the derivatives of the loss.
  let parameters: AlignedBuffer<Float>
  let parameterGradients: AlignedBuffer<Float>
  // What is carried from step to step: [trial][vector].
  let states: AlignedBuffer<Kernel.State>
  let adjoints: AlignedBuffer<Kernel.Adjoint>
  let inputFilters: AlignedBuffer<ExponentialFilter<SIMD16<Float>>.State>
  let recurrentFilters: AlignedBuffer<ExponentialFilter<SIMD16<Float>>.State>
  // Rows of one step: [trial][neuron padded].
  let drive: AlignedBuffer<Float>
  let recurrentDrive: AlignedBuffer<Float>
  let outputAdjoints: AlignedBuffer<Float>
  let driveAdjoints: AlignedBuffer<Float>
  // Adjoints of the two drives over the last 64 steps.
  let inputRing: AlignedBuffer<Float>
  let recurrentRing: AlignedBuffer<Float>

  /// - Parameters:
  ///   - driveAdjointSteps: how many steps of drive adjoints are kept in place of the rings.
  ///   - tapedSteps: steps whose tape is held at a time; nil for all.
  init(_ size: SweepSize, driveAdjointSteps: Int? = nil, tapedSteps: Int? = nil) {
    let rows = size.steps * size.trials
    let tapedRows = (tapedSteps ?? size.steps) * size.trials
    let cells = size.trials * size.vectors
    tape = AlignedBuffer(count: tapedRows * size.vectors)
    // Rows may be read 32 numbers at a time.
    spikes = AlignedBuffer(count: rows * size.words * 4 + 32)
    held = AlignedBuffer(count: tapedRows * size.words * 4)
    outputs = AlignedBuffer(count: Kernel.isSpiking ? 0 : rows * size.rowLength)
    parameters = AlignedBuffer(count: Kernel.Parameters.count * size.vectors * 16)
    parameterGradients = AlignedBuffer(count: Kernel.Parameters.count * size.vectors * 16)
    states = AlignedBuffer(count: cells)
    adjoints = AlignedBuffer(count: cells)
    inputFilters = AlignedBuffer(count: cells)
    recurrentFilters = AlignedBuffer(count: cells)
    // Kernels may read a tile past the end of a row.
    drive = AlignedBuffer(count: cells * 16 + 128)
    recurrentDrive = AlignedBuffer(count: cells * 16 + 128)
    outputAdjoints = AlignedBuffer(count: cells * 16 + 128)
    driveAdjoints = AlignedBuffer(count: (driveAdjointSteps ?? 1) * cells * 16 + 256)
    let ring =
      driveAdjointSteps == nil
      ? AdjointRing.count(rowLength: size.rowLength, trials: size.trials) : 0
    inputRing = AlignedBuffer(count: ring)
    recurrentRing = AlignedBuffer(count: ring)
  }

  /// Sets the parameters [parameter][neuron], each neuron in `lanes` lanes; lanes past the last neuron
  /// hold those of the last.
  func setParameters(_ values: [[Float]], lanes: Int, vectors: Int) {
    let count = Kernel.Parameters.count
    for (index, row) in values.enumerated() {
      for place in 0..<vectors * 16 {
        let target = (place >> 4 * count + index) << 4 + place & 15
        parameters.pointer[target] = row[min(place / lanes, row.count - 1)]
      }
    }
  }

  /// The derivatives [parameter][neuron], each the sum over the lanes of the neuron, which are cleared.
  func takeParameterGradients(
    neurons: Int, lanes: Int, into result: AlignedBuffer<Float>
  ) {
    let count = Kernel.Parameters.count
    for index in 0..<count {
      for place in 0..<neurons * lanes {
        let source = (place >> 4 * count + index) << 4 + place & 15
        result.pointer[index * neurons + place / lanes] += parameterGradients.pointer[source]
      }
    }
    parameterGradients.clear()
  }

  func clearFilters() {
    inputFilters.clear()
    recurrentFilters.clear()
  }

  var byteCount: Int {
    parameters.byteCount + parameterGradients.byteCount + tape.byteCount + spikes.byteCount
      + held.byteCount + outputs.byteCount + states.byteCount
      + adjoints.byteCount + inputFilters.byteCount + recurrentFilters.byteCount
      + drive.byteCount + recurrentDrive.byteCount + outputAdjoints.byteCount
      + driveAdjoints.byteCount + inputRing.byteCount + recurrentRing.byteCount
  }
}

/// The same memory as the loops over neurons see it: pointers and sizes.
public struct SweepMemory<Kernel: NeuronKernel> where Kernel.Number == SIMD16<Float> {
  @usableFromInline let size: SweepSize
  @usableFromInline var tape: UnsafeMutablePointer<Kernel.Tape>
  @usableFromInline let spikes: UnsafeMutablePointer<UInt16>
  @usableFromInline var held: UnsafeMutablePointer<UInt16>
  @usableFromInline let outputs: UnsafeMutablePointer<SIMD16<Float>>
  @usableFromInline let parameters: UnsafePointer<Kernel.Parameters>
  @usableFromInline let parameterGradients: UnsafeMutablePointer<Kernel.Parameters>
  @usableFromInline let states: UnsafeMutablePointer<Kernel.State>
  @usableFromInline let adjoints: UnsafeMutablePointer<Kernel.Adjoint>
  @usableFromInline let drive: UnsafeMutablePointer<SIMD16<Float>>
  @usableFromInline let outputAdjoints: UnsafeMutablePointer<SIMD16<Float>>
  @usableFromInline var driveAdjoints: UnsafeMutablePointer<SIMD16<Float>>

  init(_ buffers: SweepBuffers<Kernel>, _ size: SweepSize) {
    self.size = size
    tape = buffers.tape.pointer
    spikes = buffers.spikes.pointer
    held = buffers.held.pointer
    outputs = buffers.outputs.vectors
    parameters = UnsafeRawPointer(buffers.parameters.pointer)
      .assumingMemoryBound(to: Kernel.Parameters.self)
    parameterGradients = UnsafeMutableRawPointer(buffers.parameterGradients.pointer)
      .assumingMemoryBound(to: Kernel.Parameters.self)
    states = buffers.states.pointer
    adjoints = buffers.adjoints.pointer
    drive = buffers.drive.vectors
    outputAdjoints = buffers.outputAdjoints.vectors
    driveAdjoints = buffers.driveAdjoints.vectors
  }

  /// The same memory with the tape of the steps from `start` on, which alone may then be taped.
  func taping(from start: Int) -> SweepMemory {
    var result = self
    result.tape -= start * size.trials * size.vectors
    result.held -= start * size.trials * size.words * 4
    return result
  }

  /// The same memory with the adjoints of the drive written elsewhere.
  func writing(driveAdjoints: UnsafeMutablePointer<SIMD16<Float>>) -> SweepMemory {
    var result = self
    result.driveAdjoints = driveAdjoints
    return result
  }
}

extension AlignedBuffer<Float> {
  /// The same memory in vectors of sixteen.
  var vectors: UnsafeMutablePointer<SIMD16<Float>> {
    UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: SIMD16<Float>.self)
  }
}
