import Foundation

extension Figure {
  /// The files of a figure.
  public struct Files: Sendable, Equatable {
    /// The numbers, tab-separated.
    public let table: URL
    /// The gnuplot script.
    public let script: URL
    public let svg: URL
    /// PDF, or EPS where gnuplot was built without cairo.
    public let document: URL
  }

  /// Writes `name.tsv`, `name.gp`, `name.svg` and `name.pdf` into a folder, which is made if needed.
  ///
  /// Files appear only when all of them are whole; older ones of the same name are replaced.
  ///
  /// - Throws: `AnalysisError` if the figure is inconsistent or empty, gnuplot is missing or fails,
  ///   or the folder cannot be written.
  @discardableResult
  public func render(
    named name: String, in folder: URL, gnuplot: Gnuplot? = nil
  ) throws -> Files {
    try validate(named: name)
    let gnuplot = try gnuplot ?? Gnuplot()
    let terminals = try gnuplot.outputTerminals()
    let outputs = terminals.map { (terminal: $0, file: "\(name).\($0.rawValue)") }
    let scratch = folder.appendingPathComponent(".\(name)-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: scratch) }
    do {
      try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
      let script = script(table: "\(name).tsv", outputs: outputs)
      try Data(table.utf8).write(to: scratch.appendingPathComponent("\(name).tsv"))
      try Data(script.utf8).write(to: scratch.appendingPathComponent("\(name).gp"))
      try gnuplot.run(script: "\(name).gp", in: scratch)
      for output in outputs { try requireWhole(output.terminal, output.file, in: scratch) }
      try repair(scratch.appendingPathComponent("\(name).svg"))
      for file in ["\(name).tsv", "\(name).gp"] + outputs.map(\.file) {
        let target = folder.appendingPathComponent(file)
        // One call that replaces: a reader sees the old file or the new one.
        guard rename(scratch.appendingPathComponent(file).path, target.path) == 0 else {
          throw AnalysisError("cannot write it", place: target.path)
        }
      }
    } catch let error as AnalysisError {
      throw error
    } catch {
      throw AnalysisError(
        "cannot write the figure",
        place: folder.appendingPathComponent(name).path,
        remedy: "Choose a folder that can be written.")
    }
    return Files(
      table: folder.appendingPathComponent("\(name).tsv"),
      script: folder.appendingPathComponent("\(name).gp"),
      svg: folder.appendingPathComponent(outputs[0].file),
      document: folder.appendingPathComponent(outputs[1].file))
  }

  /// gnuplot says nothing when it cannot write, as on a full disk.
  private func requireWhole(_ terminal: GnuplotTerminal, _ file: String, in folder: URL) throws {
    let content = (try? Data(contentsOf: folder.appendingPathComponent(file))) ?? Data()
    guard content.suffix(16).range(of: Data(terminal.ending.utf8)) != nil else {
      throw AnalysisError(
        "gnuplot could not write the whole file", place: file,
        remedy: "Check that the disk is not full.", isUserMistake: false)
    }
  }

  /// Names other sans serif fonts in an SVG file, for viewers that lack the first, and escapes the
  /// ampersands that gnuplot leaves bare.
  private func repair(_ file: URL) throws {
    let text = try String(contentsOf: file, encoding: .utf8)
    let fallbacks = "font-family=\"\(style.font), Arial, Liberation Sans, sans-serif\""
    var repaired =
      text
      .replacingOccurrences(of: "font-family=\"\(style.font)\"", with: fallbacks)
      .replacingOccurrences(
        of: "&(?!(lt|gt|amp|quot|apos|#[0-9]+);)", with: "&amp;", options: .regularExpression
      )
      // Rectangles of images have sharp edges.
      .replacingOccurrences(
        of: "<image ",
        with: "<image image-rendering='optimizeSpeed' style='image-rendering:pixelated' ")
    // Slanting outlines are smoothed, as lines are.
    if panels.contains(where: { $0.series.contains { $0.kind == .shapes } }) {
      repaired = repaired.replacingOccurrences(of: " shape-rendering='crispEdges'", with: "")
    }
    try Data(repaired.utf8).write(to: file)
  }
}
