/// Memory for kernels: zeroed, aligned to 64 bytes, freed with its last reference.
///
/// A buffer is shared by reference. It is `Sendable` because the engine gives each worker its own
/// range; nothing else may write to one from two threads.
public final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  public let pointer: UnsafeMutablePointer<Element>
  public let count: Int
  /// What the memory belongs to, if it is part of another buffer.
  private let owner: AlignedBuffer?

  /// Allocates `count` elements of zero bytes.
  public init(count: Int) {
    let bytes = max(64, (count * MemoryLayout<Element>.stride + 63) & ~63)
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    pointer = raw.bindMemory(to: Element.self, capacity: count)
    self.count = count
    owner = nil
  }

  /// A part of another buffer's memory, from an element on that is aligned.
  public init(_ owner: AlignedBuffer, from start: Int, count: Int) {
    precondition(start >= 0 && count >= 0 && start + count <= owner.count)
    precondition(start * MemoryLayout<Element>.stride % 64 == 0)
    pointer = owner.pointer + start
    self.count = count
    self.owner = owner
  }

  /// Memory of its own with the same content.
  public func copy() -> AlignedBuffer {
    let copy = AlignedBuffer(count: count)
    copy.pointer.update(from: pointer, count: count)
    return copy
  }

  deinit { if owner == nil { UnsafeMutableRawPointer(pointer).deallocate() } }

  /// The size in bytes.
  public var byteCount: Int { count * MemoryLayout<Element>.stride }

  /// Sets every byte to zero.
  public func clear() {
    UnsafeMutableRawPointer(pointer).initializeMemory(
      as: UInt8.self, repeating: 0, count: byteCount)
  }
}

/// `count` rounded up to a whole number of SIMD vectors of 16.
@inlinable
public func paddedToLanes(_ count: Int) -> Int { (count + 15) & ~15 }
