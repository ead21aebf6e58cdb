import SynfireCore

/// The states of a block of trials before the first step of each segment, from which the segment can be
/// run again to the same bits.
///
/// What a state does not say lies in the spikes or rates of earlier steps, which a sweep keeps for all
/// steps.
final class SweepSnapshots<Kernel: NeuronKernel> where Kernel.Number == SIMD16<Float> {
  private typealias Filter = SweepCounts<Kernel>.Filter
  private let cells: Int
  private let states: AlignedBuffer<Kernel.State>
  private let inputFilters: AlignedBuffer<Filter>?
  private let recurrentFilters: AlignedBuffer<Filter>?

  /// Sweeps of one segment never run a step twice and need none.
  init(_ size: SweepSize, _ wiring: LayerWiring) {
    cells = size.trials * size.vectors
    let count = Self.count(size) * cells
    states = AlignedBuffer(count: count)
    inputFilters = wiring.inputFilter.map { _ in AlignedBuffer(count: count) }
    recurrentFilters = wiring.recurrentFilter.map { _ in AlignedBuffer(count: count) }
  }

  /// - Parameter filters: how many of the layer's connections have one.
  static func byteCount(_ size: SweepSize, filters: Int) -> Int {
    count(size) * size.trials * size.vectors
      * (MemoryLayout<Kernel.State>.stride + filters * MemoryLayout<Filter>.stride)
  }

  private static func count(_ size: SweepSize) -> Int { size.segments > 1 ? size.segments : 0 }

  func save(_ buffers: SweepBuffers<Kernel>, at segment: Int) {
    guard states.count > 0 else { return }
    let start = segment * cells
    (states.pointer + start).update(from: buffers.states.pointer, count: cells)
    if let inputFilters {
      (inputFilters.pointer + start).update(from: buffers.inputFilters.pointer, count: cells)
    }
    if let recurrentFilters {
      (recurrentFilters.pointer + start).update(
        from: buffers.recurrentFilters.pointer, count: cells)
    }
  }

  func restore(_ buffers: SweepBuffers<Kernel>, from segment: Int) {
    let start = segment * cells
    buffers.states.pointer.update(from: states.pointer + start, count: cells)
    if let inputFilters {
      buffers.inputFilters.pointer.update(from: inputFilters.pointer + start, count: cells)
    }
    if let recurrentFilters {
      buffers.recurrentFilters.pointer.update(
        from: recurrentFilters.pointer + start, count: cells)
    }
  }
}
