import ArgumentParser
import Synfire

struct AnalyzeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "analyze",
    abstract: "Draw the figures of a run and say the numbers that they show.")

  @Argument(help: "A run folder.")
  var folder: String

  @Option(
    help: ArgumentHelp(
      "The figures to draw, such as raster,spike-statistics; otherwise those of the experiment.",
      valueName: "a,b,c"))
  var analysis: String?

  @OptionGroup var data: DataOptions
  @OptionGroup var threads: ThreadOptions

  func run() throws {
    let folder = try RunFolder.read(at: folder)
    let outcomes = try RunReport.write(
      folder, checkpoint: try Subject.checkpoint(in: folder),
      analyses: try analysis.map(AnalysisKind.list(parsing:)), redraws: true,
      dataDirectory: data.directory, threads: threads.count,
      progress: { Console.note("analysis \($0)") })
    for outcome in outcomes {
      if let reason = outcome.reason {
        Console.warning("\(outcome.kind.name) is not drawn: \(reason)")
      }
      if let figure = outcome.figure { Console.output("\(outcome.kind.name)  \(figure.path)") }
      for number in outcome.numbers {
        Console.output("  \(number.name)  \(MetricText.text(number.value, of: ""))")
      }
    }
  }
}

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Write the report of a run, one HTML page.")

  @Argument(help: "A run folder.")
  var folder: String

  @OptionGroup var data: DataOptions
  @OptionGroup var threads: ThreadOptions

  func run() throws {
    let folder = try RunFolder.read(at: folder)
    try RunReport.write(
      folder, checkpoint: try Subject.checkpoint(in: folder), redraws: false,
      dataDirectory: data.directory, threads: threads.count,
      progress: { Console.note("analysis \($0)") })
    Console.output(folder.reportPath)
  }
}
