import Foundation
import Synfire
import Testing

struct SweepCommandTests {
  private static let arguments =
    ["sweep"] + Program.tiny + [
      "--grid", "modes=1,2", "--seeds", "2", "--out", "sweep",
    ]

  @Test func aSweepRunsEveryPointOnceAndGoesOn() throws {
    let folder = try WorkFolder()
    let running = try Running(Self.arguments, in: folder)
    running.wait(for: "run 3 of 4")
    running.signal(SIGTERM)
    let stopped = try running.wait()
    #expect(stopped.code == 143, "\(stopped.errors)")
    let first = FileManager.default.contents(atPath: folder.at("sweep/modes=1_seed=0/run.h5"))
    #expect(first != nil)
    let outcome = try Program.run(Self.arguments, in: folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(!outcome.errors.contains("run 1 of 4") && outcome.errors.contains("run 4 of 4"))
    // What was finished was left alone.
    #expect(
      FileManager.default.contents(atPath: folder.at("sweep/modes=1_seed=0/run.h5")) == first)
    let text = try String(contentsOfFile: folder.at("sweep/summary.json"), encoding: .utf8)
    let summary = try JSONValue(parsing: Array(text.utf8))
    guard case .array(let settings)? = summary["settings"] else {
      Issue.record("no settings")
      return
    }
    #expect(settings.map { $0["modes"] } == ["1", "2"])
    #expect(settings.allSatisfy { $0["seeds"] == [0, 1] })
    // The mean over seeds is that of the runs.
    let errors = try [0, 1].map { seed in
      try Checkpoint(contentsOf: folder.at("sweep/modes=2_seed=\(seed)/run.h5"))
        .testMetrics["meanSquaredError"]!
    }
    let mean = try #require(settings[1]["meanSquaredError"]?["mean"]?.double)
    #expect(abs(mean - (errors[0] + errors[1]) / 2) < 1e-12)
    // Beside itself it needs as much as itself.
    let beside = try Program.run(Self.arguments + ["--beside", "sweep"], in: folder)
    #expect(beside.code == 0, "\(beside.errors)")
    #expect(
      beside.output.contains("modes for equal meanSquaredError: sweep needs 1 times (1 to 1)"))
    let none = try Program.run(Self.arguments + ["--beside", "nowhere"], in: folder)
    #expect(none.code == 2 && none.errors.contains("there is no summary of a sweep"))
    if Gnuplot.isInstalled {
      #expect(folder.exists("sweep/figures/mean-squared-error.svg"))
      #expect(folder.exists("sweep/figures/loss-curves.svg"))
    }
  }
}
