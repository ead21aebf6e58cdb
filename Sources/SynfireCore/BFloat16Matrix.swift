import CIntrinsics

/// A matrix B[k, n] of weights in bfloat16 (8 bits of precision) for products C[m, n] (+)= sum over k of
/// A[m, k] B[k, n] that are summed in single precision.
///
/// Where the processor has tiles for them (AMX), products take a fraction of the time of single precision;
/// elsewhere two elements of a sum are multiplied at once if the machine can (AVX-512 BF16). Factors are rounded to
/// the nearest, so that an element of the product is off by up to 2^-8 of the sum of magnitudes of its terms, and by
/// far less as a rule. The ways to multiply add in different orders.
public struct BFloat16Matrix: Sendable {
  /// The length of the summed axis, k.
  public let rows: Int
  /// The number of columns, n.
  public let columns: Int
  /// [panel of 32 columns, pair of rows, column in panel].
  private let panels: AlignedBuffer<UInt32>
  /// Pairs of rows, those of zeros at the end included.
  private let pairs: Int

  /// Whether this machine multiplies such matrices in tiles (AMX).
  public static let hasTiles = synfire_permit_matrix_tiles()

  /// Takes over element (k, n) from `source[k * stride + n]`; columns from `given` on become zeros.
  ///
  /// - Precondition: no number is negative.
  public init(
    _ source: UnsafePointer<Float>, rows: Int, stride: Int, columns: Int, given: Int? = nil
  ) {
    precondition(rows >= 0 && columns >= 0, "a matrix of \(rows) rows and \(columns) columns")
    self.rows = rows
    self.columns = columns
    pairs = paddedToLanes(Self.pairs(rows))
    let given = min(given ?? columns, columns)
    let panels = AlignedBuffer<UInt32>(count: (columns + 31) / 32 * pairs * 32)
    for pair in 0..<Self.pairs(rows) {
      for column in Swift.stride(from: 0, to: given, by: 16) {
        let width = min(16, given - column)
        func half(_ row: Int) -> SIMD16<Float> {
          guard row < rows else { return .zero }
          var values = SIMD16<Float>.zero
          let start = source + row * stride + column
          for lane in 0..<width { values[lane] = start[lane] }
          return values
        }
        let low = synfire_bfloat16_lanes(half(2 * pair))
        let high = synfire_bfloat16_lanes(half(2 * pair + 1))
        let target = panels.pointer + (column / 32 * pairs + pair) * 32 + column % 32
        UnsafeMutableRawPointer(target).storeBytes(of: low | high &<< 16, as: SIMD16<UInt32>.self)
      }
    }
    self.panels = panels
  }

  /// Lanes that a row of `count` elements of A takes: two elements a lane.
  public static func pairs(_ count: Int) -> Int { (count + 1) / 2 }

  /// Rounds a row of A. Its last lanes, up to a multiple of sixteen, become zeros; the source is read up to
  /// a multiple of 32 elements.
  public static func round(
    _ source: UnsafePointer<Float>, count: Int, into lanes: UnsafeMutablePointer<UInt32>
  ) {
    let bytes = UnsafeRawPointer(source)
    let target = UnsafeMutableRawPointer(lanes)
    @inline(__always)
    func load(_ start: Int) -> SIMD16<Float> {
      bytes.loadUnaligned(fromByteOffset: 4 * start, as: SIMD16<Float>.self)
    }
    @inline(__always)
    func store(_ start: Int, _ first: SIMD16<Float>, _ second: SIMD16<Float>) {
      target.storeBytes(
        of: synfire_bfloat16(first, second), toByteOffset: 2 * start, as: SIMD16<UInt32>.self)
    }
    let whole = count & ~31
    var start = 0
    while start < whole {
      store(start, load(start), load(start + 16))
      start += 32
    }
    guard whole < count else { return }
    let kept = UInt32(1) << UInt32(count - whole) &- 1
    store(
      whole, load(whole).kept(where: FloatLaneMask(bits: UInt16(truncatingIfNeeded: kept))),
      load(whole + 16).kept(where: FloatLaneMask(bits: UInt16(kept >> 16))))
  }

  /// C = A B, or C += A B.
  ///
  /// - Parameters:
  ///   - a: rows as `round` makes them, `aStride` lanes apart.
  ///   - rows: the number of rows of A and C.
  ///   - c: element (m, n) at `c[m * cStride + n]`; must not overlap A.
  ///   - accumulate: whether the product is added to C or replaces it.
  public func multiply(
    _ a: UnsafePointer<UInt32>, rows: Int, stride aStride: Int,
    into c: UnsafeMutablePointer<Float>, stride cStride: Int, accumulate: Bool
  ) {
    multiply(
      a, rows: rows, stride: aStride, into: c, stride: cStride, accumulate: accumulate,
      inTiles: Self.hasTiles)
  }

  /// The same in the one way or the other; matrices with incomplete tiles of columns are not multiplied in tiles.
  package func multiply(
    _ a: UnsafePointer<UInt32>, rows: Int, stride aStride: Int,
    into c: UnsafeMutablePointer<Float>, stride cStride: Int, accumulate: Bool, inTiles: Bool
  ) {
    if inTiles, columns % 16 == 0, pairs > 0 {
      for row in Swift.stride(from: 0, to: rows, by: 32) {
        synfire_multiply_tiles(
          a + row * aStride, aStride, min(32, rows - row), panels.pointer, pairs,
          c + row * cStride, cStride, columns, accumulate)
      }
      return
    }
    // Lanes are moved and multiplied as patterns of 32 bits, whatever they stand for.
    PanelProduct<BFloat16PairProduct>(
      panels: UnsafeRawPointer(panels.pointer).assumingMemoryBound(to: Float.self),
      depth: pairs, columns: columns
    ).multiply(
      UnsafeRawPointer(a).assumingMemoryBound(to: Float.self), rows: rows, stride: aStride,
      into: c, stride: cStride, accumulate: accumulate)
  }
}
