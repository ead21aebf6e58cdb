import ArgumentParser
import Synfire

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Test a trained network, or given parameters.",
    discussion: "Metrics are fractions or SI units: accuracy, error, loss, firingRate (Hz), ...")

  @Argument(help: "A run folder; with --parameters also an experiment or a YAML file.")
  var subject: String

  @OptionGroup var overrides: OverrideOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var threads: ThreadOptions

  @Option(
    help: ArgumentHelp(
      "Other parameters than the last of the run, such as RUN/best.h5.", valueName: "file"))
  var parameters: String?

  @Option(help: "How many test trials; otherwise as many as the experiment says.")
  var trials: Int?

  @Flag(help: "Write one JSON object.")
  var json = false

  func validate() throws {
    if let trials, trials < 1 { throw ValidationError("--trials \(trials) is not above 0") }
  }

  func run() throws {
    let subject = try Subject(subject, overrides: try overrides.overrides())
    if subject.run == nil, parameters == nil {
      throw TrainingError(
        "this is no run folder, and there are no --parameters to test", place: self.subject,
        remedy: "name a folder that `synfire train` wrote, or give --parameters FILE")
    }
    let experiment = subject.experiment
    let task = try experiment.makeTask(dataDirectory: data.directory)
    let rule = try experiment.makeRule(
      parameters: try subject.parameters(file: parameters, network: experiment.makeAnyNetwork()),
      threads: threads.count)
    let evaluation = try TaskEvaluation(
      task: task, split: .test, trials: trials ?? experiment.training.testTrials.count,
      trialsPerBatch: experiment.training.trialsPerBatch, seed: experiment.seed)
    var stream = TrialStream(
      rule, carriesState: experiment.training.carriesState,
      from: subject.run?.checkpoint.validationState)
    let metrics = try evaluation.metrics(evaluate: { try stream.evaluate($0) }) ?? [:]
    if json {
      var object: [String: JSONValue] = [
        "experiment": .string(experiment.name), "split": "test",
        "trials": .integer(evaluation.trials), "seed": .integer(Int(experiment.seed)),
      ]
      for (name, value) in metrics { object[name] = .number(value) }
      if let batch = subject.run?.checkpoint.batch, parameters == nil {
        object["batch"] = .integer(batch)
      }
      return Console.output(.object(object))
    }
    Console.output("\(experiment.name), \(evaluation.trials) test trials")
    for (name, value) in metrics.sorted(by: { $0.key < $1.key }) {
      let label = name.padding(toLength: 20, withPad: " ", startingAt: 0)
      Console.output(label + MetricText.text(value, of: name))
    }
  }
}
