import ArgumentParser
import Foundation
import Synfire

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a network and write a run folder with its report.",
    discussion: """
      Stopped by Ctrl-C or SIGTERM, the program finishes the batch, writes a checkpoint and ends with \
      130 or 143; --resume goes on to the same bits. The parameters of --parameters have the names \
      and shapes that `synfire describe` lists, in a safetensors, npz or HDF5 file.
      """)

  @Argument(help: "A bundled experiment, or the path of a YAML file.")
  var experiment: String

  @OptionGroup var overrides: OverrideOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var threads: ThreadOptions

  @Option(
    help: ArgumentHelp("Start from the tensors of a file.", valueName: "file"))
  var parameters: String?

  @Option(
    help: ArgumentHelp(
      "The run folder; otherwise runs/EXPERIMENT/seed-N, with - for /.", valueName: "dir"))
  var out: String?

  @Flag(help: "Go on with the run in the folder from its last checkpoint.")
  var resume = false

  func run() throws {
    let signals = SignalWatch()
    if let complaint = InstructionSet.complaint { Console.warning(complaint) }
    // The memory of training is given back before trials are recorded for the report.
    let (folder, outcome) = try trained(signals.stop)
    switch outcome {
    case .interrupted(let signal):
      Console.note("stopped; go on with --resume --out \(folder.path)")
      throw ExitCode(128 + signal)
    case .finished(let metrics):
      let outcomes = try RunReport.write(
        folder, checkpoint: try folder.readCheckpoint().checkpoint,
        redraws: false, dataDirectory: data.directory, threads: threads.count)
      for outcome in outcomes {
        guard let reason = outcome.reason else { continue }
        Console.note("\(outcome.kind.name) is not drawn: \(reason)")
      }
      for (name, value) in metrics.sorted(by: { $0.key < $1.key }) {
        Console.output("\(name) \(MetricText.text(value, of: name))")
      }
      Console.output("report \(folder.reportPath)")
    }
  }

  private func trained(_ stop: StopFlag) throws -> (RunFolder, Trainer.Outcome) {
    let session = try resume ? resumed() : started()
    if let notice = session.notice { Console.warning(notice) }
    let display = TrainingDisplay()
    let outcome = try session.trainer(
      stop: stop, logger: ConsoleLogHandler.logger(), observer: display.show
    ).run()
    return (session.folder, outcome)
  }

  private func started() throws -> TrainingSession {
    var experiment = try ExperimentLibrary.experiment(
      named: experiment, overrides: try overrides.overrides())
    // The shapes of parameters follow from the number of components.
    if parameters != nil { experiment = try experiment.settled(dataDirectory: data.directory).0 }
    let given: NamedTensors<Float>? = try parameters.map {
      try ParameterFile.read($0, for: try experiment.makeAnyNetwork())
    }
    return try TrainingSession.start(
      experiment, in: folder(of: experiment), parameters: given, dataDirectory: data.directory,
      threads: threads.count)
  }

  private func resumed() throws -> TrainingSession {
    if parameters != nil {
      throw TrainingError(
        "a run cannot be resumed from other parameters", place: "--parameters",
        remedy: "leave out --parameters, or start a new run")
    }
    if out == nil, RunFolder.exists(at: experiment) {
      return try TrainingSession.resume(
        in: experiment, overrides: try overrides.overrides(), dataDirectory: data.directory,
        threads: threads.count)
    }
    let plain = try ExperimentLibrary.experiment(
      named: experiment, overrides: try overrides.overrides())
    return try TrainingSession.resume(
      in: folder(of: plain), named: plain.name, overrides: try overrides.overrides(),
      dataDirectory: data.directory, threads: threads.count)
  }

  private func folder(of experiment: Experiment) -> String {
    out ?? "runs/\(experiment.name.replacing("/", with: "-"))/seed-\(experiment.seed)"
  }
}
