/// A matrix B[k, n] of weights, laid out for products C[m, n] (+)= sum over k of A[m, k] B[k, n].
///
/// Columns are kept in panels of 32: panel `p` holds, for k = 0, 1, ..., the elements of columns
/// 32 p ..< 32 p + 32 one after another, zeros where the matrix ends. Pack once after each change of
/// the weights and multiply as often as needed; a packed matrix may be used by many threads at once.
public struct PackedMatrix: Sendable {
  /// The length of the summed axis, k.
  public let rows: Int
  /// The number of columns, n.
  public let columns: Int
  /// [panel, k, 32].
  private var panels: AlignedBuffer<Float>

  /// The columns of a panel.
  static let panelWidth = 32

  /// A matrix of zeros.
  ///
  /// - Precondition: neither number is negative.
  public init(rows: Int, columns: Int) {
    precondition(rows >= 0 && columns >= 0, "a matrix of \(rows) rows and \(columns) columns")
    self.rows = rows
    self.columns = columns
    panels = AlignedBuffer(count: (columns + 31) / 32 * rows * 32)
  }

  /// Takes over element (k, n) from `source[k * rowStride + n * columnStride]`.
  ///
  /// Strides (N, 1) pack a row-major K x N matrix, strides (1, K) the transpose of a row-major N x K
  /// matrix. If the source has fewer columns, as `columns` says, the others become zeros.
  public mutating func pack(
    _ source: UnsafePointer<Float>, rowStride: Int, columnStride: Int, columns given: Int? = nil
  ) {
    let given = min(given ?? columns, columns)
    if !isKnownUniquelyReferenced(&panels) { panels = AlignedBuffer(count: panels.count) }
    for panel in 0..<panelCount {
      let first = panel * Self.panelWidth
      let width = max(0, min(Self.panelWidth, given - first))
      let target = panels.pointer + panel * rows * Self.panelWidth
      let corner = source + first * columnStride
      // Blocks of 16 rows keep both sides in the cache whichever of the strides is 1.
      for start in stride(from: 0, to: rows, by: 16) {
        let end = min(rows, start + 16)
        if columnStride == 1 {
          for k in start..<end {
            (target + k * Self.panelWidth).update(from: corner + k * rowStride, count: width)
          }
        } else {
          for column in 0..<width {
            for k in start..<end {
              target[k &* 32 &+ column] = corner[k &* rowStride &+ column &* columnStride]
            }
          }
        }
      }
    }
  }

  /// Takes over the elements of a row-major array of `rows * columns` elements.
  ///
  /// - Precondition: the counts agree.
  public mutating func pack(_ source: [Float]) {
    precondition(source.count == rows * columns, "\(source.count) values, not \(rows * columns)")
    source.withUnsafeBufferPointer {
      if let base = $0.baseAddress { pack(base, rowStride: columns, columnStride: 1) }
    }
  }

  /// The element (k, n).
  public subscript(k: Int, n: Int) -> Float {
    precondition(k >= 0 && k < rows && n >= 0 && n < columns, "(\(k), \(n)) outside the matrix")
    return panel(n / Self.panelWidth)[k * Self.panelWidth + n % Self.panelWidth]
  }

  var panelCount: Int { (columns + Self.panelWidth - 1) / Self.panelWidth }

  func panel(_ index: Int) -> UnsafePointer<Float> {
    UnsafePointer(panels.pointer) + index * rows * Self.panelWidth
  }
}
