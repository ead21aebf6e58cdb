import ArgumentParser
import Foundation
import Synfire

/// The program `synfire`.
///
/// Exit codes: 0 done, 2 the user's mistake, 1 a failure, 128 + n stopped by signal n.
@main
struct SynfireCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synfire",
    abstract: "Train recurrent spiking neural networks.",
    discussion: """
      Begin with `synfire list`, then `synfire train smnn/context` and open the report that it \
      names. Exit codes: 0 done, 2 a mistake in what was asked for, 1 a failure, 130 and 143 \
      stopped by a signal after a checkpoint.
      """,
    version: RunManifest.version,
    subcommands: [
      ListCommand.self, DescribeCommand.self, TrainCommand.self, EvaluateCommand.self,
      AnalyzeCommand.self, ReportCommand.self, RenderCommand.self, ExportCommand.self,
      SimulateCommand.self,
      GradientCommand.self, SweepCommand.self, DataCommand.self, InfoCommand.self,
    ])

  static func main() {
    // A reader that went away, as in `synfire list | head -1`, is no reason to lose a run.
    signal(SIGPIPE, SIG_IGN)
    HeapPolicy.returnLargeBlocks()
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      exit(with: error)
    }
  }

  private static func exit(with error: any Error) -> Never {
    if let code = error as? ExitCode { Console.exit(code.rawValue) }
    if let error = error as? any SynfireError {
      Console.error("\(error)")
      Console.exit(error.isUserMistake ? 2 : 1)
    }
    if exitCode(for: error) == .success {
      Console.output(fullMessage(for: error))
      Console.exit(0)
    }
    // What is neither of Synfire nor of the parser is a failure of the system.
    guard exitCode(for: error) == .validationFailure else {
      Console.error("\(error)")
      Console.exit(1)
    }
    let lines = fullMessage(for: error).split(separator: "\n", omittingEmptySubsequences: false)
    let text = lines.joined(separator: "\n  ")
    Console.error(text.hasPrefix("Error: ") ? String(text.dropFirst("Error: ".count)) : text)
    Console.exit(2)
  }
}
