/// Sums of outer products: G[k, n] += sum over m of A[m, k] B[m, n], the gradient of weights from
/// activities A and adjoints B over many trials and steps m.
public enum OuterProduct {
  /// Rows m and columns k that are packed at once: 64 KiB of A and 16 KiB of B.
  private static let depth = 128
  private static let width = 128

  /// Adds transpose(A) B to G.
  ///
  /// - Parameters:
  ///   - a: element (m, k) at `a[m * aStride + k]`, `k` in `0 ..< aColumns`.
  ///   - b: element (m, n) at `b[m * bStride + n]`, `n` in `0 ..< bColumns`.
  ///   - rows: the length of the summed axis, m.
  ///   - g: element (k, n) at `g[k * gStride + n]`; must overlap neither A nor B.
  public static func accumulate(
    _ a: UnsafePointer<Float>, columns aColumns: Int, stride aStride: Int,
    _ b: UnsafePointer<Float>, columns bColumns: Int, stride bStride: Int, rows: Int,
    into g: UnsafeMutablePointer<Float>, stride gStride: Int
  ) {
    guard aColumns > 0, bColumns > 0, rows > 0 else { return }
    typealias Lane = SIMD16<Float>
    withUnsafeTemporaryAllocation(of: Lane.self, capacity: depth * width / 16) { packedA in
      withUnsafeTemporaryAllocation(of: Lane.self, capacity: depth * 2) { packedB in
        let blockA = UnsafeMutableRawPointer(packedA.baseAddress!)
          .assumingMemoryBound(to: Float.self)
        let blockB = UnsafeMutableRawPointer(packedB.baseAddress!)
          .assumingMemoryBound(to: Float.self)
        for m in stride(from: 0, to: rows, by: Self.depth) {
          let depth = min(Self.depth, rows - m)
          for k in stride(from: 0, to: aColumns, by: Self.width) {
            let width = min(Self.width, aColumns - k)
            for strip in stride(from: 0, to: width, by: 8) {
              packStrip(
                a + m * aStride + k + strip, stride: aStride, depth: depth,
                columns: min(8, width - strip), of: 8, into: blockA + strip * depth)
            }
            for n in stride(from: 0, to: bColumns, by: 32) {
              let columns = min(32, bColumns - n)
              packStrip(
                b + m * bStride + n, stride: bStride, depth: depth, columns: columns, of: 32,
                into: blockB)
              for strip in stride(from: 0, to: width, by: 8) {
                // Nothing comes from afar: what is next has just been packed.
                MicroKernel<SingleProduct>.multiply(
                  rows: min(8, width - strip), columns: columns, depth: depth,
                  a: blockA + strip * depth, rowStride: 1, depthStride: 8, b: blockB,
                  scales: nil, next: blockB, c: g + (k + strip) * gStride + n,
                  cStride: gStride, accumulate: true)
              }
            }
          }
        }
      }
    }
  }

  /// Copies `columns` neighbouring columns to rows of `width` elements, zeros beyond them.
  @inline(__always)
  private static func packStrip(
    _ source: UnsafePointer<Float>, stride: Int, depth: Int, columns: Int, of width: Int,
    into target: UnsafeMutablePointer<Float>
  ) {
    if columns == width {
      for m in 0..<depth {
        for column in Swift.stride(from: 0, to: width, by: 8) {
          copy(source, m &* stride &+ column, target, m &* width &+ column, as: SIMD8<Float>.self)
        }
      }
      return
    }
    target.update(repeating: 0, count: depth * width)
    let quads = columns & ~3
    for m in 0..<depth {
      for column in Swift.stride(from: 0, to: quads, by: 4) {
        copy(source, m &* stride &+ column, target, m &* width &+ column, as: SIMD4<Float>.self)
      }
      for column in quads..<columns {
        target[m &* width &+ column] = source[m &* stride &+ column]
      }
    }
  }

  @inline(__always)
  private static func copy<Vector: SIMD>(
    _ source: UnsafePointer<Float>, _ from: Int, _ target: UnsafeMutablePointer<Float>, _ to: Int,
    as type: Vector.Type
  ) where Vector: BitwiseCopyable {
    let values = UnsafeRawPointer(source).loadUnaligned(fromByteOffset: from &* 4, as: type)
    UnsafeMutableRawPointer(target).storeBytes(of: values, toByteOffset: to &* 4, as: type)
  }
}
