import Foundation

/// The program that draws figures, wherever the search path has it.
public struct Gnuplot: Sendable {
  /// The executable.
  public let executable: URL
  /// The names of the terminals that it was built with.
  public let terminals: Set<String>

  /// Finds gnuplot in the folders of a search path, by default that of the environment.
  ///
  /// - Throws: `AnalysisError`, naming the package to install, if it is not there.
  public init(searchPath: String? = ProcessInfo.processInfo.environment["PATH"]) throws {
    let candidates = (searchPath ?? "").split(separator: ":").map {
      URL(fileURLWithPath: String($0)).appendingPathComponent("gnuplot")
    }
    guard
      let found = candidates.first(where: {
        FileManager.default.isExecutableFile(atPath: $0.path)
      })
    else {
      throw AnalysisError(
        "gnuplot, which draws figures, is not installed", place: "figures",
        remedy: "Install it: 'apt-get install gnuplot-nox' on Debian and Ubuntu, "
          + "'brew install gnuplot' on macOS.")
    }
    executable = found
    let listing = try Self.run(found, ["-e", "set terminal"], in: nil)
    terminals = Set(
      listing.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) })
  }

  /// Whether gnuplot is installed.
  public static var isInstalled: Bool { (try? Gnuplot()) != nil }

  /// The terminals that figures are drawn with: SVG, and PDF or, without cairo, EPS.
  ///
  /// - Throws: `AnalysisError` if gnuplot was built without SVG.
  func outputTerminals() throws -> [GnuplotTerminal] {
    guard terminals.contains("svg") else {
      throw AnalysisError(
        "gnuplot was built without its svg terminal", place: executable.path,
        remedy: "Install the package 'gnuplot-nox'.")
    }
    return [.svg, terminals.contains("pdfcairo") ? .pdf : .eps]
  }

  /// Runs a script in its folder.
  ///
  /// - Throws: `AnalysisError` with what gnuplot said if it fails.
  func run(script: String, in folder: URL) throws {
    _ = try Self.run(executable, [script], in: folder)
  }

  /// Runs the program and returns what it printed.
  private static func run(
    _ executable: URL, _ arguments: [String], in folder: URL?
  ) throws -> String {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    if let folder { process.currentDirectoryURL = folder }
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    var environment = ProcessInfo.processInfo.environment
    // Decimal points and the character set must not depend on the user's locale.
    environment["LC_ALL"] = "C.UTF-8"
    environment["PAGER"] = "cat"
    process.environment = environment
    let output: Data
    do {
      try process.run()
      output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    } catch {
      throw AnalysisError(
        "cannot run it: \(error.localizedDescription)", place: executable.path,
        isUserMistake: false)
    }
    process.waitUntilExit()
    let text = String(decoding: output, as: UTF8.self)
    guard process.terminationStatus == 0 else {
      throw AnalysisError(
        "gnuplot failed: \(text.trimmingCharacters(in: .whitespacesAndNewlines))",
        place: arguments.last ?? "", isUserMistake: false)
    }
    return text
  }
}

/// A file format that gnuplot draws.
enum GnuplotTerminal: String {
  case svg
  case pdf
  case eps

  /// What stands at the end of a whole file.
  var ending: String {
    switch self {
    case .svg: "</svg>"
    case .pdf, .eps: "%%EOF"
    }
  }

  /// The arguments of `set terminal` for a figure.
  func options(of figure: Figure) -> String {
    let style = figure.style
    let font = "font '\(style.font),\(style.fontSize)'"
    let inches = "size \(figure.width / 72)in,\(figure.height / 72)in"
    switch self {
    case .svg:
      return "svg size \(figure.width),\(figure.height) enhanced \(font) rounded "
        + "background '#FFFFFF'"
    case .pdf:
      return "pdfcairo \(inches) enhanced color \(font) fontscale 0.8 rounded linewidth 2.2 "
        + "pointscale 1.25"
    case .eps: return "postscript eps \(inches) enhanced color solid \(font) rounded"
    }
  }
}
