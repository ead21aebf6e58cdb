import SynfireCore
import SynfireFormats
import SynfireNetworks

/// All that a run is between two batches: with it, the run goes on to the same bits.
public struct Checkpoint: Sendable, Equatable {
  /// The name of the experiment, such as `smnn/mnist`.
  public var experiment: String
  /// The whole experiment, overrides included, as YAML.
  public var configuration: String
  public var seed: UInt64
  public var parameters: NamedTensors<Float>
  /// What the learning rule needs beside the parameters: optimizer moments and the like.
  public var state: NamedTensors<Float>
  /// The part of it that needs double precision, if there is one.
  public var preciseState = NamedTensors<Double>()
  /// What the trials of the last training batch ended in, where states are carried from batch to batch.
  public var trainingState: NetworkState<Float>?
  /// The same of the last validation.
  public var validationState: NetworkState<Float>?
  /// Updates of the parameters so far.
  public var updates = 0
  /// Batches trained so far.
  public var batch = 0
  /// Whether training and test are over.
  public var isFinished = false
  /// Seconds of training so far, all processes together.
  public var seconds = 0.0
  /// One row a training batch.
  public var training = ColumnTable()
  /// How probabilities were distributed after each batch, by rules that learn some.
  public var probabilities = ProbabilityHistograms()
  /// One row a validation.
  public var validation = ColumnTable()
  /// One row, of the test after training.
  public var test = ColumnTable()
  /// Versions, threads, instruction set, data hashes and date, by name.
  public var manifest: [String: String]
  /// The length in bytes of each log file at this checkpoint; what follows is cut off on resume.
  public var logLengths: [String: Int] = [:]

  public init(
    experiment: String, configuration: String, seed: UInt64, parameters: NamedTensors<Float>,
    state: NamedTensors<Float>, manifest: [String: String] = [:]
  ) {
    self.experiment = experiment
    self.configuration = configuration
    self.seed = seed
    self.parameters = parameters
    self.state = state
    self.manifest = manifest
  }

  /// The same without what only training goes on from.
  var withoutState: Checkpoint {
    var result = self
    result.state = NamedTensors()
    result.preciseState = NamedTensors()
    return result
  }

  /// The metrics of the test after training; empty before it.
  public var testMetrics: [String: Double] {
    test.lastRow.filter { $0.key != "batch" }
  }
}
