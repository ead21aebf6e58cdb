import CIntrinsics

/// A matrix B[k, n] of weights in bfloat16 (8 bits of precision) for products C[m, n] (+)= sum over k of
/// A[m, k] B[k, n] that are summed in single precision.
///
/// Where the processor has tiles for them (AMX), products take a fraction of the time of single precision;
/// elsewhere two elements of a sum are multiplied at once if the machine can (AVX-512 BF16). Factors are rounded to
/// the nearest, so that an element of the product is off by up to 2^-8 of the sum of magnitudes of its terms, and by
/// far less as a rule. The ways to multiply add in different orders.
public struct BFloat16Matrix: PairedMatrix {
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

  public init(
    _ source: UnsafePointer<Float>, rows: Int, stride: Int, columns: Int, given: Int? = nil
  ) {
    precondition(rows >= 0 && columns >= 0, "a matrix of \(rows) rows and \(columns) columns")
    self.rows = rows
    self.columns = columns
    pairs = paddedToLanes(Self.pairs(rows))
    panels = Self.panels(pairs, source, rows, stride, columns, given ?? columns) {
      first, second, _ in
      synfire_bfloat16_lanes(first) | synfire_bfloat16_lanes(second) &<< 16
    }
  }

  @discardableResult
  public static func round(
    _ source: UnsafePointer<Float>, count: Int, into lanes: UnsafeMutablePointer<UInt32>
  ) -> Float {
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
    guard whole < count else { return 1 }
    let kept = UInt32(1) << UInt32(count - whole) &- 1
    store(
      whole, load(whole).kept(where: FloatLaneMask(bits: UInt16(truncatingIfNeeded: kept))),
      load(whole + 16).kept(where: FloatLaneMask(bits: UInt16(kept >> 16))))
    return 1
  }

  public func multiply(
    _ a: UnsafePointer<UInt32>, scales: UnsafePointer<Float>, rows: Int, stride aStride: Int,
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
    PanelProduct<BFloat16PairProduct>(panels, pairs: pairs, columns: columns)
      .multiply(a, rows: rows, stride: aStride, into: c, stride: cStride, accumulate: accumulate)
  }
}
