import Foundation
import SynfireCore

/// A body at a moment of an episode, seen from the side: x is forward and z is up, in meters.
public struct BodyPose: Sendable, Equatable {
  /// Seconds since the beginning of the episode.
  public var time: Double
  /// The sum of rewards so far.
  public var total: Double
  /// How far it has come, which is where one looks; nil where there is nowhere to go, and one always looks at
  /// the same place.
  public var position: Double?
  public var parts: [BodySegment]

  public init(time: Double, total: Double, position: Double?, parts: [BodySegment]) {
    self.time = time
    self.total = total
    self.position = position
    self.parts = parts
  }

  /// The parts of one side, those behind first.
  func parts(left: Bool) -> [BodySegment] { parts.filter { $0.isLeft == left } }
}

extension BodySegment {
  /// The corners of its outline, so many for each of the round ends.
  func outline(corners: Int = 9) -> [SIMD2<Double>] {
    let along = end - start
    let direction = atan2(along.y, along.x)
    return [(end, direction - .pi / 2), (start, direction + .pi / 2)].flatMap { center, first in
      (0..<corners).map { index in
        let angle = first + .pi * Double(index) / Double(corners - 1)
        return center + radius * SIMD2(cos(angle), sin(angle))
      }
    }
  }

  var lowest: Double { min(start.y, end.y) - radius }
  var highest: Double { max(start.y, end.y) + radius }
  var leftmost: Double { min(start.x, end.x) - radius }
  var rightmost: Double { max(start.x, end.x) + radius }
}

/// The space that a body takes in some poses.
struct BodyExtent {
  /// The height of the ground.
  let ground: Double
  let bottom: Double
  let top: Double
  /// From where one looks, to the left and to the right.
  let left: Double
  let right: Double

  init(of poses: [BodyPose]) {
    let parts = poses.flatMap(\.parts)
    let lowest = parts.map(\.lowest).min() ?? 0
    let isTraveling = poses.contains { $0.position != nil }
    ground = isTraveling ? 0 : lowest
    bottom = min(lowest, ground)
    top = max(parts.map(\.highest).max() ?? 1, ground + 0.1)
    var (left, right) = (0.0, 0.0)
    for pose in poses {
      for part in pose.parts {
        left = min(left, part.leftmost - (pose.position ?? 0))
        right = max(right, part.rightmost - (pose.position ?? 0))
      }
    }
    (self.left, self.right) = (left, right)
  }

  var height: Double { top - bottom }
}
