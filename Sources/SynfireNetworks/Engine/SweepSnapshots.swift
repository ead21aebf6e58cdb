import SynfireCore

/// The states of a block of trials before the first step of each segment, from which the segment can be
/// run again to the same bits.
///
/// What a state does not say lies in the spikes or rates of earlier steps, which a sweep keeps for all
/// steps.
final class SweepSnapshots<Kernel: NeuronKernel> where Kernel.Number == SIMD16<Float> {
  private typealias Filter = SweepCounts<Kernel>.Filter
  private let cells: Int
  /// Numbers of a state that are kept.
  private let parts: Int
  private let states: AlignedBuffer<Float>
  private let inputFilters: AlignedBuffer<Filter>?
  /// Of each kind of recurrent synapses.
  private let recurrentFilters: [AlignedBuffer<Filter>?]

  /// Sweeps of one segment never run a step twice and need none.
  init(_ size: SweepSize, _ wiring: LayerWiring, _ kernel: Kernel) {
    cells = size.trials * size.vectors
    parts = kernel.carriedParts
    let count = Self.count(size) * cells
    states = AlignedBuffer(count: count * parts * 16)
    inputFilters = wiring.input.filter.map { _ in AlignedBuffer(count: count) }
    recurrentFilters = wiring.recurrent.map { kind in
      kind.filter.map { _ in AlignedBuffer(count: count) }
    }
  }

  /// - Parameter filters: how many of the layer's connections have one.
  static func byteCount(_ size: SweepSize, _ kernel: Kernel, filters: Int) -> Int {
    count(size) * size.trials * size.vectors
      * (kernel.carriedParts * 64 + filters * MemoryLayout<Filter>.stride)
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
      for part in 0..<parts {
        move(
          states.vectors + (start + cell) * parts + part, live + cell * stateParts + part, 1, saving
        )
      }
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
