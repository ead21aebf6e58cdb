import CIntrinsics
import SynfireCore

/// The adjoints of the drives of a chunk of steps, turned so that lanes are sixteen postsynaptic neurons,
/// and those of as many steps after it as delays reach. Connections of a layer may share them.
final class TurnedAdjoints {
  /// Steps of a chunk: the turned adjoints of sixteen neurons in sixteen trials stay in the first cache.
  private static let leastChunk = 24

  let chunk: Int
  /// Steps that are held.
  let rows: Int
  private let vectors: Int
  private let later: Int
  /// [postsynaptic vector, trial, step - first step of the chunk].
  private let turned: AlignedBuffer<Vector>
  /// The last step that came.
  private var latest = Int.max

  /// For connections to the same neurons.
  init(_ maps: [SynapseMap]) {
    later = maps.map(\.largestDelay).max() ?? 0
    chunk = max(Self.leastChunk, later)
    // Sums of several delays read some steps more, for which no neuron asks.
    rows = chunk + (maps.map(\.maskRow).max() ?? 0)
    vectors = maps.first?.vectors ?? 0
    turned = AlignedBuffer(count: vectors * 16 * rows)
  }

  var byteCount: Int { turned.byteCount }

  /// Forgets all adjoints: those after the last step are 0.
  func begin() {
    turned.clear()
    latest = .max
  }

  /// Takes the adjoint of the drive of a step, for falling steps; there is room for sixteen vectors behind
  /// it. All that share must give the same.
  func receive(_ adjoint: UnsafePointer<Vector>, time: Int) {
    guard time < latest else { return }
    if latest != .max, latest % chunk == 0 { keepFirstRows() }
    latest = time
    let row = turned.pointer + time % chunk
    for vector in 0..<vectors {
      synfire_transpose16(
        UnsafeRawPointer(adjoint + vector * 16).assumingMemoryBound(to: Float.self), 16,
        UnsafeMutableRawPointer(row + vector * 16 * rows).assumingMemoryBound(to: Float.self),
        rows * 16)
    }
  }

  /// The first steps of a chunk are the later ones of the chunk before.
  private func keepFirstRows() {
    for trial in 0..<vectors * 16 {
      let first = turned.pointer + trial * rows
      (first + chunk).update(from: first, count: later)
    }
  }

  /// The adjoints of sixteen neurons, [trial, step].
  func slice(_ vector: Int) -> UnsafePointer<Vector> {
    UnsafePointer(turned.pointer + vector * 16 * rows)
  }
}
