import Foundation

extension Figure {
  /// Poses that are shown beside each other.
  static let posesOfAStrip = 8

  /// An episode as strips of poses, over the whole of it and over a second from its middle; below, how far the body
  /// has come, or the sum of rewards where there is nowhere to go.
  ///
  /// - Parameter poses: at equal distances in time, the first at the beginning.
  /// - Throws: `AnalysisError` for fewer than two poses, or a place of a part that is not a number.
  public static func episode(
    _ poses: [BodyPose], style: FigureStyle = .standard
  ) throws -> Figure {
    guard poses.count > 1, poses.allSatisfy({ !$0.parts.isEmpty }) else {
      throw AnalysisError("\(poses.count) poses of a body", place: "episode")
    }
    guard
      poses.flatMap(\.parts).allSatisfy({ ($0.leftmost + $0.rightmost + $0.lowest).isFinite })
    else {
      throw AnalysisError("the place of a part is not a number", place: "episode")
    }
    let width = 640.0
    let strips = [
      ("The whole episode", PoseStrip(of: poses[...], style)),
      ("One second of it", PoseStrip(of: poses[secondAmidst(poses)], style)),
    ]
    let room = width - Spacing.left - Spacing.right
    var panels: [Panel] = []
    var heights: [Double] = []
    for (title, strip) in strips where panels.isEmpty || 1.5 * strip.duration < poses.last!.time {
      // Meters are as long upward as across.
      let scale = room / (strip.slot * Double(strip.poses.count))
      panels.append(
        Panel(
          title: title,
          x: Axis("", from: 0, to: strip.slot * Double(strip.poses.count), ticks: strip.ticks),
          y: Axis("Height", unit: "m", from: strip.extent.bottom, to: strip.extent.top),
          series: strip.series(center: { (Double($0) + 0.5) * strip.slot }, scale: 1),
          row: heights.count))
      heights.append(
        strip.extent.height * scale + Spacing.top + Spacing.heading + Spacing.bottom - 24)
      // An empty row keeps titles away from the words above.
      heights.append(12)
    }
    let isTraveling = poses[0].position != nil
    panels.append(
      Panel(
        x: Axis("Time", unit: "s", from: 0, to: poses.last!.time),
        y: isTraveling ? Axis("Distance", unit: "m") : Axis("Return so far"),
        series: [
          Series(
            .line, x: poses.map(\.time),
            y: poses.map { pose in
              pose.position.map { $0 - (poses[0].position ?? 0) } ?? pose.total
            })
        ], row: heights.count))
    heights.append(150)
    return Figure(
      panels: panels, rowHeights: heights, width: width, height: heights.reduce(0, +), style: style)
  }

  /// The poses of a second from the middle of an episode, or of all of a shorter one.
  public static func secondAmidst(_ poses: [BodyPose]) -> Range<Int> {
    let duration = poses[poses.count - 1].time
    let steps = Int((Double(poses.count - 1) * min(1, 1 / max(duration, 1e-9))).rounded())
    let first = (poses.count - 1 - steps) / 2
    return first..<first + steps + 1
  }
}

/// Some poses from an episode beside each other.
struct PoseStrip {
  let poses: [BodyPose]
  let extent: BodyExtent
  /// Seconds from the first to the last.
  let duration: Double
  private let style: FigureStyle

  /// - Parameter fromEnds: whether the first and the last pose are those of the ends, or of the middles of the first
  ///   and the last of equal parts.
  init(of all: ArraySlice<BodyPose>, fromEnds: Bool = true, _ style: FigureStyle) {
    let count = min(Figure.posesOfAStrip, all.count)
    poses = (0..<count).map {
      let (part, parts) = fromEnds ? ($0, max(1, count - 1)) : (2 * $0 + 1, 2 * count)
      return all[all.startIndex + (all.count - 1) * part / parts]
    }
    extent = BodyExtent(of: Array(all))
    duration = all.last!.time - all.first!.time
    self.style = style
  }

  /// The width of a pose in meters.
  var slot: Double { 1.06 * max(extent.right - extent.left, 0.6 * extent.height) }

  /// When each pose was, and where.
  var ticks: [Figure.Tick] {
    let isFar = poses.contains { abs($0.position ?? 0) >= 9.95 }
    return poses.enumerated().map { index, pose in
      var text = String(format: duration < 2.5 && !isFar ? "%.2f s" : "%.1f s", pose.time)
      if let position = pose.position {
        text += String(format: isFar ? ", %.0f m" : ", %.1f m", position)
      }
      return Figure.Tick((Double(index) + 0.5) * slot, GnuplotText.typographic(text))
    }
  }

  /// Bodies, those of the left side behind, and the ground.
  ///
  /// - Parameters:
  ///   - center: where the middle of a pose is on the horizontal axis.
  ///   - scale: how much of the horizontal axis a meter takes.
  func series(center: (Int) -> Double, scale: Double) -> [Figure.Series] {
    let middle = (extent.left + extent.right) / 2
    let ground = Figure.Series(
      .line, x: [-1e6, 1e6], y: [extent.ground, extent.ground], color: style.ink, weight: 0.5)
    return [ground]
      + [true, false].flatMap { left -> [Figure.Series] in
        let names = poses[0].parts(left: left).map(\.name)
        if names.isEmpty { return [] }
        var (x, y): ([Double], [Double]) = ([], [])
        for (index, pose) in poses.enumerated() {
          for part in pose.parts(left: left) {
            for corner in part.outline() {
              x.append(center(index) + scale * (corner.x - (pose.position ?? 0) - middle))
              y.append(corner.y)
            }
            x.append(.nan)
            y.append(.nan)
          }
        }
        x.removeLast()
        y.removeLast()
        return [
          Figure.Series(
            .shapes, x: x, y: y, color: style.color(left ? 4 : 0), opacity: left ? 1 : 0.85)
        ]
      }
  }
}
