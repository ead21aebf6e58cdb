import ArgumentParser
import Synfire

struct GradientCommand: ParsableCommand {
  enum Precision: String, ExpressibleByArgument, CaseIterable { case single, double }

  static let configuration = CommandConfiguration(
    commandName: "gradient",
    abstract: "Loss, spikes, readout and gradients of given trials.",
    discussion: """
      For comparison with automatic differentiation; single precision has what the learning rule of the \
      experiment makes of the gradient, double precision the exact one. The trials file (safetensors, npz \
      or HDF5) has `inputs` [time, trial, channel] and `targets`: classes [trial], or values [time, trial, output]; \
      `lengths` [trial] where trials end at different steps. \
      The output has `loss`, `spikes` [time, trial, neuron] (`spikes.LAYER` with several layers), \
      `readout` and `gradient.NAME` for every parameter, before clipping.
      """)

  @Argument(help: "A bundled experiment, a YAML file, or a run folder.")
  var subject: String

  @OptionGroup var overrides: OverrideOptions
  @OptionGroup var threads: ThreadOptions

  @Option(help: ArgumentHelp("The tensors that `synfire describe` lists.", valueName: "file"))
  var parameters: String?

  @Option(help: ArgumentHelp("`inputs` and `targets`.", valueName: "file"))
  var trials: String

  @Option(help: ArgumentHelp("A .safetensors, .npz or .h5 file to write.", valueName: "file"))
  var output: String

  @Option(help: "single is the engine that trains, double the reference.")
  var precision: Precision = .single

  func run() throws {
    let subject = try Subject(subject, overrides: try overrides.overrides())
    let network = try subject.experiment.makeNetwork()
    let given = try TrialsFile(contentsOf: trials, for: network)
    switch precision {
    case .single:
      let parameters = try subject.parameters(file: parameters, network: network)
      try TensorFile.write(
        output,
        try ExplicitGradient.single(
          subject.experiment, parameters: parameters, trials: given, named: trials,
          threads: threads.count))
    case .double:
      let parameters: NamedTensors<Double> =
        try parameters.map { try ParameterFile.read($0, for: network) }
        ?? subject.parameters(file: nil, network: network).converted()
      try TensorFile.write(
        output,
        try ExplicitGradient.double(
          network: network, loss: subject.experiment.learning.loss,
          regularizers: subject.experiment.learning.regularizers, parameters: parameters,
          trials: given, named: trials))
    }
  }
}
