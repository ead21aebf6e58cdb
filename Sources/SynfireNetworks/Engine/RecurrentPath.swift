import SynfireCore

/// One kind of a layer's recurrent synapses in the memory of one worker: its filter, its latency, and the
/// adjoints of its drive.
final class RecurrentPath {
  typealias FilterState = ExponentialFilter<SIMD16<Float>>.State

  let filter: ExponentialFilter<SIMD16<Float>>?
  let latency: Int
  /// The name of the state of the filter within the layer.
  let filterName: String
  /// h and r of the filter, and their adjoints: [trial][vector]; none without a filter.
  let filterStates: AlignedBuffer<FilterState>
  let filterAdjoints: AlignedBuffer<FilterState>
  /// Adjoints of the drive over the last 64 steps.
  let ring: AdjointRing
  /// Its memory; nil where it is that of the inputs, whose adjoints are the same.
  private let ringBuffer: AlignedBuffer<Float>?
  var sharesRing: Bool { ringBuffer == nil }
  private var ownWorkspace: ConnectivityWorkspace?

  /// - Parameter inputRing: where unfiltered adjoints of the drive are kept; nil if they are nowhere.
  init(
    _ wiring: SynapseWiring, _ size: SweepSize, inputRing: UnsafeMutablePointer<Float>?
  ) {
    filter = wiring.filter?.fast
    latency = wiring.latency
    filterName = wiring.filterName
    let cells = wiring.filter == nil ? 0 : Self.cells(size)
    filterStates = AlignedBuffer(count: cells)
    filterAdjoints = AlignedBuffer(count: cells)
    if filter == nil, let inputRing {
      ringBuffer = nil
      ring = AdjointRing(base: inputRing, rowLength: size.rowLength, shift: latency)
    } else {
      let buffer = AlignedBuffer<Float>(count: Self.ringCount(size))
      ringBuffer = buffer
      ring = AdjointRing(base: buffer.pointer, rowLength: size.rowLength)
    }
  }

  /// Bytes of that memory.
  static func byteCount(_ size: SweepSize, sharesRing: Bool, hasFilter: Bool) -> Int {
    (sharesRing ? 0 : 4 * ringCount(size))
      + (hasFilter ? 2 * cells(size) * MemoryLayout<FilterState>.stride : 0)
  }

  private static func cells(_ size: SweepSize) -> Int { size.trials * size.vectors }

  private static func ringCount(_ size: SweepSize) -> Int {
    AdjointRing.count(rowLength: size.rowLength, trials: size.trials)
  }

  /// What the synapses, packed for an update, compute in; made when it is first asked for.
  func workspace(_ synapses: any PackedConnectivity, trials: Int) -> ConnectivityWorkspace {
    if let ownWorkspace { return ownWorkspace }
    let workspace = synapses.makeWorkspace(trials: trials)
    ownWorkspace = workspace
    return workspace
  }

  /// Forgets the adjoints of the drive, where they are not those of the inputs.
  func clearRing() { ringBuffer?.clear() }
}
