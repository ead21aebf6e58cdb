import Foundation
import SynfireAnalysis
import Testing

struct FigureErrorTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    UUID().uuidString)

  private func figure(_ series: Figure.Series, isLogarithmic: Bool = false) -> Figure {
    Figure(panels: [
      .init(x: .init("x"), y: .init("y", isLogarithmic: isLogarithmic), series: [series])
    ])
  }

  @Test func missingProgramNamesThePackage() throws {
    let error = #expect(throws: AnalysisError.self) { try Gnuplot(searchPath: "/nonexistent") }
    #expect(error?.remedy.contains("gnuplot-nox") == true)
  }

  @Test func inconsistentFigures() {
    let fine = Figure.Series(.line, x: [1, 2], y: [1, 2])
    let bad: [(Figure, String)] = [
      (figure(.init(.line, x: [1], y: [1, 2])), "a"),
      (figure(.init(.band, x: [1, 2], y: [1, 2])), "a"),
      (figure(.init(.line, x: [1], y: [1], z: [1])), "a"),
      (figure(.init(.line, x: [], y: [])), "a"),
      (figure(.init(.line, x: [1, 2], y: [-1, 0]), isLogarithmic: true), "a"),
      (figure(.init(.line, x: [1], y: [.nan])), "a"),
      (figure(fine), "../a"), (figure(fine), ""), (Figure(panels: []), "a"),
    ]
    for (figure, name) in bad {
      #expect(throws: AnalysisError.self) { try figure.render(named: name, in: folder) }
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path))
  }

  /// On a full disk gnuplot ends well and leaves files that are empty or cut short.
  @Test func filesThatAreNotWholeAreNoFigure() throws {
    let programs = folder.appendingPathComponent("bin")
    try FileManager.default.createDirectory(at: programs, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let program = programs.appendingPathComponent("gnuplot")
    try Data("#!/bin/sh\necho svg; echo pdfcairo; [ \"$1\" = -e ] || : > a.svg > a.pdf\n".utf8)
      .write(to: program)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
    let target = folder.appendingPathComponent("figures")
    let error = #expect(throws: AnalysisError.self) {
      try figure(.init(.line, x: [1, 2], y: [1, 2])).render(
        named: "a", in: target, gnuplot: Gnuplot(searchPath: programs.path))
    }
    #expect(error?.what.contains("whole") == true && error?.isUserMistake == false)
    #expect(try FileManager.default.contentsOfDirectory(atPath: target.path).isEmpty)
  }

  /// A failing program leaves nothing behind and its message reaches the caller.
  @Test(.enabled(if: Gnuplot.isInstalled, "gnuplot is not installed"))
  func failureLeavesNothing() throws {
    var figure = figure(.init(.line, x: [1, 2], y: [1, 2], color: "no'color"))
    figure.title = "fails"
    defer { try? FileManager.default.removeItem(at: folder) }
    let error = #expect(throws: AnalysisError.self) {
      try figure.render(named: "a", in: folder)
    }
    #expect(error?.what.contains("gnuplot failed") == true)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }
}
