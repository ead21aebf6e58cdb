/// A part of a body as a thick line with round ends in the plane of x (forward) and z (up), in meters; a ball where
/// both ends are the same.
public struct BodySegment: Sendable, Equatable {
  public var name: String
  /// The two ends, as (x, z).
  public var start: SIMD2<Double>
  public var end: SIMD2<Double>
  /// Half the thickness.
  public var radius: Double

  public init(name: String, start: SIMD2<Double>, end: SIMD2<Double>, radius: Double) {
    self.name = name
    self.start = start
    self.end = end
    self.radius = radius
  }

  /// Whether it belongs to the left side of the body.
  public var isLeft: Bool {
    name.hasPrefix("left") || name.hasSuffix("left") || name.contains("_left")
  }
}
