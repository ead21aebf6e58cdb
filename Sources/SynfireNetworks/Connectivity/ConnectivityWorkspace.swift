import SynfireCore

/// Memory of one worker for one connectivity.
public final class ConnectivityWorkspace {
  /// The gradient in the connectivity's own layout.
  public let gradient: AlignedBuffer<Float>
  let offsets: AlignedBuffer<Int32>
  let scratch: AlignedBuffer<Float>
  let words: AlignedBuffer<UInt64>
  private var lists = AlignedBuffer<Int32>(count: 0)
  /// The memory of a connectivity that is made of several.
  let parts: [ConnectivityWorkspace]

  init(gradient: Int, offsets: Int, scratch: Int, words: Int = 0) {
    self.gradient = AlignedBuffer(count: gradient + 128)
    self.offsets = AlignedBuffer(count: offsets + 16)
    self.scratch = AlignedBuffer(count: scratch + 128)
    self.words = AlignedBuffer(count: words)
    parts = []
  }

  /// Puts the gradients of parts one after another.
  init(parts: [ConnectivityWorkspace]) {
    let lengths = parts.map { paddedToLanes($0.gradient.count) }
    let gradient = AlignedBuffer<Float>(count: lengths.reduce(0, +))
    var start = 0
    self.parts = zip(parts, lengths).map { part, length in
      defer { start += length }
      return ConnectivityWorkspace(
        part, gradient: AlignedBuffer(gradient, from: start, count: length))
    }
    self.gradient = gradient
    offsets = AlignedBuffer(count: 0)
    scratch = AlignedBuffer(count: 0)
    words = AlignedBuffer(count: 0)
  }

  /// Room for so many numbers, which are not kept from call to call.
  func list(count: Int) -> UnsafeMutablePointer<Int32> {
    if lists.count < count { lists = AlignedBuffer(count: count + count / 4) }
    return lists.pointer
  }

  var byteCount: Int {
    gradient.byteCount + offsets.byteCount + scratch.byteCount + words.byteCount
      + parts.reduce(0) { $0 + $1.byteCount - $1.gradient.byteCount }
  }

  private init(_ other: ConnectivityWorkspace, gradient: AlignedBuffer<Float>) {
    self.gradient = gradient
    offsets = other.offsets
    scratch = other.scratch
    words = other.words
    parts = other.parts
  }
}
