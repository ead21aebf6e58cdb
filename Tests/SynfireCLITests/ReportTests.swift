import Foundation
import Synfire
import Testing

struct ReportTests {
  private static let arguments = [
    "train", "smnn/context", "--set", "batches=8", "--set", "trialsPerBatch=20",
    "--set", "training.validation={every: 4, trials: 20}", "--set", "training.test.trials=20",
    "--set", "analysis=[loss-curve, raster, mode-projection, mode-importance, accuracy-curve]",
    "--out", "run",
  ]

  @Test(.enabled(if: Gnuplot.isInstalled, "gnuplot is not installed"))
  func theReportNeedsNothingElse() throws {
    let folder = try WorkFolder()
    let outcome = try Program.run(Self.arguments, in: folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let html = try String(contentsOfFile: folder.at("run/report.html"), encoding: .utf8)
    #expect(html.components(separatedBy: "<svg").count == 6)
    for text in ["smnn/context", "mean squared error", "published", "within-class sd", "YAML"] {
      #expect(html.contains(text), "\(text)")
    }
    // Addresses of name spaces aside, nothing is fetched.
    for reference in [" src=", "@import", "<script", "<link", "url(http"] {
      #expect(!html.contains(reference), "\(reference)")
    }
    // Identifiers of different drawings are apart, and none is referred to without being there.
    let ids = html.matches(of: /\sid=['"]([^'"]+)['"]/).map { String($0.1) }
    #expect(Set(ids).count == ids.count)
    let used = html.matches(of: /(?:href=['"]#|url\(#)([^'")]+)/).map { String($0.1) }
    #expect(Set(used).isSubset(of: ids))
    for name in ["loss-curve", "raster", "mode-projection", "mode-importance", "accuracy-curve"] {
      for kind in ["svg", "tsv", "gp"] { #expect(folder.exists("run/figures/\(name).\(kind)")) }
    }
  }

  @Test(.enabled(if: Gnuplot.isInstalled, "gnuplot is not installed"))
  func figuresAreDrawnAgainOnDemand() throws {
    let folder = try WorkFolder()
    #expect(try Program.run(Self.arguments, in: folder).code == 0)
    let before = try String(contentsOfFile: folder.at("run/report.html"), encoding: .utf8)
    try FileManager.default.removeItem(atPath: folder.at("run/report.html"))
    let report = try Program.run(["report", "run"], in: folder)
    #expect(report.code == 0, "\(report.errors)")
    let after = try String(contentsOfFile: folder.at("run/report.html"), encoding: .utf8)
    let footer = "<footer>"
    #expect(
      before.components(separatedBy: footer)[0] == after.components(separatedBy: footer)[0])
    try FileManager.default.removeItem(atPath: folder.at("run/figures"))
    let analysis = try Program.run(["analyze", "run"], in: folder)
    #expect(analysis.code == 0, "\(analysis.errors)")
    #expect(folder.exists("run/figures/raster.svg"))
    #expect(analysis.output.contains("closest attractors"))
  }

  @Test func aFigureThatCannotBeDrawnIsSaidSo() throws {
    let folder = try WorkFolder()
    let outcome = try Program.run(
      Self.arguments + ["--set", "modes=1", "--set", "analysis=[mode-projection]"], in: folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let html = try String(contentsOfFile: folder.at("run/report.html"), encoding: .utf8)
    #expect(html.contains("Not drawn: "))
  }
}
