import SynfireCore
import SynfireNetworks

/// Least squares for networks whose trained synapses J are sparse, or follow Dale's law, in place of being
/// of the rank of the factors (DePasquale, Churchland & Abbott 2016): each neuron learns to regenerate its
/// own target current F = u y from the traces of its inputs.
///
/// Phases by trials are those of `RecursiveLeastSquares`; what follows them depends on the method.
///
/// * `recursive`: each neuron learns by recursive least squares while its own current is fed back.
/// * `constrained`: currents fed back are beta F' + (1 - beta) J s, where beta falls from 1 to 0 and F' is F
///   with noise; after each such trial every row of J is solved anew, under mask and signs, from all trials
///   so far. Runs of trials without the teacher grow in length, and a trial that is led by it parts them.
///
/// The factors of the network are y = u^+ J s, the coordinates of its recurrent current along the encoders;
/// outputs are read from them, or from the traces, by recursive least squares.
public struct RowwiseLeastSquares: FreeRunningRule {
  public enum Method: Sendable, Equatable {
    case recursive(RecursiveLeastSquares.Constants)
    case constrained(ConstrainedLeastSquares)
  }

  public let network: FeedbackNetwork
  public let method: Method
  public let seed: UInt64
  public var updates = 0
  public var state = NamedTensors<Float>()
  let settling: Int
  let averaging: Int
  /// See `RecursiveLeastSquares.Constants`.
  let warmUpSteps: Int?
  var run: TaughtRun
  var learner: any RecurrenceLearner
  /// On [y, 1], or on the traces; nil without outputs.
  var readout: RecursiveDecoder?
  /// u^+ [factor, neuron padded].
  let coordinates: AlignedBuffer<Double>
  var lessons = Lessons()

  /// Trials so far.
  public var trials: Int { run.trials }

  /// - Throws: `NetworkError` for parameters that do not fit, `LearningError` for a network without a
  ///   recurrence of its own and for constants that make no sense.
  public init(
    network: FeedbackNetwork, parameters: NamedTensors<Float>, method: Method,
    initialPotentialDeviation: Double = 0, seed: UInt64, threads: Int
  ) throws {
    try network.validate(parameters)
    let place = "least squares by rows"
    guard let recurrence = network.recurrence, network.factors > 0 else {
      throw LearningError(
        "the network has no synapses of its own to train, or no factors", place: place,
        remedy: "Give it a sparse recurrence and factors.")
    }
    let pool = WorkerPool(threads: threads)
    let encoders: Tensor<Double> = parameters["hidden.encoders"]!.converted()
    let groups = max(1, network.traces.count)
    var initialValue = 1.0
    switch method {
    case .recursive(let constants):
      guard recurrence.signs == nil else {
        throw LearningError(
          "recursive least squares does not keep Dale's law", place: place,
          remedy: "Learn by constrained least squares, or leave signs free.")
      }
      try constants.check()
      (settling, averaging) = (constants.settling, constants.averaging)
      warmUpSteps = constants.warmUpSteps
      initialValue = constants.initialValue
      learner = try RecursiveRecurrence(
        recurrence, traces: groups, constants: constants, pool: pool)
    case .constrained(let constants):
      try constants.check()
      (settling, averaging) = (constants.settling, constants.averaging)
      warmUpSteps = constants.warmUpSteps
      learner = try ConstrainedRecurrence(
        recurrence, encoders: encoders, traces: groups, ridge: constants.ridge,
        forgetting: constants.forgetting, limits: constants.limits, pool: pool)
    }
    self.network = network
    self.method = method
    self.seed = seed
    readout =
      network.outputs == 0
      ? nil
      : try RecursiveDecoder(
        regressors: network.source == .factors ? network.factors + 1 : network.regressors,
        outputs: network.outputs, initialValue: initialValue, pool: pool)
    coordinates = try Self.inverse(of: encoders)
    run = try TaughtRun(
      network, parameters, feedback: network.neurons,
      potentialDeviation: initialPotentialDeviation, seed: seed)
    self.parameters = parameters
  }

  /// u^+ [factor, neuron padded].
  private static func inverse(of encoders: Tensor<Double>) throws -> AlignedBuffer<Double> {
    let (neurons, factors) = (encoders.shape[0], encoders.shape[1])
    let (inverse, rank) = try LinearAlgebra.leastSquares(encoders, .identity(neurons))
    guard rank == factors else {
      throw LearningError(
        "the encoders of \(factors) factors have rank \(rank)", place: "least squares by rows",
        remedy: "Use fewer factors, or more neurons.")
    }
    let length = SymmetricMatrix.padded(neurons)
    let result = AlignedBuffer<Double>(count: factors * length)
    for factor in 0..<factors {
      for neuron in 0..<neurons {
        result.pointer[factor * length + neuron] = inverse[factor, neuron]
      }
    }
    return result
  }

  public mutating func step(_ batch: TrialBatch) throws -> StepMetrics {
    let presentation = try Presentation(batch, network)
    let stepper = try run.makeStepper()
    var (errors, spikes): ([Double], Int) = ([], 0)
    try withoutDenormals {
      warmUp(stepper, presentation)
      for trial in 0..<batch.trials {
        run.begin(stepper)
        let (phase, share) = nextPhase()
        if phase == .learning {
          let result = try learn(stepper, presentation, trial: trial, teacherShare: share)
          spikes += result.spikes
          errors.append(result.error)
        } else {
          spikes += try lead(stepper, presentation, trial: trial, averages: phase == .averaging)
        }
        run.trials += 1
      }
    }
    run.end(stepper)
    updates += 1
    var metrics = metrics(of: batch, errors: errors, spikes: spikes)
    if !errors.isEmpty { metrics.others = learner.metrics }
    return metrics
  }

  /// What the next trial is for, and the teacher's share in what it feeds back.
  mutating func nextPhase() -> (RecursiveLeastSquares.Phase, Double) {
    let start = 2 * settling + averaging
    if trials < settling { return (.settling, 1) }
    if trials < settling + averaging { return (.averaging, 1) }
    if trials < start { return (.settling, 1) }
    guard case .constrained(let constants) = method else { return (.learning, 0) }
    if lessons.untilTeacher == 0 {
      lessons.untilTeacher = constants.run(afterLessons: lessons.count)
      return (.settling, 1)
    }
    lessons.untilTeacher -= 1
    lessons.count += 1
    return (.learning, constants.teacherShare(ofLesson: lessons.count - 1))
  }

  /// Where the constrained method is.
  struct Lessons: Sendable, Equatable {
    /// Trials learned from.
    var count = 0
    /// Trials to come until one is led.
    var untilTeacher = 0
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
