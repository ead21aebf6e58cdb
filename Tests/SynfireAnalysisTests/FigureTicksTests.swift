import Foundation
import SynfireAnalysis
import Testing

/// Every axis of a figure has numbers, and no two of them lie over each other.
@Suite(.enabled(if: Gnuplot.isInstalled, "gnuplot is not installed"))
struct FigureTicksTests {
  /// The labels of ticks as the script sets them, by axis, in the order of the panels.
  private func labels(of figure: Figure, axis: String) throws -> [[String]] {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let script = try String(
      contentsOf: figure.render(named: "a", in: folder).script, encoding: .utf8)
    // The same panels are drawn once for each terminal.
    let lines = script.split(separator: "\n").filter { $0.hasPrefix("set \(axis)tics nomirror") }
    return lines.prefix(lines.count / 2).map { line in
      line.split(separator: "'").enumerated().filter { $0.offset % 2 == 1 }
        .map { String($0.element) }.filter { !$0.hasPrefix("#") }
    }
  }

  private func figure(_ y: [Double], isLogarithmic: Bool = false) -> Figure {
    Figure(panels: [
      .init(
        x: .init("x"), y: .init("y", isLogarithmic: isLogarithmic),
        series: [.init(.line, x: y.indices.map(Double.init), y: y)])
    ])
  }

  @Test func threeModesHaveNumbersOnTheLogarithmicAxis() throws {
    let values = [0.77, 0.69, 0.55].map { MeanAndDeviation(mean: $0, deviation: 0, count: 1) }
    let figure = Figure.modeImportance(values, scores: values, fits: [])
    #expect(try labels(of: figure, axis: "y")[0] == ["0.6", "0.7", "0.8"])
    #expect(try labels(of: figure, axis: "x") == [["1", "2", "3"], ["1", "2", "3"]])
  }

  @Test func roundNumbers() throws {
    #expect(try labels(of: figure([-1, 1]), axis: "y")[0] == ["−1.0", "−0.5", "0", "0.5", "1.0"])
    #expect(
      try labels(of: figure([0.1, 1000], isLogarithmic: true), axis: "y")[0]
        == ["0.1", "1", "10", "100", "1000"])
    #expect(try labels(of: figure([3, 3]), axis: "y")[0].count >= 3)
    #expect(try labels(of: figure([0, 0]), axis: "y")[0].contains("0"))
    #expect(try labels(of: figure([1e-9, 4e-9]), axis: "y")[0].contains("2e−09"))
    #expect(try labels(of: figure([-4e7, 4e7]), axis: "y")[0].contains("−2e+07"))
    #expect(try labels(of: figure([1e300, -1e300, .nan]), axis: "y")[0].count >= 3)
  }

  /// Labels of many decimals take more room, so that the name of the axis stays on the page.
  @Test func longLabelsHaveRoom() throws {
    func margin(_ y: [Double]) throws -> Double {
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
      defer { try? FileManager.default.removeItem(at: folder) }
      let script = try String(
        contentsOf: figure(y).render(named: "a", in: folder).script, encoding: .utf8)
      let line = script.split(separator: "\n").first { $0.hasPrefix("set lmargin") }!
      return Double(line.split(separator: " ").last!)!
    }
    #expect(try margin([0.72, 0.7202]) > margin([0, 1]) + 0.02)
  }

  @Test func axesInPerspectiveHaveFewTicks() throws {
    let figure = try Figure.modeSpace(
      SyntheticData.trajectories, classes: SyntheticData.classes())
    for axis in ["x", "y", "z"] {
      #expect((2...7).contains(try labels(of: figure, axis: axis)[0].count))
    }
  }
}
