import Foundation

/// A moving picture of an episode: the body as thick lines, the ground with marks in meters, and in a corner the
/// time and the return so far. Where the body has somewhere to go, one looks at it, and the ground moves.
public struct EpisodeAnimation: Sendable {
  /// The end of the episode is shown for so many seconds before it begins anew.
  static let pause = 1.0

  /// At equal distances in time.
  public let poses: [BodyPose]
  /// Seconds from one pose to the next.
  public let frameDuration: Double
  public let title: String
  /// In pixels.
  public let width: Double
  public let height: Double
  public let style: FigureStyle
  let extent: BodyExtent

  /// - Parameters:
  ///   - poses: all with the same parts in the same order; one or more.
  ///   - title: what is seen, such as the environment's name.
  /// - Throws: `AnalysisError` for poses of different bodies, or none, or a picture of less than 100 x 100 pixels.
  public init(
    _ poses: [BodyPose], frameDuration: Double, title: String, width: Int = 640, height: Int = 360,
    style: FigureStyle = .standard
  ) throws {
    guard let first = poses.first, !first.parts.isEmpty, frameDuration > 0,
      poses.allSatisfy({ $0.parts.map(\.name) == first.parts.map(\.name) })
    else {
      throw AnalysisError(
        "\(poses.count) poses are not those of one body", place: "moving picture of \(title)",
        remedy: "Give the poses of one episode.")
    }
    guard (100...4096).contains(width), (100...4096).contains(height) else {
      throw AnalysisError(
        "a picture of \(width)x\(height) pixels", place: "moving picture of \(title)",
        remedy: "Use a size from 100x100 to 4096x4096, such as 640x360.")
    }
    for part in poses.flatMap(\.parts) {
      guard (part.start.x + part.start.y + part.end.x + part.end.y + part.radius).isFinite else {
        throw AnalysisError(
          "the place of a part is not a number: \(part.name)", place: "moving picture of \(title)",
          remedy: "The physics has broken down; show another episode.")
      }
    }
    self.poses = poses
    self.frameDuration = frameDuration
    self.title = title
    self.width = Double(width)
    self.height = Double(height)
    self.style = style
    extent = BodyExtent(of: poses)
  }

  /// The poses with the last one held for the pause.
  var frames: [BodyPose] {
    let held = Int((Self.pause / frameDuration).rounded(.up))
    return poses + Array(repeating: poses[poses.count - 1], count: held)
  }

  // MARK: Where things are

  /// Pixels a meter: the body has most of the height.
  var scale: Double {
    let room = height - headline - footing - 10
    let sides = 2 * max(-extent.left, extent.right)
    return min(room / extent.height, 0.9 * width / max(sides, 1e-3))
  }

  /// Of words, in pixels; larger in larger pictures.
  var fontSize: Double { max(style.fontSize, (height / 26).rounded()) }

  /// Room for the words above, and for the marks below the ground.
  var headline: Double { 2.6 * fontSize }
  var footing: Double { 2.4 * fontSize }

  /// The height of the ground in pixels from above.
  var horizon: Double { height - footing - (extent.ground - extent.bottom) * scale }

  /// Meters between marks with numbers.
  var markDistance: Double {
    [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100].first { $0 * scale >= 5 * fontSize } ?? 1_000
  }

  /// The marks that are seen at any time, as multiples of their distance.
  var marks: ClosedRange<Int> {
    let looks = poses.map { $0.position ?? 0 }
    let half = width / 2 / scale
    let first = ((looks.min()! - half) / markDistance).rounded(.down)
    let last = ((looks.max()! + half) / markDistance).rounded(.up)
    return Int(first)...Int(last)
  }

  func color(left: Bool) -> String { style.color(left ? 4 : 0) }

  /// The words of a moment.
  func words(_ pose: BodyPose) -> String {
    let words =
      [String(format: "%.2f s", pose.time), String(format: "return %.1f", pose.total)]
      + (pose.position.map { [String(format: "%.2f m", $0 - (poses[0].position ?? 0))] } ?? [])
    // Spaces that no viewer takes together.
    return GnuplotText.typographic(words.joined(separator: "\u{2003}"))
  }
}
