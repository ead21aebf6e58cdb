import Foundation
import SynfireCore

extension EpisodeAnimation {
  /// The moving picture as SVG with SMIL animations, which every browser shows; without them the beginning is seen.
  ///
  /// It goes at the speed of the world and repeats for ever. Between poses parts move in straight lines.
  public var svg: String {
    let frames = frames
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Int(width)) \(Int(height))\" "
        + "width=\"\(Int(width))\" height=\"\(Int(height))\" "
        + "font-family=\"\(style.font), Arial, Liberation Sans, sans-serif\" font-size=\"\(fontSize)\">",
      "<title>\(Self.escaped(title))</title>",
      "<rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>",
    ]
    lines += ground(frames)
    let order = [true, false].flatMap { left in
      poses[0].parts.indices.filter { poses[0].parts[$0].isLeft == left }
    }
    lines += order.map { part($0, frames) }
    lines += headlines(frames)
    lines.append("</svg>")
    return lines.joined(separator: "\n") + "\n"
  }

  /// Seconds of a turn.
  private var duration: String { Self.number(Double(frames.count) * frameDuration, decimals: 3) }

  /// One part, whose ends move.
  private func part(_ index: Int, _ frames: [BodyPose]) -> String {
    let parts = frames.map { frame -> (BodySegment, Double) in
      (frame.parts[index], frame.position ?? 0)
    }
    let paths: [(String, [Double])] = [
      ("x1", parts.map { width / 2 + ($0.0.start.x - $0.1) * scale }),
      ("y1", parts.map { horizon - ($0.0.start.y - extent.ground) * scale }),
      ("x2", parts.map { width / 2 + ($0.0.end.x - $0.1) * scale }),
      ("y2", parts.map { horizon - ($0.0.end.y - extent.ground) * scale }),
    ]
    let texts = paths.map { ($0.0, $0.1.map { Self.number($0, decimals: 1) }) }
    let line =
      "<line stroke=\"\(color(left: poses[0].parts[index].isLeft))\" stroke-linecap=\"round\" "
      + "stroke-opacity=\"\(poses[0].parts[index].isLeft ? 1 : 0.9)\" "
      + "stroke-width=\"\(Self.number(2 * poses[0].parts[index].radius * scale, decimals: 1))\" "
      + texts.map { "\($0.0)=\"\($0.1[0])\"" }.joined(separator: " ")
    let moving = texts.filter { path in path.1.contains { $0 != path.1[0] } }
    if moving.isEmpty { return line + "/>" }
    return line + ">"
      + moving.map {
        "<animate attributeName=\"\($0.0)\" dur=\"\(duration)s\" repeatCount=\"indefinite\" "
          + "values=\"\($0.1.joined(separator: ";"))\"/>"
      }.joined() + "</line>"
  }

  /// The ground, and lines upward at its marks, which show how the body moves.
  private func ground(_ frames: [BodyPose]) -> [String] {
    let looks = frames.map { $0.position ?? 0 }
    let below = Self.number(horizon, decimals: 1)
    var lines = [
      "<rect x=\"0\" y=\"\(below)\" width=\"100%\" height=\"100%\" fill=\"#EDEDED\"/>",
      "<g text-anchor=\"middle\" fill=\"\(style.ink)\" "
        + "transform=\"translate(\(Self.number(width / 2 - looks[0] * scale, decimals: 1)) \(below))\">",
    ]
    if looks.contains(where: { $0 != looks[0] }) {
      let shifts = looks.map { "\(Self.number(width / 2 - $0 * scale, decimals: 1)) \(below)" }
      lines.append(
        "<animateTransform attributeName=\"transform\" type=\"translate\" dur=\"\(duration)s\" "
          + "repeatCount=\"indefinite\" values=\"\(shifts.joined(separator: ";"))\"/>")
    }
    for mark in marks {
      let meters = Double(mark) * markDistance
      let x = Self.number(meters * scale, decimals: 1)
      let text = GnuplotText.typographic(String(format: "%g m", meters))
      let rise = Self.number(horizon - headline, decimals: 1)
      lines.append(
        "<path d=\"M\(x) 0v-\(rise)\" stroke=\"#DDDDDD\"/>"
          + "<path d=\"M\(x) 0v5\" stroke=\"\(style.ink)\"/>"
          + "<text x=\"\(x)\" y=\"\(Self.number(1.7 * fontSize, decimals: 1))\">\(text)</text>")
    }
    lines.append("</g>")
    lines.append("<path d=\"M0 \(below)H\(Int(width))\" stroke=\"\(style.ink)\"/>")
    return lines
  }

  /// The title, and the words of each moment: a strip of lines of which one is seen at a time.
  private func headlines(_ frames: [BodyPose]) -> [String] {
    let line = (2 * fontSize).rounded()
    let base = Self.number(1.5 * fontSize, decimals: 1)
    let all = frames.map(words)
    // Equal ones at the end, where the last pose is held, are one line.
    let shown = all.indices.filter { $0 == 0 || all[$0] != all[$0 - 1] }
    var place = -1
    let shifts = all.indices.map { index in
      if place + 1 < shown.count, shown[place + 1] == index { place += 1 }
      return "0 \(Int(-line) * place)"
    }
    var lines = [
      "<text x=\"\(Int(width) - 10)\" y=\"\(base)\" text-anchor=\"end\" fill=\"\(style.faint)\">"
        + "\(Self.escaped(title))</text>",
      "<clipPath id=\"line\"><rect width=\"100%\" height=\"\(Int(line))\"/></clipPath>",
      "<g clip-path=\"url(#line)\"><g fill=\"\(style.ink)\">",
    ]
    if shown.count > 1 {
      lines.append(
        "<animateTransform attributeName=\"transform\" type=\"translate\" calcMode=\"discrete\" "
          + "dur=\"\(duration)s\" repeatCount=\"indefinite\" "
          + "values=\"\(shifts.joined(separator: ";"))\"/>")
    }
    for (row, index) in shown.enumerated() {
      let y = Self.number(1.5 * fontSize + Double(row) * line, decimals: 1)
      lines.append("<text x=\"10\" y=\"\(y)\">\(all[index])</text>")
    }
    lines.append("</g></g>")
    return lines
  }

  /// A number with few digits, and none that say nothing.
  private static func number(_ value: Double, decimals: Int) -> String {
    var text = String(format: "%.*f", decimals, value)
    while text.contains("."), let last = text.last, last == "0" || last == "." {
      text.removeLast()
      if last == "." { break }
    }
    return text == "-0" ? "0" : text
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}
