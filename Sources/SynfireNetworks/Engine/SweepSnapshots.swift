import SynfireCore

/// The states of a block of trials before the first step of each segment, from which the segment can be
/// run again to the same bits.
///
/// What a state does not say lies in the spikes or rates of earlier steps, which a sweep keeps for all
/// steps.
final class SweepSnapshots<Kernel: NeuronKernel> where Kernel.Number == SIMD16<Float> {
  private typealias Filter = SweepCounts<Kernel>.Filter
  private let cells: Int
  /// The numbers of a state that are kept.
  private let parts: Range<Int>
  private let states: AlignedBuffer<Float>
  private let inputFilters: AlignedBuffer<Filter>?
  /// Of each kind of recurrent synapses.
  private let recurrentFilters: [AlignedBuffer<Filter>?]

  /// Sweeps of one segment never run a step twice and need none.
  ///
  /// - Parameter retracedParts: the numbers of a state that are needed where tapes are found again without drives;
  ///   nil where steps are run again.
  init(
    _ size: SweepSize, _ wiring: LayerWiring, _ kernel: Kernel, retracedParts: Range<Int>? = nil
  ) {
    cells = size.trials * size.vectors
    parts = retracedParts ?? 0..<kernel.carriedParts
    let count = Self.count(size) * cells
    states = AlignedBuffer(count: count * parts.count * 16)
    let hasDrives = retracedParts == nil
    func filters(_ wiring: SynapseWiring) -> AlignedBuffer<Filter>? {
      hasDrives && wiring.filter != nil ? AlignedBuffer(count: count) : nil
    }
    inputFilters = filters(wiring.input)
    recurrentFilters = wiring.recurrent.map(filters)
  }

  /// - Parameter filters: how many of the layer's connections have one.
  static func byteCount(
    _ size: SweepSize, _ kernel: Kernel, filters: Int, retracedParts: Range<Int>? = nil
  ) -> Int {
    let filters = retracedParts == nil ? filters : 0
    let parts = retracedParts?.count ?? kernel.carriedParts
    return count(size) * size.trials * size.vectors
      * (parts * 64 + filters * MemoryLayout<Filter>.stride)
  }

  private static func count(_ size: SweepSize) -> Int { size.segments > 1 ? size.segments : 0 }

  func save(_ buffers: SweepBuffers<Kernel>, _ recurrent: [RecurrentPath], at segment: Int) {
    copy(buffers, recurrent, segment, saving: true)
  }

  /// Sets states to those before a segment; a single segment starts where `KernelSweep.begin` left them.
  func restore(
    _ buffers: SweepBuffers<Kernel>, _ recurrent: [RecurrentPath], from segment: Int
  ) {
    copy(buffers, recurrent, segment, saving: false)
  }

  private func copy(
    _ buffers: SweepBuffers<Kernel>, _ recurrent: [RecurrentPath], _ segment: Int, saving: Bool
  ) {
    guard states.count > 0 else { return }
    let start = segment * cells
    let stateParts = MemoryLayout<Kernel.State>.stride / 64
    let live = UnsafeMutableRawPointer(buffers.states.pointer)
      .assumingMemoryBound(to: SIMD16<Float>.self)
    for cell in 0..<cells {
      move(
        states.vectors + (start + cell) * parts.count,
        live + cell * stateParts + parts.lowerBound, parts.count, saving)
    }
    if let inputFilters {
      move(inputFilters.pointer + start, buffers.inputFilters.pointer, cells, saving)
    }
    for (path, kept) in zip(recurrent, recurrentFilters) {
      if let kept { move(kept.pointer + start, path.filterStates.pointer, cells, saving) }
    }
  }

  @inline(__always)
  private func move<Value>(
    _ kept: UnsafeMutablePointer<Value>, _ live: UnsafeMutablePointer<Value>, _ count: Int,
    _ saving: Bool
  ) {
    if saving {
      kept.update(from: live, count: count)
    } else {
      live.update(from: kept, count: count)
    }
  }
}
