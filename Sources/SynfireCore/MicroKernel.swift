import CIntrinsics

/// How the elements of a product are multiplied and summed.
protocol ElementProduct {
  /// sum + a b, or the sum of all products that lanes of a and b stand for.
  static func add(
    _ sum: SIMD16<Float>, _ a: SIMD16<Float>, _ b: SIMD16<Float>
  ) -> SIMD16<Float>
}

/// One number a lane.
enum SingleProduct: ElementProduct {
  @inline(__always)
  static func add(
    _ sum: SIMD16<Float>, _ a: SIMD16<Float>, _ b: SIMD16<Float>
  ) -> SIMD16<Float> { sum.addingProduct(a, b) }
}

/// Two bfloat16 numbers a lane.
enum BFloat16PairProduct: ElementProduct {
  @inline(__always)
  static func add(
    _ sum: SIMD16<Float>, _ a: SIMD16<Float>, _ b: SIMD16<Float>
  ) -> SIMD16<Float> { synfire_add_bfloat16_products(sum, a, b) }
}

/// The innermost loop of every matrix product: a tile of at most 8 x 32 sums held in registers.
enum MicroKernel<Product: ElementProduct> {
  /// C[i, j] (+)= sum over k of A[i, k] B[k, j] for a tile of 1 to 8 rows and 1 to 32 columns.
  ///
  /// Element (i, k) of A is `a[i * rowStride + k * depthStride]`, element (k, j) of B is
  /// `b[32 * k + j]`, aligned to 64 bytes, with 32 columns whatever `columns` says.
  @inline(__always)
  static func multiply(
    rows: Int, columns: Int, depth: Int, a: UnsafePointer<Float>, rowStride: Int, depthStride: Int,
    b: UnsafePointer<Float>, c: UnsafeMutablePointer<Float>, cStride: Int, accumulate: Bool
  ) {
    let sums = Tile<Product>(
      a: a, rowStride: rowStride, depthStride: depthStride, b: b, depth: depth)
    if columns == 32 {
      if rows == 8 {
        sums.run(rows: 8, isWide: true, c: c, cStride: cStride, accumulate: accumulate)
      } else {
        sums.runRemainder(rows: rows, c: c, cStride: cStride, accumulate: accumulate)
      }
      return
    }
    if columns == 16 {
      return sums.runNarrow(
        rows: rows, isWide: false, c: c, cStride: cStride, accumulate: accumulate)
    }
    // Incomplete panels go through a complete tile beside C.
    withUnsafeTemporaryAllocation(of: SIMD16<Float>.self, capacity: 16) { tile in
      let scratch = UnsafeMutableRawPointer(tile.baseAddress!).assumingMemoryBound(to: Float.self)
      sums.runNarrow(
        rows: rows, isWide: columns > 16, c: scratch, cStride: 32, accumulate: false)
      for row in 0..<rows {
        let source = scratch + row * 32
        let target = c + row * cStride
        if accumulate {
          for column in 0..<columns { target[column] += source[column] }
        } else {
          target.update(from: source, count: columns)
        }
      }
    }
  }
}

/// The operands of a tile of sums.
struct Tile<Product: ElementProduct> {
  let a: UnsafePointer<Float>
  let rowStride: Int
  let depthStride: Int
  /// [k, 32].
  let b: UnsafePointer<Float>
  let depth: Int

  @inline(never)
  func runRemainder(
    rows: Int, c: UnsafeMutablePointer<Float>, cStride: Int, accumulate: Bool
  ) {
    switch rows {
    case 1: run(rows: 1, isWide: true, c: c, cStride: cStride, accumulate: accumulate)
    case 2: run(rows: 2, isWide: true, c: c, cStride: cStride, accumulate: accumulate)
    case 3: run(rows: 3, isWide: true, c: c, cStride: cStride, accumulate: accumulate)
    case 4: run(rows: 4, isWide: true, c: c, cStride: cStride, accumulate: accumulate)
    case 5: run(rows: 5, isWide: true, c: c, cStride: cStride, accumulate: accumulate)
    case 6: run(rows: 6, isWide: true, c: c, cStride: cStride, accumulate: accumulate)
    case 7: run(rows: 7, isWide: true, c: c, cStride: cStride, accumulate: accumulate)
    default: run(rows: 8, isWide: true, c: c, cStride: cStride, accumulate: accumulate)
    }
  }

  @inline(never)
  func runNarrow(
    rows: Int, isWide: Bool, c: UnsafeMutablePointer<Float>, cStride: Int, accumulate: Bool
  ) {
    if isWide { return runRemainder(rows: rows, c: c, cStride: cStride, accumulate: accumulate) }
    switch rows {
    case 1: run(rows: 1, isWide: false, c: c, cStride: cStride, accumulate: accumulate)
    case 2: run(rows: 2, isWide: false, c: c, cStride: cStride, accumulate: accumulate)
    case 3: run(rows: 3, isWide: false, c: c, cStride: cStride, accumulate: accumulate)
    case 4: run(rows: 4, isWide: false, c: c, cStride: cStride, accumulate: accumulate)
    case 5: run(rows: 5, isWide: false, c: c, cStride: cStride, accumulate: accumulate)
    case 6: run(rows: 6, isWide: false, c: c, cStride: cStride, accumulate: accumulate)
    case 7: run(rows: 7, isWide: false, c: c, cStride: cStride, accumulate: accumulate)
    default: run(rows: 8, isWide: false, c: c, cStride: cStride, accumulate: accumulate)
    }
  }

  /// The kernel; `rows` and `isWide` are constants at every call, so that the compiler drops the
  /// sums that are not needed.
  @inline(__always)
  func run(
    rows: Int, isWide: Bool, c: UnsafeMutablePointer<Float>, cStride: Int, accumulate: Bool
  ) {
    typealias Sums = (SIMD16<Float>, SIMD16<Float>)
    let bytes = UnsafeRawPointer(b)
    let target = UnsafeMutableRawPointer(c)

    @inline(__always)
    func initial(_ row: Int) -> Sums {
      guard rows > row, accumulate else { return (SIMD16(), SIMD16()) }
      let offset = row &* cStride &* 4
      return (
        target.loadUnaligned(fromByteOffset: offset, as: SIMD16<Float>.self),
        isWide
          ? target.loadUnaligned(fromByteOffset: offset &+ 64, as: SIMD16<Float>.self) : SIMD16()
      )
    }
    @inline(__always)
    func add(_ sums: inout Sums, _ row: Int, _ a: UnsafePointer<Float>, _ b: Sums) {
      guard rows > row else { return }
      let weight = SIMD16<Float>(repeating: a[row &* rowStride])
      sums.0 = Product.add(sums.0, weight, b.0)
      if isWide { sums.1 = Product.add(sums.1, weight, b.1) }
    }
    @inline(__always)
    func store(_ sums: Sums, _ row: Int) {
      guard rows > row else { return }
      let offset = row &* cStride &* 4
      target.storeBytes(of: sums.0, toByteOffset: offset, as: SIMD16<Float>.self)
      if isWide {
        target.storeBytes(of: sums.1, toByteOffset: offset &+ 64, as: SIMD16<Float>.self)
      }
    }

    var (s0, s1, s2, s3) = (initial(0), initial(1), initial(2), initial(3))
    var (s4, s5, s6, s7) = (initial(4), initial(5), initial(6), initial(7))
    for k in 0..<depth {
      let row: Sums = (
        bytes.load(fromByteOffset: k &* 128, as: SIMD16<Float>.self),
        isWide ? bytes.load(fromByteOffset: k &* 128 &+ 64, as: SIMD16<Float>.self) : SIMD16()
      )
      let weights = a + k &* depthStride
      add(&s0, 0, weights, row)
      add(&s1, 1, weights, row)
      add(&s2, 2, weights, row)
      add(&s3, 3, weights, row)
      add(&s4, 4, weights, row)
      add(&s5, 5, weights, row)
      add(&s6, 6, weights, row)
      add(&s7, 7, weights, row)
    }
    store(s0, 0)
    store(s1, 1)
    store(s2, 2)
    store(s3, 3)
    store(s4, 4)
    store(s5, 5)
    store(s6, 6)
    store(s7, 7)
  }
}
