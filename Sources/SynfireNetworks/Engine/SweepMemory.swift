import SynfireCore

/// How many elements each part of a layer's memory has, and the bytes of all.
struct SweepCounts<Kernel: NeuronKernel> where Kernel.Number == SIMD16<Float> {
  typealias Filter = ExponentialFilter<SIMD16<Float>>.State
  let tape: Int
  let spikes: Int
  let held: Int
  let outputs: Int
  let parameters: Int
  /// Cells of sixteen neurons of a trial.
  let cells: Int
  let row: Int
  let driveAdjoints: Int
  let ring: Int
  /// A ring of drives, which share that of the adjoints where no step is run twice.
  let drives: Int
  /// The drives of a segment, if steps are run twice.
  let segmentDrives: Int
  private let counted: Int

  /// - Parameters:
  ///   - driveAdjointSteps: how many steps of drive adjoints are kept in place of the rings.
  ///   - runsAgain: whether steps are run again on the way back; nil for what the segments want.
  init(_ size: SweepSize, driveAdjointSteps: Int? = nil, runsAgain: Bool? = nil) {
    let rows = (SweepSize.history + size.steps) * size.trials
    let tapedRows = size.segmentSteps * size.trials
    tape = tapedRows * size.vectors
    // Rows may be read 32 numbers at a time.
    spikes = rows * size.words * 4 + 32
    held = tapedRows * size.words * 4
    outputs = Kernel.isSpiking ? 0 : rows * size.rowLength
    parameters = Kernel.Parameters.count * size.vectors * 16
    cells = size.trials * size.vectors
    // Kernels may read a tile past the end of a row.
    row = cells * 16 + 128
    driveAdjoints = (driveAdjointSteps ?? 1) * cells * 16 + 256
    ring =
      driveAdjointSteps == nil
      ? AdjointRing.count(rowLength: size.rowLength, trials: size.trials) : 0
    let runsAgain = runsAgain ?? (size.segments > 1)
    drives = runsAgain ? ring : 0
    segmentDrives = tapedRows * size.rowLength + 128
    counted = runsAgain ? segmentDrives : 0
  }

  var bytes: Int {
    let numbers =
      outputs + 2 * parameters + 3 * row + driveAdjoints + ring + drives + counted
    let states = MemoryLayout<Kernel.State>.stride + MemoryLayout<Kernel.Adjoint>.stride
    return tape * MemoryLayout<Kernel.Tape>.stride + 2 * (spikes + held) + 4 * numbers
      + cells * (states + 2 * MemoryLayout<Filter>.stride)
  }
}

/// The memory of one layer and one worker, that of its recurrent synapses aside (`RecurrentPath`).
final class SweepBuffers<Kernel: NeuronKernel> where Kernel.Number == SIMD16<Float> {
  // The tape of a segment: [time][trial][vector], bits in groups of sixteen.
  let tape: AlignedBuffer<Kernel.Tape>
  let held: AlignedBuffer<UInt16>
  // What all steps put out, after the last steps before the first. Sweeps of other blocks may have theirs.
  private(set) var spikes: AlignedBuffer<UInt16>
  private(set) var outputs: AlignedBuffer<Float>
  // What differs between neurons, [vector], or [neuron][parameter] where the lanes of a vector are one neuron;
  // and the derivatives of the loss, [vector].
  let parameters: AlignedBuffer<Float>
  let parameterGradients: AlignedBuffer<Float>
  // What is carried from step to step, forward and back: [trial][vector].
  let states: AlignedBuffer<Kernel.State>
  let adjoints: AlignedBuffer<Kernel.Adjoint>
  let inputFilters: AlignedBuffer<SweepCounts<Kernel>.Filter>
  let inputFilterAdjoints: AlignedBuffer<SweepCounts<Kernel>.Filter>
  // Rows of one step: [trial][neuron padded].
  let drive: AlignedBuffer<Float>
  let recurrentDrive: AlignedBuffer<Float>
  let outputAdjoints: AlignedBuffer<Float>
  let driveAdjoints: AlignedBuffer<Float>
  // Over 64 steps the adjoints of the weighted inputs, which without a filter are those of the drive, and drives that
  // are known before their step.
  let inputRing: AlignedBuffer<Float>
  let driveRing: AlignedBuffer<Float>
  // Drives of a segment that is run again, if one is: [time][trial][neuron padded].
  private(set) lazy var segmentDrives = AlignedBuffer<Float>(count: segmentDriveCount)
  private let segmentDriveCount: Int
  /// Whether the lanes of a vector are sixteen neurons of one trial; if not, they are one neuron in sixteen trials.
  let lanesAreNeurons: Bool
  let byteCount: Int

  /// - Parameters:
  ///   - driveAdjointSteps: where lanes are trials, how many steps of drive adjoints are kept in place of the rings.
  ///   - runsAgain: whether steps are run again on the way back; nil for what the segments want.
  init(_ size: SweepSize, driveAdjointSteps: Int? = nil, runsAgain: Bool? = nil) {
    let counts = SweepCounts<Kernel>(
      size, driveAdjointSteps: driveAdjointSteps, runsAgain: runsAgain)
    byteCount = counts.bytes
    lanesAreNeurons = driveAdjointSteps == nil
    tape = AlignedBuffer(count: counts.tape)
    held = AlignedBuffer(count: counts.held)
    spikes = AlignedBuffer(count: counts.spikes)
    outputs = AlignedBuffer(count: counts.outputs)
    parameters = AlignedBuffer(count: counts.parameters)
    parameterGradients = AlignedBuffer(count: counts.parameters)
    states = AlignedBuffer(count: counts.cells)
    adjoints = AlignedBuffer(count: counts.cells)
    inputFilters = AlignedBuffer(count: counts.cells)
    inputFilterAdjoints = AlignedBuffer(count: counts.cells)
    drive = AlignedBuffer(count: counts.row)
    recurrentDrive = AlignedBuffer(count: counts.row)
    outputAdjoints = AlignedBuffer(count: counts.row)
    driveAdjoints = AlignedBuffer(count: counts.driveAdjoints)
    inputRing = AlignedBuffer(count: counts.ring)
    driveRing = counts.drives > 0 ? AlignedBuffer(count: counts.drives) : inputRing
    segmentDriveCount = counts.segmentDrives
  }

  /// Exchanges the outputs for others of the same size.
  func exchange(spikes others: AlignedBuffer<UInt16>, outputs otherOutputs: AlignedBuffer<Float>) {
    spikes = others
    outputs = otherOutputs
  }

  /// Sets the parameters [parameter][neuron]; lanes past the last neuron hold those of the last.
  func setParameters(_ values: [[Float]], vectors: Int) {
    let (count, width) = (Kernel.Parameters.count, lanesAreNeurons ? 16 : 1)
    for (index, row) in values.enumerated() {
      for place in 0..<vectors * width {
        let target = (place / width * count + index) * width + place % width
        parameters.pointer[target] = row[min(place, row.count - 1)]
      }
    }
  }

  /// The derivatives [parameter][neuron], each the sum over the lanes of the neuron, which are cleared.
  func takeParameterGradients(neurons: Int, into result: AlignedBuffer<Float>) {
    let count = Kernel.Parameters.count
    let lanes = lanesAreNeurons ? 1 : 16
    for index in 0..<count {
      for place in 0..<neurons * lanes {
        let source = (place >> 4 * count + index) << 4 + place & 15
        result.pointer[index * neurons + place / lanes] += parameterGradients.pointer[source]
      }
    }
    parameterGradients.clear()
  }
}

/// The same memory as the loops over neurons see it: pointers and sizes.
public struct SweepMemory<Kernel: NeuronKernel> where Kernel.Number == SIMD16<Float> {
  @usableFromInline let size: SweepSize
  @usableFromInline var tape: UnsafeMutablePointer<Kernel.Tape>
  @usableFromInline var spikes: UnsafeMutablePointer<UInt16>
  @usableFromInline var held: UnsafeMutablePointer<UInt16>
  @usableFromInline var outputs: UnsafeMutablePointer<SIMD16<Float>>
  /// Of sixteen neurons, or of one.
  @usableFromInline let parameters: UnsafePointer<Float>
  @usableFromInline let lanesAreNeurons: Bool
  @usableFromInline let parameterGradients: UnsafeMutablePointer<Kernel.Parameters>
  @usableFromInline let states: UnsafeMutablePointer<Kernel.State>
  @usableFromInline let adjoints: UnsafeMutablePointer<Kernel.Adjoint>
  @usableFromInline var drive: UnsafeMutablePointer<SIMD16<Float>>
  @usableFromInline let outputAdjoints: UnsafeMutablePointer<SIMD16<Float>>
  @usableFromInline var driveAdjoints: UnsafeMutablePointer<SIMD16<Float>>
  /// Vectors between those of trials.
  @usableFromInline var driveAdjointStride: Int

  init(_ buffers: SweepBuffers<Kernel>, _ size: SweepSize) {
    self.size = size
    tape = buffers.tape.pointer
    spikes = buffers.spikes.pointer + SweepSize.history * size.trials * size.words * 4
    held = buffers.held.pointer
    outputs =
      buffers.outputs.vectors
      + (Kernel.isSpiking ? 0 : SweepSize.history * size.trials * size.vectors)
    parameters = UnsafePointer(buffers.parameters.pointer)
    lanesAreNeurons = buffers.lanesAreNeurons
    parameterGradients = UnsafeMutableRawPointer(buffers.parameterGradients.pointer)
      .assumingMemoryBound(to: Kernel.Parameters.self)
    states = buffers.states.pointer
    adjoints = buffers.adjoints.pointer
    drive = buffers.drive.vectors
    outputAdjoints = buffers.outputAdjoints.vectors
    driveAdjoints = buffers.driveAdjoints.vectors
    driveAdjointStride = size.vectors
  }

  /// The parameters of a vector of neurons.
  @inlinable @inline(__always)
  func parameters(of vector: Int) -> Kernel.Parameters {
    let count = Kernel.Parameters.count
    guard lanesAreNeurons else {
      return Kernel.Parameters(repeating: parameters + vector &* count)
    }
    return UnsafeRawPointer(parameters + (vector &* count) << 4)
      .assumingMemoryBound(to: Kernel.Parameters.self).pointee
  }

  /// The same memory with the tape of the steps from `start` on, which alone may then be taped.
  func taping(from start: Int) -> SweepMemory {
    var result = self
    result.tape -= start * size.trials * size.vectors
    result.held -= start * size.trials * size.words * 4
    return result
  }

  /// The same memory as seen from `steps` steps earlier: step t is their step t + `steps`.
  func earlier(by steps: Int) -> SweepMemory {
    var result = taping(from: steps)
    result.spikes -= steps * size.trials * size.words * 4
    result.outputs -= Kernel.isSpiking ? 0 : steps * size.trials * size.vectors
    return result
  }

  /// The same memory with the drive read elsewhere.
  func reading(drive: UnsafeMutablePointer<SIMD16<Float>>) -> SweepMemory {
    var result = self
    result.drive = drive
    return result
  }

  /// The same memory with the adjoints of the drive written elsewhere, trials so many vectors apart.
  func writing(
    driveAdjoints: UnsafeMutablePointer<SIMD16<Float>>, trialStride: Int
  ) -> SweepMemory {
    var result = self
    result.driveAdjoints = driveAdjoints
    result.driveAdjointStride = trialStride
    return result
  }
}

extension AlignedBuffer<Float> {
  /// The same memory in vectors of sixteen.
  var vectors: UnsafeMutablePointer<SIMD16<Float>> {
    UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: SIMD16<Float>.self)
  }
}
