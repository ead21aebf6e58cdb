extension PackedMatrix {
  /// The most rows of B that are multiplied before the next: a panel's block of 28 KiB stays in the
  /// first-level cache while all rows of A pass by it.
  private static let mostDepth = 224

  /// C[m, n] = sum over k of A[m, k] B[k, n], or C += the same.
  ///
  /// - Parameters:
  ///   - a: element (m, k) at `a[m * aStride + k]`.
  ///   - rows: the number of rows of A and C.
  ///   - c: element (m, n) at `c[m * cStride + n]`; must not overlap A.
  ///   - accumulate: whether the product is added to C or replaces it.
  public func multiply(
    _ a: UnsafePointer<Float>, rows: Int, stride aStride: Int,
    into c: UnsafeMutablePointer<Float>, stride cStride: Int, accumulate: Bool
  ) {
    guard self.rows > 0 else {
      if !accumulate {
        for m in 0..<rows { (c + m * cStride).update(repeating: 0, count: columns) }
      }
      return
    }
    let blocks = (self.rows + Self.mostDepth - 1) / Self.mostDepth
    for block in 0..<blocks {
      let start = self.rows * block / blocks
      let depth = self.rows * (block + 1) / blocks - start
      for index in 0..<panelCount {
        let column = index * Self.panelWidth
        let weights = panel(index) + start * Self.panelWidth
        for m in stride(from: 0, to: rows, by: 8) {
          MicroKernel.multiply(
            rows: min(8, rows - m), columns: min(Self.panelWidth, columns - column), depth: depth,
            a: a + m * aStride + start, rowStride: aStride, depthStride: 1, b: weights,
            c: c + m * cStride + column, cStride: cStride, accumulate: accumulate || start > 0)
        }
      }
    }
  }
}
