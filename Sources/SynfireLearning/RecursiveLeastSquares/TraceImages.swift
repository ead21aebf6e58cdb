import SynfireCore

/// The products of a matrix M with the parts of a vector of traces, s = s_1 + s_2 + ..., each part a group of
/// regressors that decay alike. A decay of the traces is one of the products, and a spike adds a row of M.
struct TraceImages: Sendable {
  let groups: [Range<Int>]
  /// M s_g, by group.
  private(set) var images: [AlignedBuffer<Double>]
  private var scratch: AlignedBuffer<Double>
  private let rowLength: Int

  init(groups: [Range<Int>], rowLength: Int) {
    self.groups = groups
    self.rowLength = rowLength
    images = groups.map { _ in AlignedBuffer(count: rowLength) }
    scratch = AlignedBuffer(count: rowLength)
  }

  mutating func makeUnique() {
    if !isKnownUniquelyReferenced(&scratch) { scratch = AlignedBuffer(count: rowLength) }
    for index in images.indices where !isKnownUniquelyReferenced(&images[index]) {
      images[index] = images[index].copy()
    }
  }

  /// The vector with zeros outside a group; valid until the next call.
  func part(_ group: Range<Int>, of vector: UnsafePointer<Double>) -> UnsafePointer<Double> {
    scratch.pointer.update(repeating: 0, count: rowLength)
    (scratch.pointer + group.lowerBound).update(
      from: vector + group.lowerBound, count: group.count)
    return UnsafePointer(scratch.pointer)
  }

  mutating func advance(
    decays: [Double], jumps: [Double], events: [Int], _ matrix: SymmetricMatrix
  ) {
    makeUnique()
    let vectors = rowLength / 8
    for (index, group) in groups.enumerated() {
      DoubleRows.scale(images[index].pointer, by: decays[index], vectors: vectors)
      for event in events {
        DoubleRows.add(
          matrix.row(group.lowerBound + event), times: jumps[index], to: images[index].pointer,
          vectors: vectors)
      }
    }
  }

  /// Writes M s.
  func sum(into result: UnsafeMutablePointer<Double>, vectors: Int) {
    result.update(from: images[0].pointer, count: vectors * 8)
    for image in images.dropFirst() {
      DoubleRows.add(image.pointer, times: 1, to: result, vectors: vectors)
    }
  }
}
