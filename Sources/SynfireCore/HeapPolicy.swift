import CIntrinsics

/// How a program uses the heap of its process; for programs to choose, not for libraries in them.
public enum HeapPolicy {
  /// Lets blocks of four mebibytes and more, such as the values of large tensors, go back to the operating system
  /// when they are freed, and smaller ones be used again without asking it.
  ///
  /// The C library of GNU would come to keep blocks as large as any freed before in its own heap, where what lies
  /// between them holds them back. Other systems are left as they are.
  public static func returnLargeBlocks() { synfire_set_heap_thresholds(4 << 20, 16 << 20) }
}
