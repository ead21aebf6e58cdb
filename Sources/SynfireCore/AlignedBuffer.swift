/// Memory for kernels: zeroed, aligned to 64 bytes, freed with its last reference.
///
/// A buffer is shared by reference. It is `Sendable` because the engine gives each worker its own
/// range; nothing else may write to one from two threads.
public final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  public let pointer: UnsafeMutablePointer<Element>
  public let count: Int

  /// Allocates `count` elements of zero bytes.
  public init(count: Int) {
    let bytes = max(64, (count * MemoryLayout<Element>.stride + 63) & ~63)
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    pointer = raw.bindMemory(to: Element.self, capacity: count)
    self.count = count
  }

  deinit { UnsafeMutableRawPointer(pointer).deallocate() }

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
