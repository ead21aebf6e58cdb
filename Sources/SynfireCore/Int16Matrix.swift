import CIntrinsics

/// A matrix B[k, n] of weights as integers of 16 bits, for products C[m, n] (+)= sum over k of A[m, k] B[k, n] that
/// take half the time of single precision on processors that multiply two such integers a lane (AVX-512 VNNI).
///
/// Rows of A have a scale each, by which their largest magnitude becomes `largest`; columns of B have one by which sums
/// of 128 products just do not overflow. Within such a sum nothing is lost; the sums are added up in single precision.
/// An element of A is off by up to 2^-14 of the largest of its row, one of B by about as much of the largest
/// of its column.
public struct Int16Matrix: PairedMatrix {
  public let rows: Int
  public let columns: Int
  /// [panel of 32 columns, pair of rows, column in panel].
  private let panels: AlignedBuffer<UInt32>
  /// What the integers of a column are to be multiplied by.
  private let scales: AlignedBuffer<Float>
  private let pairs: Int

  /// Whether programs are built for a machine that multiplies and adds two pairs of integers a lane at once. Elsewhere
  /// products have the same bits, and take longer than in single precision.
  public static let hasInstructions = synfire_has_integer_products()

  /// The magnitude of the integer that the largest element of a row of A becomes.
  static let largest: Float = 8191

  public init(
    _ source: UnsafePointer<Float>, rows: Int, stride: Int, columns: Int, given: Int? = nil
  ) {
    precondition(rows >= 0 && columns >= 0, "a matrix of \(rows) rows and \(columns) columns")
    self.rows = rows
    self.columns = columns
    let pairs = paddedToLanes(Self.pairs(rows))
    self.pairs = pairs
    let scales = AlignedBuffer<Float>(count: (columns + 31) / 32 * 32)
    let given = min(given ?? columns, columns)
    for column in Swift.stride(from: 0, to: given, by: 16) {
      let factors = Self.factors(
        source + column, rows: rows, pairs: pairs, stride: stride, columns: min(16, given - column))
      UnsafeMutableRawPointer(scales.pointer + column).storeBytes(
        of: 1 / factors, as: SIMD16<Float>.self)
    }
    panels = Self.panels(pairs, source, rows, stride, columns, given) { first, second, column in
      let scale = UnsafeRawPointer(scales.pointer + column).load(as: SIMD16<Float>.self)
      return Self.integers(first / scale) & 0xffff | Self.integers(second / scale) &<< 16
    }
    self.scales = scales
  }

  /// What sixteen columns are to be multiplied by so that their elements fit into 16 bits and sums of products into 32.
  private static func factors(
    _ source: UnsafePointer<Float>, rows: Int, pairs: Int, stride: Int, columns: Int
  ) -> SIMD16<Float> {
    typealias Product = PanelProduct<IntegerPairProduct>
    var (most, mostSummed, total) = (SIMD16<Float>.zero, SIMD16<Float>.zero, SIMD16<Float>.zero)
    let blocks = Product.blocks(depth: pairs)
    for block in 0..<blocks {
      let start = 2 * Product.start(ofBlock: block, of: blocks, depth: pairs)
      let end = min(2 * Product.start(ofBlock: block + 1, of: blocks, depth: pairs), rows)
      var sum = SIMD16<Float>.zero
      for row in min(start, end)..<end {
        let magnitudes = load(source + row * stride, columns).magnitude
        sum += magnitudes
        most = most.maximum(magnitudes)
      }
      mostSummed = mostSummed.maximum(sum)
      total += sum
    }
    // Rounding adds up to half for each element.
    let room = Float(Int32.max) / largest - 4 * Float(IntegerPairProduct.mostDepth)
    let factors = (Float(Int16.max) / (most + smallest)).minimum(room / (mostSummed + smallest))
    // The scale of a column with something that is not finite is not a number.
    return factors + 0 * total
  }

  /// Rows and columns of less than this are as good as zeros.
  private static let smallest: Float = 1e-30

  /// The nearest integers to numbers below 2^22; the low half of a lane is right as an integer of 16 bits.
  @inline(__always)
  private static func integers(_ numbers: SIMD16<Float>) -> SIMD16<UInt32> {
    unsafeBitCast(numbers + 0x1.8p23, to: SIMD16<UInt32>.self)
  }

  @discardableResult
  public static func round(
    _ source: UnsafePointer<Float>, count: Int, into lanes: UnsafeMutablePointer<UInt32>
  ) -> Float {
    let bytes = UnsafeRawPointer(source)
    let target = UnsafeMutableRawPointer(lanes)
    let whole = count & ~15
    let kept = FloatLaneMask(bits: UInt16(truncatingIfNeeded: 1 << (count - whole) - 1))
    @inline(__always)
    func load(_ start: Int) -> SIMD16<Float> {
      bytes.loadUnaligned(fromByteOffset: 4 * start, as: SIMD16<Float>.self)
    }
    @inline(__always)
    func last() -> SIMD16<Float> { load(whole).kept(where: kept) }
    // As integers, magnitudes have the order of the numbers, and what is not a number is the largest.
    var most = SIMD16<UInt32>.zero
    @inline(__always)
    func see(_ numbers: SIMD16<Float>) {
      most = synfire_larger(most, unsafeBitCast(numbers, to: SIMD16<UInt32>.self) & 0x7fff_ffff)
    }
    for start in Swift.stride(from: 0, to: whole, by: 16) { see(load(start)) }
    if whole < count { see(last()) }

    let largestMagnitude = Float(bitPattern: synfire_largest(most)) + smallest
    let factor = SIMD16<Float>(repeating: largest / largestMagnitude)
    @inline(__always)
    func store(_ numbers: SIMD16<Float>, _ start: Int) {
      target.storeBytes(
        of: SIMD16<UInt16>(truncatingIfNeeded: integers(numbers * factor)),
        toByteOffset: 2 * start, as: SIMD16<UInt16>.self)
    }
    for start in Swift.stride(from: 0, to: whole, by: 16) { store(load(start), start) }
    var end = whole
    if whole < count {
      store(last(), whole)
      end += 16
    }
    if end % 32 != 0 { store(.zero, end) }
    return largestMagnitude / largest
  }

  public func multiply(
    _ a: UnsafePointer<UInt32>, scales rowScales: UnsafePointer<Float>, rows: Int,
    stride aStride: Int, into c: UnsafeMutablePointer<Float>, stride cStride: Int,
    accumulate: Bool
  ) {
    PanelProduct<IntegerPairProduct>(
      panels, pairs: pairs, columns: columns,
      scales: ProductScales(rows: rowScales, columns: UnsafePointer(scales.pointer))
    ).multiply(a, rows: rows, stride: aStride, into: c, stride: cStride, accumulate: accumulate)
  }
}
