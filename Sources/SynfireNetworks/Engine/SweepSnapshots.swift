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
  private let recurrentFilters: AlignedBuffer<Filter>?

  /// Sweeps of one segment never run a step twice and need none.
  init(_ size: SweepSize, _ wiring: LayerWiring, _ kernel: Kernel) {
    cells = size.trials * size.vectors
    parts = kernel.carriedParts
    let count = Self.count(size) * cells
    states = AlignedBuffer(count: count * parts * 16)
    inputFilters = wiring.inputFilter.map { _ in AlignedBuffer(count: count) }
    recurrentFilters = wiring.recurrentFilter.map { _ in AlignedBuffer(count: count) }
  }

  /// - Parameter filters: how many of the layer's connections have one.
  static func byteCount(_ size: SweepSize, _ kernel: Kernel, filters: Int) -> Int {
    count(size) * size.trials * size.vectors
      * (kernel.carriedParts * 64 + filters * MemoryLayout<Filter>.stride)
  }

  private static func count(_ size: SweepSize) -> Int { size.segments > 1 ? size.segments : 0 }

  func save(_ buffers: SweepBuffers<Kernel>, at segment: Int) {
    guard states.count > 0 else { return }
    let start = segment * cells
    let source = vectors(buffers.states)
    for cell in 0..<cells {
      for part in 0..<parts {
        states.vectors[(start + cell) * parts + part] = source[cell * stateParts + part]
      }
    }
    if let inputFilters {
      (inputFilters.pointer + start).update(from: buffers.inputFilters.pointer, count: cells)
    }
    if let recurrentFilters {
      (recurrentFilters.pointer + start).update(
        from: buffers.recurrentFilters.pointer, count: cells)
    }
  }

  /// Sets states to those before a segment; a single segment starts where `KernelSweep.begin` left them.
  func restore(_ buffers: SweepBuffers<Kernel>, from segment: Int) {
    guard states.count > 0 else { return }
    let start = segment * cells
    let target = vectors(buffers.states)
    for cell in 0..<cells {
      for part in 0..<parts {
        target[cell * stateParts + part] = states.vectors[(start + cell) * parts + part]
      }
    }
    if let inputFilters {
      buffers.inputFilters.pointer.update(from: inputFilters.pointer + start, count: cells)
    }
    if let recurrentFilters {
      buffers.recurrentFilters.pointer.update(
        from: recurrentFilters.pointer + start, count: cells)
    }
  }

  private var stateParts: Int { MemoryLayout<Kernel.State>.stride / 64 }

  private func vectors(
    _ states: AlignedBuffer<Kernel.State>
  ) -> UnsafeMutablePointer<SIMD16<Float>> {
    UnsafeMutableRawPointer(states.pointer).assumingMemoryBound(to: SIMD16<Float>.self)
  }
}
