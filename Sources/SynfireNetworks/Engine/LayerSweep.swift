import SynfireCore

/// The sizes of a block of trials in a layer.
public struct SweepSize: Sendable {
  let steps: Int
  /// The most trials a block holds.
  let trials: Int
  let neurons: Int

  var rowLength: Int { paddedToLanes(neurons) }
  var vectors: Int { rowLength / 16 }
  /// 64-bit words of a row of spikes.
  var words: Int { (neurons + 63) >> 6 }
}

/// The packed connectivity of one layer.
public struct PackedLayer: Sendable {
  let input: any PackedConnectivity
  let recurrent: (any PackedConnectivity)?
}

/// Where the adjoint of a layer's outputs comes from.
public protocol OutputAdjoint: AnyObject {
  /// Adds dL/d(output of step `time`) to adjoint[trial, neuron padded]; called for falling times.
  func add(time: Int, trials: Int, into adjoint: UnsafeMutablePointer<Float>)
}

/// One layer of the fast engine: memory of one worker, forward and backward over a block of trials.
public protocol LayerSweep: AnyObject {
  /// The outputs of the last forward sweep.
  var activity: BlockActivity { get }
  /// Bytes that the sweep holds.
  var byteCount: Int { get }

  /// Runs all steps of a block of trials and leaves the tape.
  func forward(_ layer: PackedLayer, _ inputs: BlockActivity, trials: Int)

  /// Runs back over the tape and adds to the gradients in the workspaces.
  ///
  /// - Parameters:
  ///   - outputAdjoint: from the readout or the layer above.
  ///   - constantAdjoint: added to the adjoint of every output of every step and trial, [neuron padded].
  ///   - inputAdjoint: receives dL/d(input) [time, trial, input padded], if the layer below learns.
  func backward(
    _ layer: PackedLayer, _ inputs: BlockActivity, trials: Int, outputAdjoint: any OutputAdjoint,
    constantAdjoint: UnsafePointer<Float>?, inputAdjoint: StoredAdjoint?)

  /// Adds the spikes of each neuron in the last forward sweep to `counts` [neuron].
  func countSpikes(trials: Int, into counts: inout [Int])

  /// The gradient sums of the input and recurrent connections.
  func workspaces(_ layer: PackedLayer) -> (ConnectivityWorkspace, ConnectivityWorkspace?)

  /// The first step and neuron whose state in a sweep of this block is not finite.
  func firstNonFinite(
    _ layer: PackedLayer, _ inputs: BlockActivity, trials: Int
  ) -> (step: Int, trial: Int, neuron: Int)?

  /// Membrane potentials and synaptic currents [time, trial, neuron] of a forward sweep.
  func record(_ layer: PackedLayer, _ inputs: BlockActivity, trials: Int) -> StateRecord
}

/// Membrane potentials and synaptic currents of a block, each [time][trial][neuron].
public struct StateRecord: Sendable {
  var potentials: [Float]
  var currents: [Float]
}

/// The adjoint of a layer's outputs, written by the layer above.
public final class StoredAdjoint: OutputAdjoint {
  let buffer: AlignedBuffer<Float>
  let rowLength: Int
  let stepStride: Int

  init(_ size: SweepSize) {
    rowLength = size.rowLength
    stepStride = size.trials * size.rowLength
    buffer = AlignedBuffer(count: size.steps * stepStride)
  }

  func step(_ time: Int) -> UnsafeMutablePointer<Float> { buffer.pointer + time * stepStride }

  public func add(time: Int, trials: Int, into adjoint: UnsafeMutablePointer<Float>) {
    RowKernels.addScaled(
      step(time), scale: 1, into: adjoint, vectors: trials * rowLength / 16)
  }
}
