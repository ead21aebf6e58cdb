/// A matrix B[k, n] of weights rounded to 16 bits, two rows in each lane of 32, for products
/// C[m, n] (+)= sum over k of A[m, k] B[k, n] with rows of A that are rounded likewise.
public protocol PairedMatrix: Sendable {
  /// The length of the summed axis, k.
  var rows: Int { get }
  /// The number of columns, n.
  var columns: Int { get }

  /// Takes over element (k, n) from `source[k * stride + n]`; columns from `given` on become zeros.
  ///
  /// - Precondition: no number is negative.
  init(_ source: UnsafePointer<Float>, rows: Int, stride: Int, columns: Int, given: Int?)

  /// Rounds a row of A. Its last lanes, up to a multiple of sixteen, become zeros; the source is read up to
  /// a multiple of 32 elements.
  ///
  /// - Returns: the scale of the row, which `multiply` wants.
  static func round(
    _ source: UnsafePointer<Float>, count: Int, into lanes: UnsafeMutablePointer<UInt32>
  ) -> Float

  /// C = A B, or C += A B.
  ///
  /// - Parameters:
  ///   - a: rows as `round` makes them, `aStride` lanes apart.
  ///   - scales: of the rows, as `round` gives them.
  ///   - rows: the number of rows of A and C.
  ///   - c: element (m, n) at `c[m * cStride + n]`; must not overlap A.
  ///   - accumulate: whether the product is added to C or replaces it.
  func multiply(
    _ a: UnsafePointer<UInt32>, scales: UnsafePointer<Float>, rows: Int, stride aStride: Int,
    into c: UnsafeMutablePointer<Float>, stride cStride: Int, accumulate: Bool)
}

extension PairedMatrix {
  /// Lanes that a row of `count` elements of A takes: two elements a lane.
  public static func pairs(_ count: Int) -> Int { (count + 1) / 2 }

  /// Panels of 32 columns [panel, pair of rows, column in panel] with zeros at the end of each.
  ///
  /// - Parameter pack: makes lanes of sixteen columns of two rows, the first of which is named.
  static func panels(
    _ pairs: Int, _ source: UnsafePointer<Float>, _ rows: Int, _ stride: Int, _ columns: Int,
    _ given: Int, pack: (SIMD16<Float>, SIMD16<Float>, Int) -> SIMD16<UInt32>
  ) -> AlignedBuffer<UInt32> {
    let panels = AlignedBuffer<UInt32>(count: (columns + 31) / 32 * pairs * 32)
    let given = min(given, columns)
    for pair in 0..<Self.pairs(rows) {
      for column in Swift.stride(from: 0, to: given, by: 16) {
        func lanes(_ row: Int) -> SIMD16<Float> {
          guard row < rows else { return .zero }
          return load(source + row * stride + column, min(16, given - column))
        }
        let target = panels.pointer + (column / 32 * pairs + pair) * 32 + column % 32
        UnsafeMutableRawPointer(target).storeBytes(
          of: pack(lanes(2 * pair), lanes(2 * pair + 1), column), as: SIMD16<UInt32>.self)
      }
    }
    return panels
  }

  /// The first so many of sixteen numbers, and zeros.
  static func load(_ source: UnsafePointer<Float>, _ count: Int) -> SIMD16<Float> {
    if count == 16 { return UnsafeRawPointer(source).loadUnaligned(as: SIMD16<Float>.self) }
    var values = SIMD16<Float>.zero
    for lane in 0..<count { values[lane] = source[lane] }
    return values
  }
}

extension PanelProduct {
  /// Lanes are moved and multiplied as patterns of 32 bits, whatever they stand for.
  init(
    _ panels: AlignedBuffer<UInt32>, pairs: Int, columns: Int, scales: ProductScales? = nil
  ) {
    self.init(
      panels: UnsafeRawPointer(panels.pointer).assumingMemoryBound(to: Float.self), depth: pairs,
      columns: columns, scales: scales)
  }

  func multiply(
    _ a: UnsafePointer<UInt32>, rows: Int, stride aStride: Int,
    into c: UnsafeMutablePointer<Float>, stride cStride: Int, accumulate: Bool
  ) {
    multiply(
      UnsafeRawPointer(a).assumingMemoryBound(to: Float.self), rows: rows, stride: aStride,
      into: c, stride: cStride, accumulate: accumulate)
  }
}
