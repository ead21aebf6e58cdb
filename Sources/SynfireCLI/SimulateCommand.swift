import ArgumentParser
import Synfire

struct SimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "States, spikes and readout of given trials.",
    discussion: """
      The trials file (safetensors, npz or HDF5) has `inputs` [time, trial, channel], \
      and `lengths` [trial] where trials end at different steps. The output has \
      `spikes`, `potentials` and `currents` [time, trial, neuron] (`spikes.LAYER` and so on with \
      several layers), and `readout` [time, trial, output] or [trial, output].
      """)

  @Argument(help: "A bundled experiment, a YAML file, or a run folder.")
  var subject: String

  @OptionGroup var overrides: OverrideOptions
  @OptionGroup var threads: ThreadOptions

  @Option(
    help: ArgumentHelp(
      "The tensors that `synfire describe` lists; otherwise those of the run, or initial ones.",
      valueName: "file"))
  var parameters: String?

  @Option(help: ArgumentHelp("`inputs`.", valueName: "file"))
  var trials: String

  @Option(help: ArgumentHelp("A .safetensors, .npz or .h5 file to write.", valueName: "file"))
  var output: String

  func run() throws {
    let subject = try Subject(subject, overrides: try overrides.overrides())
    let network = try subject.experiment.makeNetwork()
    let given = try TrialsFile(contentsOf: trials, for: network)
    let parameters = try subject.parameters(file: parameters, network: network)
    try TensorFile.write(
      output,
      try ExplicitSimulation.run(network, parameters, trials: given, threads: threads.count))
  }
}
