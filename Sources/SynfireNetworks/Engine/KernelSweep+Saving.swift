import SynfireCore

/// Blocks that are run forward, put aside, and run back later.
extension KernelSweep {
  func save() -> AnyObject {
    isHandedOut = true
    spare.handOut()
    return inUse
  }

  private var inUse: SavedSweep<Model.Fast> {
    SavedSweep(
      spikes: buffers.spikes, outputs: buffers.outputs, snapshots: snapshots, kept: kept)
  }

  func returnPages() { kept?.returnPages() }

  /// Gets memory for what `save` handed out, now that it is needed.
  func replaceHandedOut() {
    guard isHandedOut else { return }
    use(
      spare.next()
        ?? SavedSweep(
          spikes: AlignedBuffer(count: buffers.spikes.count),
          outputs: AlignedBuffer(count: buffers.outputs.count),
          snapshots: SweepSnapshots(
            size, wiring, kernel, retracedParts: kept.flatMap { _ in kernel.retracedParts }),
          kept: kept.map { _ in KeptNumbers(size) }))
  }

  func restore(_ saved: AnyObject, _ layer: PackedLayer, trials: Int, lengths: TrialLengths) {
    spare.takeBack(isHandedOut ? nil : inUse)
    use(saved as! SavedSweep<Model.Fast>)
    begin(layer, trials: trials)
    self.lengths = lengths
    taped = -1
  }

  private func use(_ saved: SavedSweep<Model.Fast>) {
    isHandedOut = false
    buffers.exchange(spikes: saved.spikes, outputs: saved.outputs)
    snapshots = saved.snapshots
    kept = saved.kept
    wholeMemory = SweepMemory(buffers, size)
    memory = wholeMemory
  }
}

/// What a layer put out for a block of trials, and what its segments are run again from.
final class SavedSweep<Kernel: NeuronKernel> where Kernel.Number == SIMD16<Float> {
  let spikes: AlignedBuffer<UInt16>
  let outputs: AlignedBuffer<Float>
  let snapshots: SweepSnapshots<Kernel>
  let kept: KeptNumbers?

  init(
    spikes: AlignedBuffer<UInt16>, outputs: AlignedBuffer<Float>,
    snapshots: SweepSnapshots<Kernel>, kept: KeptNumbers?
  ) {
    self.spikes = spikes
    self.outputs = outputs
    self.snapshots = snapshots
    self.kept = kept
  }
}
