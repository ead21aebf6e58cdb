extension PackedMatrix {
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
    PanelProduct<SingleProduct>(panels: panel(0), depth: self.rows, columns: columns)
      .multiply(a, rows: rows, stride: aStride, into: c, stride: cStride, accumulate: accumulate)
  }
}

/// A product with a matrix in panels of 32 columns, [panel, k, 32].
struct PanelProduct<Product: ElementProduct> {
  let panels: UnsafePointer<Float>
  let depth: Int
  let columns: Int
  var scales: ProductScales?

  func multiply(
    _ a: UnsafePointer<Float>, rows: Int, stride aStride: Int,
    into c: UnsafeMutablePointer<Float>, stride cStride: Int, accumulate: Bool
  ) {
    guard depth > 0 else {
      if !accumulate {
        for m in 0..<rows { (c + m * cStride).update(repeating: 0, count: columns) }
      }
      return
    }
    let blocks = Self.blocks(depth: depth)
    for block in 0..<blocks {
      let start = Self.start(ofBlock: block, of: blocks, depth: depth)
      let blockDepth = Self.start(ofBlock: block + 1, of: blocks, depth: depth) - start
      for column in stride(from: 0, to: columns, by: 32) {
        let weights = panels + column * depth + start * 32
        // Large matrices come from afar: while two tiles of rows pass by a panel's block, so do the halves of the next.
        let next = column + 32 < columns ? weights + depth * 32 : panels + (start + blockDepth) * 32
        var (m, half) = (0, 0)
        while m < rows {
          let height = MicroKernel<Product>.height(of: rows - m)
          MicroKernel<Product>.multiply(
            rows: height, columns: min(32, columns - column), depth: blockDepth,
            a: a + m * aStride + start, rowStride: aStride, depthStride: 1, b: weights,
            scales: scales?.from(row: m, column: column), next: next + half * blockDepth * 16,
            c: c + m * cStride + column, cStride: cStride,
            accumulate: accumulate || start > 0)
          m += height
          half = 1 - half
        }
      }
    }
  }

  /// How many blocks of rows of B are multiplied one after another, as of each panel only so many stay in the
  /// first cache while all rows of A pass by it.
  static func blocks(depth: Int) -> Int { (depth + Product.mostDepth - 1) / Product.mostDepth }

  static func start(ofBlock block: Int, of blocks: Int, depth: Int) -> Int {
    depth * block / blocks
  }
}
