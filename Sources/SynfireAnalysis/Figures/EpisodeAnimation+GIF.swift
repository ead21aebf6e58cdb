import Foundation

extension EpisodeAnimation {
  /// Draws the moving picture as GIF, by gnuplot.
  ///
  /// A GIF can wait for hundredths of a second only: frames are left out where they would have to go faster than
  /// fifty a second, and the speed is that of the world but for rounding.
  ///
  /// - Parameter path: of the file to write; one that is there is replaced.
  /// - Throws: `AnalysisError` if gnuplot is missing, has no GIF, or fails.
  public func writeGIF(to path: String, gnuplot: Gnuplot? = nil) throws {
    let gnuplot = try gnuplot ?? Gnuplot()
    guard gnuplot.terminals.contains("gif") else {
      throw AnalysisError(
        "gnuplot was built without its gif terminal", place: gnuplot.executable.path,
        remedy: "Write an .svg file, or install the package 'gnuplot-nox'.")
    }
    let stride = max(1, Int((0.02 / frameDuration).rounded(.up)))
    let frames = frames.enumerated().filter { $0.offset % stride == 0 }.map(\.element)
    let delay = max(2, Int((100 * frameDuration * Double(stride)).rounded()))
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("synfire-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data(Self.table(frames).utf8).write(to: folder.appendingPathComponent("poses.tsv"))
      try Data(script(frames, delay: delay).utf8)
        .write(to: folder.appendingPathComponent("poses.gp"))
    } catch {
      throw AnalysisError(
        "cannot write what is to be drawn", place: folder.path,
        remedy: "Make room for temporary files.", isUserMistake: false)
    }
    try gnuplot.run(script: "poses.gp", in: folder)
    let picture = folder.appendingPathComponent("poses.gif")
    // gnuplot says nothing when it cannot write; the last byte of a whole file is a semicolon.
    guard let content = try? Data(contentsOf: picture), content.last == 0x3B else {
      throw AnalysisError(
        "gnuplot could not write the whole picture", place: folder.path,
        remedy: "Make room for temporary files.", isUserMistake: false)
    }
    do { try content.write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
      throw AnalysisError(
        "cannot write the picture", place: path,
        remedy: "Name a file in a folder that can be written.")
    }
  }

  /// The outlines of parts, those of the left side and of the right side of each frame a block.
  private static func table(_ frames: [BodyPose]) -> String {
    frames.flatMap { frame in
      [true, false].map { left in
        let parts = frame.parts(left: left).map { part in
          part.outline().map { corner in
            String(format: "%.4f\t%.4f", corner.x - (frame.position ?? 0), corner.y)
          }.joined(separator: "\n")
        }
        return parts.isEmpty ? "NaN\tNaN" : parts.joined(separator: "\n\n")
      }
    }.joined(separator: "\n\n\n") + "\n"
  }

  private func script(_ frames: [BodyPose], delay: Int) -> String {
    let (half, ground) = (width / 2 / scale, extent.ground)
    var lines = [
      "set encoding utf8", "set datafile separator tab",
      "set terminal gif animate delay \(delay) loop 0 size \(Int(width)),\(Int(height)) "
        + "enhanced font '\(style.font),\(0.75 * fontSize)' background '#FFFFFF'",
      "set output 'poses.gif'",
      "set lmargin at screen 0", "set rmargin at screen 1",
      "set bmargin at screen \(footing / height)", "set tmargin at screen \(1 - headline / height)",
      "set xrange [\(-half):\(half)]",
      "set yrange [\(extent.bottom):\(extent.bottom + (height - headline - footing) / scale)]",
      "unset border", "unset ytics", "set style fill solid 0.9 noborder",
      "set grid xtics linetype 1 linewidth 1 linecolor rgb '#DDDDDD' back",
      "set object 1 rectangle from graph 0, first \(extent.bottom) to graph 1, first \(ground) "
        + "fillcolor rgb '#EDEDED' fillstyle solid noborder behind",
      "set arrow 1 from graph 0, first \(ground) to graph 1, first \(ground) nohead "
        + "linecolor rgb '\(style.ink)' back",
      "set label 2 \(GnuplotText.literal(title)) at screen \(1 - 10 / width), screen \(1 - 1.2 * fontSize / height) "
        + "right textcolor rgb '\(style.faint)'",
    ]
    for (index, frame) in frames.enumerated() {
      let position = frame.position ?? 0
      let ticks = marks.map { Double($0) * markDistance }
        .filter { abs($0 - position) <= half }
        .map {
          "\(GnuplotText.literal(GnuplotText.typographic(String(format: "%g m", $0)))) \($0 - position)"
        }
      lines.append(
        "set xtics nomirror scale 0 (\(ticks.joined(separator: ", "))) textcolor rgb '\(style.ink)'"
      )
      lines.append(
        "set label 1 \(GnuplotText.literal(words(frame).replacing("\u{2003}", with: "    "))) at screen \(10 / width), "
          + "screen \(1 - 1.2 * fontSize / height) left textcolor rgb '\(style.ink)'")
      lines.append(
        "plot "
          + [true, false].enumerated().map { part, left in
            "'poses.tsv' index \(2 * index + part) with filledcurves closed "
              + "fillcolor rgb '\(color(left: left))' notitle"
          }.joined(separator: ", "))
    }
    return (lines + ["unset output"]).joined(separator: "\n") + "\n"
  }
}
