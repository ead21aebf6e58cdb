/// Sums over rows of doubles, in vectors of eight; rows are aligned to 64 bytes.
public enum DoubleRows {
  @usableFromInline typealias Vector = SIMD8<Double>

  /// a . b.
  @inlinable @inline(__always)
  public static func dot(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, vectors: Int
  ) -> Double {
    let x = UnsafeRawPointer(a).assumingMemoryBound(to: Vector.self)
    let y = UnsafeRawPointer(b).assumingMemoryBound(to: Vector.self)
    var (s0, s1, s2, s3) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
    var cell = 0
    while cell &+ 4 <= vectors {
      s0 = s0.addingProduct(x[cell], y[cell])
      s1 = s1.addingProduct(x[cell &+ 1], y[cell &+ 1])
      s2 = s2.addingProduct(x[cell &+ 2], y[cell &+ 2])
      s3 = s3.addingProduct(x[cell &+ 3], y[cell &+ 3])
      cell &+= 4
    }
    while cell < vectors {
      s0 = s0.addingProduct(x[cell], y[cell])
      cell &+= 1
    }
    return ((s0 + s1) + (s2 + s3)).sum()
  }

  /// b += factor a.
  @inlinable @inline(__always)
  public static func add(
    _ a: UnsafePointer<Double>, times factor: Double, to b: UnsafeMutablePointer<Double>,
    vectors: Int
  ) {
    let x = UnsafeRawPointer(a).assumingMemoryBound(to: Vector.self)
    let y = UnsafeMutableRawPointer(b).assumingMemoryBound(to: Vector.self)
    let weight = Vector(repeating: factor)
    for cell in 0..<vectors { y[cell] = y[cell].addingProduct(weight, x[cell]) }
  }

  /// a *= factor.
  @inlinable @inline(__always)
  public static func scale(_ a: UnsafeMutablePointer<Double>, by factor: Double, vectors: Int) {
    let x = UnsafeMutableRawPointer(a).assumingMemoryBound(to: Vector.self)
    for cell in 0..<vectors { x[cell] *= factor }
  }
}
