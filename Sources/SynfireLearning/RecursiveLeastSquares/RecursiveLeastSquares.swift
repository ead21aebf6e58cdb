import SynfireCore
import SynfireNetworks

/// FORCE learning and its successors: recursive least squares teaches the traces of a population to
/// regenerate the factors that are fed back to it, while it runs (Sussillo & Abbott 2009; full-FORCE,
/// DePasquale et al. 2018; factor-based spiking networks, DePasquale, Churchland & Abbott 2016 and
/// DePasquale et al. 2023, code). No gradient passes through a spike.
///
/// Targets are [time, trial, factor, then output]. Trials follow each other without a gap, the network goes
/// on from one to the next, in four phases:
///
/// | trials | fed back | what is done |
/// |---|---|---|
/// | `settling` | the target factors | nothing |
/// | `averaging` | the target factors | the mean of the drive is gathered, and taken away from then on |
/// | `settling` | the target factors | nothing |
/// | all others | y = w r | w, and the readout, learn at steps drawn with `updateProbability` |
///
/// Where trials have nothing to do with each other, each starts in one state: see `warmUpSteps`.
///
/// The error of a step is that of the weights before its update, and so is what is fed back.
public struct RecursiveLeastSquares: FreeRunningRule {
  /// Constants of the rule, all as in DePasquale et al. 2023.
  public struct Constants: Sendable, Equatable {
    /// Trials that are led by the target factors before each phase, and before a test.
    public var settling = 50
    /// Trials over which the drive is averaged.
    public var averaging = 300
    /// Steps that the network runs by its inputs alone, those of the first trial again and again, to the state
    /// that every trial then starts in; nil where each trial goes on from the one before.
    public var warmUpSteps: Int?
    /// The chance that a step learns.
    public var updateProbability = 0.5
    /// The diagonal of the inverse correlations before the first update.
    public var initialValue = 1.0
    /// What an update leaves of the weight of those before it.
    public var forgetting = 1.0
    /// Updates that are folded into one pass over the inverse correlation; changes no more than rounding.
    public var blockSize = 32

    public init() {}

    func check() throws {
      let place = "recursive least squares"
      guard settling >= 0, averaging >= 0, warmUpSteps ?? 0 >= 0 else {
        throw LearningError(
          "\(settling) trials to settle, \(averaging) to average and \(warmUpSteps ?? 0) steps to "
            + "warm up", place: place)
      }
      guard updateProbability > 0, updateProbability <= 1 else {
        throw LearningError(
          "the update probability \(updateProbability) is not in (0, 1]", place: place)
      }
    }
  }

  public let network: FeedbackNetwork
  public let constants: Constants
  public let seed: UInt64
  /// Batches so far.
  public var updates = 0
  public var state = NamedTensors<Float>()
  var run: TaughtRun
  /// w, and with it W where outputs are read from the traces.
  var decoder: RecursiveDecoder
  /// [W, b] on [y, 1], where outputs are read from the factors.
  var readout: RecursiveDecoder?

  /// Trials so far.
  public var trials: Int { run.trials }

  /// - Throws: `NetworkError` for parameters that do not fit, `LearningError` for constants that make no
  ///   sense.
  public init(
    network: FeedbackNetwork, parameters: NamedTensors<Float>, constants: Constants = Constants(),
    initialPotentialDeviation: Double = 0, seed: UInt64, threads: Int
  ) throws {
    try network.validate(parameters)
    let place = "recursive least squares"
    guard network.factors > 0 else {
      throw LearningError(
        "the network has no factors", place: place, remedy: "Feed back at least one.")
    }
    try constants.check()
    self.network = network
    self.constants = constants
    self.seed = seed
    let pool = WorkerPool(threads: threads)
    let readsFactors = network.source == .factors && network.outputs > 0
    func decoder(_ regressors: Int, _ outputs: Int) throws -> RecursiveDecoder {
      try RecursiveDecoder(
        regressors: regressors, outputs: outputs, initialValue: constants.initialValue,
        forgetting: constants.forgetting, blockSize: constants.blockSize, pool: pool)
    }
    self.decoder = try decoder(
      network.regressors, network.factors + (readsFactors ? 0 : network.outputs))
    readout = readsFactors ? try decoder(network.factors + 1, network.outputs) : nil
    run = try TaughtRun(
      network, parameters, feedback: network.factors,
      potentialDeviation: initialPotentialDeviation, seed: seed)
    self.parameters = parameters
  }

  /// What the trial of that number, counted from 0, is for.
  enum Phase { case settling, averaging, learning }

  func phase(ofTrial index: Int) -> Phase {
    let averagingEnd = constants.settling + constants.averaging
    if index < constants.settling { return .settling }
    if index < averagingEnd { return .averaging }
    return index < averagingEnd + constants.settling ? .settling : .learning
  }

  public mutating func step(_ batch: TrialBatch) throws -> StepMetrics {
    let presentation = try Presentation(batch, network)
    let stepper = try run.makeStepper()
    var (errors, spikes): ([Double], Int) = ([], 0)
    try withoutDenormals {
      warmUp(stepper, presentation)
      for trial in 0..<batch.trials {
        run.begin(stepper)
        switch phase(ofTrial: run.trials) {
        case .settling:
          spikes += try lead(stepper, presentation, trial: trial, averaging: false)
        case .averaging: spikes += try lead(stepper, presentation, trial: trial, averaging: true)
        case .learning:
          let result = try learn(stepper, presentation, trial: trial)
          spikes += result.spikes
          errors.append(result.error)
        }
        run.trials += 1
      }
    }
    run.end(stepper)
    updates += 1
    return metrics(of: batch, errors: errors, spikes: spikes)
  }

  /// All tensors in single precision; what is learned is kept in double precision beside them.
  public var parameters: NamedTensors<Float> {
    get { run.parameters(learned: learnedTensors) }
    set {
      run.setParameters(newValue)
      setLearnedTensors(newValue.converted())
    }
  }
}
