extension Double: Lanes {
  public typealias Scalar = Double
  public typealias Mask = Bool

  @inlinable @inline(__always)
  public static var laneCount: Int { 1 }

  @inlinable @inline(__always)
  public static var one: Double { 1 }

  @inlinable @inline(__always)
  public init(repeating value: Double) { self = value }

  @inlinable @inline(__always)
  public func addingProduct(_ a: Double, _ b: Double) -> Double { self + a * b }

  @inlinable @inline(__always)
  public func replacing(with other: Double, where mask: Bool) -> Double { mask ? other : self }

  @inlinable @inline(__always)
  public func isGreater(than other: Double) -> Bool { self > other }

  @inlinable @inline(__always)
  public func maximum(_ other: Double) -> Double { other > self ? other : self }

  @inlinable @inline(__always)
  public func minimum(_ other: Double) -> Double { other < self ? other : self }

  @inlinable @inline(__always)
  public func roots() -> Double { squareRoot() }

  public func exponential() -> Double { exp(self) }

  public func hyperbolicTangent() -> Double { tanh(self) }

  @inlinable @inline(__always)
  public func reciprocal() -> Double { 1 / self }

  @inlinable @inline(__always)
  public func total() -> Double { self }

  public func mapped(_ function: (Double) -> Double) -> Double { function(self) }
}

extension Bool: LaneMask {
  @inlinable @inline(__always)
  public init(bits: UInt16) { self = bits & 1 == 1 }

  @inlinable @inline(__always)
  public var bits: UInt16 { self ? 1 : 0 }

  @inlinable @inline(__always)
  public func and(_ other: Bool) -> Bool { self && other }

  @inlinable @inline(__always)
  public func or(_ other: Bool) -> Bool { self || other }

  @inlinable @inline(__always)
  public func inverted() -> Bool { !self }
}
