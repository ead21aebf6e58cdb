import ArgumentParser
import Foundation
import Synfire

struct DescribeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "describe",
    abstract: "Layers, sizes, parameter tensors and memory of an experiment or a run.",
    discussion: """
      The tensors are those that --parameters takes; weights are [postsynaptic, presynaptic], as in \
      PyTorch's Linear.
      """)

  @Argument(help: "A bundled experiment, a YAML file, or a run folder.")
  var subject: String

  @OptionGroup var overrides: OverrideOptions
  @OptionGroup var threads: ThreadOptions

  @Flag(help: "Print the experiment file, to copy and change.")
  var yaml = false

  @Flag(help: "Write one JSON object.")
  var json = false

  func run() throws {
    let overrides = try overrides.overrides()
    let subject = try Subject(subject, overrides: overrides)
    if yaml {
      // Without overrides the text with its comments is the better one to start from.
      let text =
        subject.run == nil && overrides.isEmpty
        ? try ExperimentLibrary.file(named: self.subject).text
        : subject.experiment.canonicalYAML
      return Console.output(text.hasSuffix("\n") ? String(text.dropLast()) : text)
    }
    let description = try ExperimentSummary(subject.experiment, threads: threads.count)
    try description.memory.requireFit()
    var object = description.json
    if json {
      if let checkpoint = subject.run?.checkpoint {
        object["batch"] = .integer(checkpoint.batch)
        object["isFinished"] = .boolean(checkpoint.isFinished)
        object["test"] = JSONValue(metrics: checkpoint.testMetrics)
      }
      return Console.output(.object(object))
    }
    Console.output(description.text)
    if let checkpoint = subject.run?.checkpoint {
      Console.output(
        "\ntrained     \(checkpoint.batch) of \(subject.experiment.training.batches) batches"
          + (checkpoint.isFinished ? ", finished" : ""))
    }
  }
}
