import CIntrinsics

/// The numbers that a neuron model computes on: one `Double` in the reference engine, sixteen
/// `Float`s at once in the fast one. A model written on `Lanes` is written once for both.
public protocol Lanes: BitwiseCopyable, Sendable {
  associatedtype Scalar: TensorScalar
  associatedtype Mask: LaneMask

  /// How many numbers one value holds.
  static var laneCount: Int { get }

  static var zero: Self { get }
  static var one: Self { get }
  init(repeating value: Scalar)
  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  static func / (a: Self, b: Self) -> Self
  /// `self + a * b`, rounded once where the machine can.
  func addingProduct(_ a: Self, _ b: Self) -> Self
  /// Lanes of `other` where the mask is true, of `self` elsewhere.
  func replacing(with other: Self, where mask: Mask) -> Self
  func isGreater(than other: Self) -> Mask
  func maximum(_ other: Self) -> Self
  func minimum(_ other: Self) -> Self
  var magnitude: Self { get }
  /// 1 / self for numbers that are finite and not 0, within 1 unit in the last place.
  func reciprocal() -> Self
  /// The square root of each lane.
  func roots() -> Self
  /// e to the power of each lane.
  func exponential() -> Self
  /// The hyperbolic tangent of each lane.
  func hyperbolicTangent() -> Self
  /// The sum of all lanes.
  func total() -> Scalar
  /// A function of one number applied to each lane; slow, for the reference engine.
  func mapped(_ function: (Double) -> Double) -> Self
}

/// A truth value a lane.
public protocol LaneMask: Sendable {
  /// The mask whose lane `i` is bit `i`.
  init(bits: UInt16)
  /// Lane `i` as bit `i`.
  var bits: UInt16 { get }
  func and(_ other: Self) -> Self
  func or(_ other: Self) -> Self
  func inverted() -> Self
}

extension Lanes {
  /// `self` where the mask is true, zero elsewhere.
  @inlinable @inline(__always)
  public func kept(where mask: Mask) -> Self { Self.zero.replacing(with: self, where: mask) }

  /// 1 where the mask is true, 0 elsewhere.
  @inlinable @inline(__always)
  public init(_ mask: Mask) { self = Self.one.kept(where: mask) }
}
