import SynfireCore

/// One kind of a layer's recurrent synapses in the memory of one worker: its filter, its latency, and the
/// adjoints of its drive.
final class RecurrentPath {
  typealias FilterState = ExponentialFilter<SIMD16<Float>>.State

  let filter: ExponentialFilter<SIMD16<Float>>?
  let latency: Int
  /// The name of the state of the filter within the layer.
  let filterName: String
  /// h and r of the filter, and their adjoints: [trial][vector].
  let filterStates: AlignedBuffer<FilterState>
  let filterAdjoints: AlignedBuffer<FilterState>
  /// Adjoints of the drive over the last 64 steps.
  let ring: AdjointRing
  private let ringBuffer: AlignedBuffer<Float>
  private var ownWorkspace: ConnectivityWorkspace?

  init(_ wiring: SynapseWiring, _ size: SweepSize) {
    filter = wiring.filter?.fast
    latency = wiring.latency
    filterName = wiring.filterName
    filterStates = AlignedBuffer(count: Self.cells(size))
    filterAdjoints = AlignedBuffer(count: Self.cells(size))
    ringBuffer = AlignedBuffer(count: Self.ringCount(size))
    ring = AdjointRing(base: ringBuffer.pointer, rowLength: size.rowLength)
  }

  /// Bytes of that memory.
  static func byteCount(_ size: SweepSize) -> Int {
    4 * ringCount(size) + 2 * cells(size) * MemoryLayout<FilterState>.stride
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

  /// Forgets all adjoints, and with `lookingAhead` those of steps past the end, which are looked up too.
  func beginBackward(lookingAhead: Bool) {
    filterAdjoints.clear()
    if lookingAhead { ringBuffer.clear() }
  }
}
