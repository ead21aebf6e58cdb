import ArgumentParser
import Foundation
import Synfire

struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Train over a grid of values and several seeds, and draw the summary.",
    discussion: """
      Every run has a folder of its own within that of the sweep. The same command goes on with a \
      sweep that was stopped; finished runs are not run again.
      """)

  @Argument(help: "A bundled experiment, or the path of a YAML file.")
  var experiment: String

  @Option(
    help: ArgumentHelp(
      "Values of a key, such as modes=1,3,30. May be repeated.", valueName: "key=a,b,c"))
  var grid: [String] = []

  @Option(help: "How many seeds, counted up from that of the experiment.")
  var seeds: Int = 1

  @Option(
    help: ArgumentHelp(
      "The folder of another sweep over the same key, drawn beside. May be repeated.",
      valueName: "dir"))
  var beside: [String] = []

  @OptionGroup var overrides: OverrideOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var threads: ThreadOptions

  @Option(
    help: ArgumentHelp(
      "The folder of the sweep; otherwise runs/EXPERIMENT/sweep, with - for /.", valueName: "dir"))
  var out: String?

  func run() throws {
    let signals = SignalWatch()
    let file = try ExperimentLibrary.file(named: experiment)
    let common = try overrides.overrides()
    let name = try file.experiment(overrides: common).name
    let sweep = try Sweep(
      file, grids: try grid.map { try SweepGrid(parsing: $0) }, seeds: seeds, common: common,
      in: out ?? "runs/\(name.replacing("/", with: "-"))/sweep")
    let others = try beside.map { try SweepRecord(in: $0) }
    let display = TrainingDisplay()
    let results = try sweep.run(
      dataDirectory: data.directory, threads: threads.count, stop: signals.stop,
      logger: ConsoleLogHandler.logger(),
      began: { index, point in
        Console.note("run \(index + 1) of \(sweep.points.count): \(point.name)")
      }, observer: display.show)
    guard let results else {
      Console.note("stopped; the same command goes on")
      throw ExitCode(128 + (signals.stop.signal ?? 0))
    }
    let summary = SweepSummary(sweep, results: results, beside: others)
    Console.output(summary.text)
    for comparison in summary.comparisons { Console.output(comparison) }
    do {
      for figure in try summary.write() { Console.output(figure.path) }
    } catch let error as AnalysisError {
      Console.warning("figures are not drawn: \(error.what)")
    }
  }
}
