import Foundation
import SynfireCore
import SynfireLearning
import SynfireNetworks

/// The memory that training takes, by what it is for, and the segments that make it fit.
public struct MemoryPlan: Sendable {
  public struct Part: Sendable {
    /// A word for programs.
    public let key: String
    public let name: String
    public let bytes: Int
  }

  /// The program and its libraries, measured with a network of few neurons.
  fileprivate static let programBytes = 68_000_000

  public let parts: [Part]
  /// How the network is swept: in training, or by a rule without a tape only when it is evaluated; nil for a
  /// network with feedback, which is stepped.
  public let sweep: SweepPlan?
  /// Whether training keeps a tape.
  public let hasTape: Bool

  /// The sweep whose tape training keeps, if it keeps one.
  var tape: SweepPlan? { hasTape ? sweep : nil }

  /// Most bytes of all parts; nil where nobody said.
  public let limit: Int?

  /// Bytes of all parts.
  public var total: Int { parts.reduce(0) { $0 + $1.bytes } }

  /// What the experiment's limit leaves for the states and tapes of all workers.
  public var sweepMemory: Int? { limit.map { max(0, $0 - (total - (sweep?.bytes ?? 0))) } }

  /// Counts the memory of an experiment.
  ///
  /// - Throws: `NetworkError` for a network that cannot be made.
  init(_ experiment: Experiment, network: Network, threads: Int) throws {
    limit = experiment.training.memory
    let count = MemoryCount(experiment, network, threads)
    switch experiment.learning.rule {
    case .eligibility:
      hasTape = false
      let plan = try count.sweep(limit: 0)
      (sweep, parts) = (plan, count.parts(ofEligibility: plan))
    case .backpropagation, .leastSquares, .constrainedLeastSquares, .evolution:
      hasTape = true
      var plan = try count.sweep(limit: limit == nil ? SweepPlan.defaultLimit : .max)
      var counted = count.parts(plan)
      if let limit {
        // Once more where too little memory for trials as lanes changes the other parts.
        for _ in 0..<2 {
          let others = counted.reduce(0) { $0 + $1.bytes } - plan.bytes
          plan = try count.sweep(limit: max(0, limit - others))
          counted = count.parts(plan)
        }
      }
      (sweep, parts) = (plan, counted)
    }
  }

  /// Counts the memory of an experiment whose network has feedback.
  init(_ experiment: Experiment, network: FeedbackNetwork) {
    let numbers = network.parameterSpecifications.reduce(0) { $0 + $1.shape.reduce(1, *) }
    let regressors = SymmetricMatrix.padded(network.regressors)
    let learned = network.factors + network.outputs
    limit = experiment.training.memory
    (sweep, hasTape) = (nil, false)
    parts =
      [
        Part(key: "program", name: "program", bytes: Self.programBytes),
        // In use, in the last checkpoint, and as the steps read them.
        Part(key: "parameters", name: "parameters, three times", bytes: 16 * numbers),
        Self.correlations(experiment, network),
        Part(
          key: "decoders", name: "what is learned",
          bytes: (network.recurrence == nil ? 16 * learned : 40 * network.neurons) * regressors),
        Part(
          key: "trials", name: "trials of two batches, outputs",
          bytes: experiment.task.batchBytes(trials: experiment.training.trialsPerBatch)),
      ] + (experiment.teacher.map { [Self.rateNetwork($0, experiment)] } ?? [])
  }

  /// Counts the memory of an experiment whose network acts.
  init(_ experiment: Experiment, network: ControlNetwork, threads: Int) {
    let numbers = network.parameterSpecifications.reduce(0) { $0 + $1.shape.reduce(1, *) }
    limit = experiment.training.memory
    (sweep, hasTape) = (nil, false)
    parts = [
      Part(key: "program", name: "program", bytes: Self.programBytes),
      // In single and double precision, in use and in the last checkpoint, with two moments.
      Part(key: "parameters", name: "parameters and moments", bytes: 80 * numbers),
      Part(key: "members", name: "members of \(threads) threads", bytes: 16 * threads * numbers),
      Self.shown(experiment, threads: threads),
    ]
  }

  /// What a network that acts sees.
  private static func shown(_ experiment: Experiment, threads: Int) -> Part {
    let (task, trials) = (experiment.task, experiment.training.trialsPerBatch)
    if case .control = task {
      return Part(key: "trials", name: "episodes", bytes: 64 * trials * (16 + task.inputChannels))
    }
    // The batch, and its bins in numbers; the answers of a member of each thread, with their adjoints.
    let bins = task.steps / max(1, experiment.network.control?.binSteps ?? 1) + 1
    let answers = 8 * threads * task.answers * task.outputs
    return Part(
      key: "trials", name: "trials of two batches, answers",
      bytes: task.batchBytes(trials: trials)
        + trials * (4 * bins * task.inputChannels + answers))
  }

  /// The rate network that teaches: its matrices, and the activity of all units in the two trials at a time from
  /// which the components are found, as measured; more than it takes later, when it makes factors.
  private static func rateNetwork(_ teacher: TeacherDescription, _ experiment: Experiment) -> Part {
    let (units, leadIn) =
      switch teacher.source {
      case .driven(let driven): (driven.units, driven.leadIn)
      case .trained: (TeacherDescription.publishedUnits, 0)
      }
    // The longer of two trials may have twice the steps of the average.
    let numbers = 2 * 2 * (experiment.task.steps + leadIn) * units
    return Part(
      key: "teacher", name: "rate network that teaches", bytes: 64 * units * units + 32 * numbers)
  }

  /// The matrices of least squares: the triangles in checkpoints, and those that are computed with.
  private static func correlations(_ experiment: Experiment, _ network: FeedbackNetwork) -> Part {
    func bytes(_ regressors: Int) -> Int {
      let padded = SymmetricMatrix.padded(regressors)
      return 8 * padded * padded + 8 * regressors * (regressors + 1)
    }
    if let recurrence = network.recurrence,
      case .leastSquares(let constants) = experiment.learning.rule
    {
      let sizes = recurrence.inputs.map { $0.count * max(1, network.traces.count) }
      return Part(
        key: "inverseCorrelation", name: "inverse correlations, in checkpoints too",
        bytes: sizes.reduce(0) { $0 + bytes($1) + 8 * constants.blockSize * ($1 + 8) })
    }
    return Part(
      key: "inverseCorrelation",
      name: (network.recurrence == nil ? "inverse correlation" : "correlation")
        + ", in checkpoints too", bytes: bytes(network.regressors))
  }

  /// - Throws: `TrainingError` saying the least that would do, if training takes more memory than is
  ///   allowed, or than there is.
  public func requireFit() throws {
    let most = limit ?? Int(ProcessInfo.processInfo.physicalMemory)
    guard total > most, let largest = parts.max(by: { $0.bytes < $1.bytes }) else { return }
    let (needed, there) = ByteCount.texts(needed: Double(total), there: Double(most))
    throw TrainingError(
      "training takes at least \(needed), \(limit == nil ? "there" : "allowed") are \(there); most, "
        + "\(Self.text(largest.bytes)), is for \(largest.name)",
      place: limit == nil ? "memory" : "training.memory",
      remedy: (limit == nil ? "" : "allow more, or ")
        + "lower training.trialsPerBatch or --threads")
  }

  /// How the tape is cut, in words.
  var cut: String {
    guard let sweep = tape else { return "there is no tape" }
    if sweep.segments == 1 { return "the tape holds all steps" }
    let tape = "the tape holds \(sweep.segmentSteps) steps"
    return sweep.runsStepsOnce
      ? "\(tape); that of \(sweep.segments) segments is found again by spikes and numbers that are kept"
      : "\(tape); \(sweep.segments) segments are run forward twice"
  }

  /// `12.3 MB`, by powers of 1000.
  public static func text(_ bytes: Int) -> String { ByteCount.text(Double(bytes)) }
}

/// Counts the parts of the memory of an experiment.
private struct MemoryCount {
  private let experiment: Experiment
  private let network: Network
  private let threads: Int

  init(_ experiment: Experiment, _ network: Network, _ threads: Int) {
    self.experiment = experiment
    self.network = network
    self.threads = threads
  }

  func sweep(limit: Int) throws -> SweepPlan {
    var sweepsAhead = experiment.learning.regularizers.needsRates
    if case .eligibility = experiment.learning.rule { sweepsAhead = false }
    return try SweepPlan(
      network, steps: experiment.task.steps, trials: experiment.training.trialsPerBatch,
      spiking: experiment.task.hasSpikes, sweepsAhead: sweepsAhead, threads: threads, limit: limit)
  }

  /// Of back-propagation.
  func parts(_ plan: SweepPlan) -> [MemoryPlan.Part] {
    let packed = packed(plan)
    let gradient = packed.gradientByteCount(network)
    let workspace = packed.workspaceByteCount(network, trials: plan.blockTrials)
    return common(gradient) + [
      // Two shards may wait for a slower one.
      part(
        "gradients", "sums of gradients", (min(plan.shards, plan.workers + 2) + 1) * gradient),
      part("workspaces", "gradients of \(plan.workers) workers", plan.workers * workspace),
      trials,
      part("sweeps", "states and tapes of \(plan.workers) workers", plan.bytes),
    ]
  }

  /// Of e-prop, which evaluates by sweeps.
  func parts(ofEligibility plan: SweepPlan) -> [MemoryPlan.Part] {
    let memory = EligibilityMemory(
      network, trials: experiment.training.trialsPerBatch, steps: experiment.task.steps,
      threads: threads)
    return common(packed(plan).gradientByteCount(network)) + [
      part("traces", "eligibility traces of \(memory.workers) workers", memory.traces),
      part("gradients", "sums of gradients", memory.sums),
      trials,
      part("sweeps", "states of validation and test", plan.bytes),
    ]
  }

  /// - Parameter gradient: bytes of the weights in the layout of gradients.
  private func common(_ gradient: Int) -> [MemoryPlan.Part] {
    let parameters = network.parameterSpecifications.reduce(0) { $0 + $1.shape.reduce(1, *) } * 4
    return [
      part("program", "program", MemoryPlan.programBytes),
      // In use, and in the last checkpoint.
      part("parameters", "parameters, twice", 2 * parameters),
      part("optimizer", "optimizer moments, twice", 4 * parameters),
      // Once by row and once by column.
      part("packed", "weights as the kernels read them", 2 * gradient),
    ]
  }

  private var trials: MemoryPlan.Part {
    part(
      "trials", "trials of two batches, outputs",
      experiment.task.batchBytes(trials: experiment.training.trialsPerBatch))
  }

  private func packed(_ plan: SweepPlan) -> PackedNetwork {
    PackedNetwork(network, network.initialParameters(seed: 0), layout: plan.layout)
  }

  private func part(_ key: String, _ name: String, _ bytes: Int) -> MemoryPlan.Part {
    MemoryPlan.Part(key: key, name: name, bytes: bytes)
  }
}
