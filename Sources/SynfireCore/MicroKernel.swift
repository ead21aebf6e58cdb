import CIntrinsics

/// How the elements of a product are multiplied and summed.
protocol ElementProduct {
  /// sum + a b, or the sum of all products that lanes of a and b stand for.
  static func add(
    _ sum: SIMD16<Float>, _ a: SIMD16<Float>, _ b: SIMD16<Float>
  ) -> SIMD16<Float>

  /// Whether lanes of a sum hold integers, which stand for numbers by the scales of their row and column.
  static var isScaled: Bool { get }

  /// The rows of B that may be summed before sums are added to C: so many of 32 columns stay in the first cache,
  /// and integers do not overflow.
  static var mostDepth: Int { get }
}

extension ElementProduct {
  @inline(__always)
  static var isScaled: Bool { false }
  @inline(__always)
  static var mostDepth: Int { 224 }
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

/// Two integers of 16 bits a lane.
enum IntegerPairProduct: ElementProduct {
  @inline(__always)
  static func add(
    _ sum: SIMD16<Float>, _ a: SIMD16<Float>, _ b: SIMD16<Float>
  ) -> SIMD16<Float> { synfire_add_integer_products(sum, a, b) }
  @inline(__always)
  static var isScaled: Bool { true }
  @inline(__always)
  static var mostDepth: Int { 64 }
}

/// What the integers of rows of A and of columns of B are to be multiplied by; not read where there are none.
struct ProductScales {
  var rows: UnsafePointer<Float>
  /// Aligned to 64 bytes.
  var columns: UnsafePointer<Float>

  @inline(__always)
  func from(row: Int, column: Int) -> ProductScales {
    ProductScales(rows: rows + row, columns: columns + column)
  }
}

/// The innermost loop of every matrix product: a tile of sums held in registers, of at most 8 x 32 where these are
/// wide, and of 6 x 16 elsewhere.
enum MicroKernel<Product: ElementProduct> {
  /// How many of the rows that are left to multiply next. Where registers hold six, eight are rather four and four.
  @inline(__always)
  static func height(of rows: Int) -> Int {
    if synfire_has_wide_registers() { return min(8, rows) }
    let tiles = (rows + 5) / 6
    return (rows + tiles - 1) / tiles
  }

  /// C[i, j] (+)= sum over k of A[i, k] B[k, j] for a tile of 1 to 8 rows and 1 to 32 columns.
  ///
  /// Element (i, k) of A is `a[i * rowStride + k * depthStride]`, element (k, j) of B is
  /// `b[32 * k + j]`, aligned to 64 bytes, with 32 columns whatever `columns` says. Meanwhile the `16 * depth`
  /// numbers from `next` on, which need not be there, are fetched into the second cache.
  @inline(__always)
  static func multiply(
    rows: Int, columns: Int, depth: Int, a: UnsafePointer<Float>, rowStride: Int, depthStride: Int,
    b: UnsafePointer<Float>, scales: ProductScales?, next: UnsafePointer<Float>,
    c: UnsafeMutablePointer<Float>, cStride: Int, accumulate: Bool
  ) {
    let sums = Tile<Product>(
      a: a, rowStride: rowStride, depthStride: depthStride, b: b,
      scales: scales ?? ProductScales(rows: a, columns: b), next: next, depth: depth)
    if columns == 32 {
      if !synfire_has_wide_registers() {
        sums.runHalf(rows: rows, half: 0, c: c, cStride: cStride, accumulate: accumulate)
        sums.runHalf(rows: rows, half: 1, c: c, cStride: cStride, accumulate: accumulate)
      } else if rows == 8 {
        sums.run(rows: 8, isWide: true, c: c, cStride: cStride, accumulate: accumulate)
      } else {
        sums.run(
          WideTile.self, rows: rows, c: c, cStride: cStride, accumulate: accumulate)
      }
      return
    }
    if columns == 16 {
      return sums.run(
        NarrowTile.self, rows: rows, c: c, cStride: cStride, accumulate: accumulate)
    }
    // Incomplete panels go through a complete tile beside C.
    withUnsafeTemporaryAllocation(of: SIMD16<Float>.self, capacity: 16) { tile in
      let scratch = UnsafeMutableRawPointer(tile.baseAddress!).assumingMemoryBound(to: Float.self)
      if columns > 16 {
        sums.run(WideTile.self, rows: rows, c: scratch, cStride: 32, accumulate: false)
      } else {
        sums.run(NarrowTile.self, rows: rows, c: scratch, cStride: 32, accumulate: false)
      }
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
  let scales: ProductScales
  /// What is fetched from afar, 16 numbers for each k.
  let next: UnsafePointer<Float>
  let depth: Int

  /// Sixteen of the columns, with few sums at a time.
  @inline(__always)
  func runHalf(
    rows: Int, half: Int, c: UnsafeMutablePointer<Float>, cStride: Int, accumulate: Bool
  ) {
    func run(_ rows: Int, from row: Int) {
      let part = Tile(
        a: a + row &* rowStride, rowStride: rowStride, depthStride: depthStride,
        b: b + 16 &* half, scales: scales.from(row: row, column: 16 &* half), next: next,
        depth: depth)
      part.run(
        NarrowTile.self, rows: rows, c: c + (row &* cStride &+ 16 &* half), cStride: cStride,
        accumulate: accumulate)
    }
    guard rows > 6 else { return run(rows, from: 0) }
    run(4, from: 0)
    run(rows - 4, from: 4)
  }

  /// 1 to 8 rows.
  @inline(__always)
  func run<Width: TileWidth>(
    _ width: Width.Type, rows: Int, c: UnsafeMutablePointer<Float>, cStride: Int, accumulate: Bool
  ) {
    switch rows {
    case 1: run(Rows1.self, width, c, cStride, accumulate)
    case 2: run(Rows2.self, width, c, cStride, accumulate)
    case 3: run(Rows3.self, width, c, cStride, accumulate)
    case 4: run(Rows4.self, width, c, cStride, accumulate)
    case 5: run(Rows5.self, width, c, cStride, accumulate)
    case 6: run(Rows6.self, width, c, cStride, accumulate)
    case 7: run(Rows7.self, width, c, cStride, accumulate)
    default: run(Rows8.self, width, c, cStride, accumulate)
    }
  }

  /// A function for each shape: in one for all of them the optimizer leaves some loops without constants, at a
  /// quarter of the speed.
  @inline(never)
  private func run<Rows: TileRows, Width: TileWidth>(
    _: Rows.Type, _: Width.Type, _ c: UnsafeMutablePointer<Float>, _ cStride: Int,
    _ accumulate: Bool
  ) {
    run(rows: Rows.count, isWide: Width.isWide, c: c, cStride: cStride, accumulate: accumulate)
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
    func load(_ offset: Int) -> SIMD16<Float> {
      target.loadUnaligned(fromByteOffset: offset, as: SIMD16<Float>.self)
    }
    @inline(__always)
    func initial(_ row: Int) -> Sums {
      guard rows > row, accumulate, !Product.isScaled else { return (SIMD16(), SIMD16()) }
      let offset = row &* cStride &* 4
      return (load(offset), isWide ? load(offset &+ 64) : SIMD16())
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
      store(sums.0, row, 0, offset)
      if isWide { store(sums.1, row, 16, offset &+ 64) }
    }
    @inline(__always)
    func store(_ sum: SIMD16<Float>, _ row: Int, _ column: Int, _ offset: Int) {
      var numbers = sum
      if Product.isScaled {
        let scale = UnsafeRawPointer(scales.columns + column).load(as: SIMD16<Float>.self)
        let integers = synfire_float_from_int32(unsafeBitCast(sum, to: SIMD16<Int32>.self)) * scale
        numbers = (accumulate ? load(offset) : .zero)
          .addingProduct(integers, SIMD16(repeating: scales.rows[row]))
      }
      target.storeBytes(of: numbers, toByteOffset: offset, as: SIMD16<Float>.self)
    }

    var (s0, s1, s2, s3) = (initial(0), initial(1), initial(2), initial(3))
    var (s4, s5, s6, s7) = (initial(4), initial(5), initial(6), initial(7))
    for k in 0..<depth {
      synfire_prefetch_far(next + k &* 16)
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

/// Whether a tile has 32 columns or 16, as the compiler knows it.
protocol TileWidth {
  static var isWide: Bool { get }
}

enum NarrowTile: TileWidth { @inline(__always) static var isWide: Bool { false } }
enum WideTile: TileWidth { @inline(__always) static var isWide: Bool { true } }

/// A number of rows that the compiler knows.
private protocol TileRows {
  static var count: Int { get }
}

private enum Rows1: TileRows { @inline(__always) static var count: Int { 1 } }
private enum Rows2: TileRows { @inline(__always) static var count: Int { 2 } }
private enum Rows3: TileRows { @inline(__always) static var count: Int { 3 } }
private enum Rows4: TileRows { @inline(__always) static var count: Int { 4 } }
private enum Rows5: TileRows { @inline(__always) static var count: Int { 5 } }
private enum Rows6: TileRows { @inline(__always) static var count: Int { 6 } }
private enum Rows7: TileRows { @inline(__always) static var count: Int { 7 } }
private enum Rows8: TileRows { @inline(__always) static var count: Int { 8 } }
