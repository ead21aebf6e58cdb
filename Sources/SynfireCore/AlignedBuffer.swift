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
    let bytes = Self.allocatedBytes(count)
    let raw: UnsafeMutableRawPointer
    if bytes >= Pages.least {
      raw = Pages.allocate(bytes)
    } else {
      raw = .allocate(byteCount: bytes, alignment: 64)
      raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    }
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

  deinit {
    guard owner == nil else { return }
    let (raw, bytes) = (UnsafeMutableRawPointer(pointer), Self.allocatedBytes(count))
    if bytes >= Pages.least { Pages.deallocate(raw, bytes) } else { raw.deallocate() }
  }

  private static func allocatedBytes(_ count: Int) -> Int {
    max(64, (count * MemoryLayout<Element>.stride + 63) & ~63)
  }

  /// The size in bytes.
  public var byteCount: Int { count * MemoryLayout<Element>.stride }

  /// Sets every byte to zero.
  public func clear() {
    UnsafeMutableRawPointer(pointer).initializeMemory(
      as: UInt8.self, repeating: 0, count: byteCount)
  }
}

/// Pages of zeros straight from the operating system, for buffers that are large: what is never touched takes no
/// memory, what is freed goes back at once, and of what is used at random the places of few large pages are sooner
/// found than those of many small ones.
private enum Pages {
  /// Bytes of the smallest buffer that gets its own.
  static let least = 1 << 20
  private static let largePage = 2 << 20

  static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
    // Whole large pages begin where one does; the rest of the buffer is in small ones.
    let reserved = bytes + (bytes >= largePage ? largePage : 0)
    let start = mmap(nil, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
    guard let start, start != MAP_FAILED else { fatalError("no memory for \(bytes) bytes") }
    guard bytes >= largePage else { return start }
    let page = Int(getpagesize())
    let head = -Int(bitPattern: start) & (largePage - 1)
    let kept = (bytes + page - 1) / page * page
    if head > 0 { munmap(start, head) }
    if head + kept < reserved { munmap(start + head + kept, reserved - head - kept) }
    #if os(Linux)
      madvise(start + head, bytes / largePage * largePage, MADV_HUGEPAGE)
    #endif
    return start + head
  }

  static func deallocate(_ start: UnsafeMutableRawPointer, _ bytes: Int) { munmap(start, bytes) }
}

extension AlignedBuffer {
  /// Gives large memory back to the system until it is used again, when it is all zeros.
  ///
  /// - Returns: whether that was done; if not, everything is as it was.
  public func returnPages() -> Bool {
    #if os(Linux)
      if owner == nil, Self.allocatedBytes(count) >= Pages.least {
        return madvise(pointer, Self.allocatedBytes(count), MADV_DONTNEED) == 0
      }
    #endif
    return false
  }
}

/// `count` rounded up to a whole number of SIMD vectors of 16.
@inlinable
public func paddedToLanes(_ count: Int) -> Int { (count + 15) & ~15 }

/// Floats from row to row, for rows of so many that are read or written at one place of each, one after another: rows
/// that are powers of two long would all have it on the same few lines of the caches.
package func spreadStride(_ length: Int) -> Int { length % 256 == 0 ? length + 16 : length }
