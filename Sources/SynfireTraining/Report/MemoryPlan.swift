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
  private static let programBytes = 68_000_000

  public let parts: [Part]
  public let sweep: SweepPlan
  /// Most bytes of all parts; nil where nobody said.
  public let limit: Int?

  /// Bytes of all parts.
  public var total: Int { parts.reduce(0) { $0 + $1.bytes } }

  /// What the experiment's limit leaves for the states and tapes of all workers.
  public var sweepMemory: Int? { limit.map { max(0, $0 - (total - sweep.bytes)) } }

  /// Counts the memory of an experiment.
  ///
  /// - Throws: `NetworkError` for a network that cannot be made.
  init(_ experiment: Experiment, network: Network, threads: Int) throws {
    let trials = experiment.training.trialsPerBatch
    let steps = experiment.task.steps
    let parameters = network.parameterSpecifications.reduce(0) { $0 + $1.shape.reduce(1, *) } * 4
    limit = experiment.training.memory
    func parts(_ plan: SweepPlan) -> [Part] {
      let packed = PackedNetwork(
        network, network.initialParameters(seed: 0), layout: plan.layout)
      let gradient = packed.gradientByteCount(network)
      let workspace = packed.workspaceByteCount(network, trials: plan.blockTrials)
      return [
        Part(key: "program", name: "program", bytes: Self.programBytes),
        // In use, and in the last checkpoint.
        Part(key: "parameters", name: "parameters, twice", bytes: 2 * parameters),
        Part(key: "optimizer", name: "optimizer moments, twice", bytes: 4 * parameters),
        // The weights in the layout of gradients, once by row and once by column.
        Part(key: "packed", name: "weights as the kernels read them", bytes: 2 * gradient),
        // Two shards may wait for a slower one.
        Part(
          key: "gradients", name: "sums of gradients",
          bytes: (min(plan.shards, plan.workers + 2) + 1) * gradient),
        Part(
          key: "workspaces", name: "gradients of \(plan.workers) workers",
          bytes: plan.workers * workspace),
        Part(
          key: "trials", name: "trials of two batches, outputs",
          bytes: Self.trialBytes(experiment, network)),
        Part(
          key: "sweeps", name: "states and tapes of \(plan.workers) workers", bytes: plan.bytes),
      ]
    }
    func plan(_ limit: Int) throws -> SweepPlan {
      try SweepPlan(
        network, steps: steps, trials: trials, spiking: experiment.task.hasSpikes,
        threads: threads, limit: limit)
    }
    var sweep = try plan(limit == nil ? SweepPlan.defaultLimit : .max)
    var counted = parts(sweep)
    if let limit {
      // Once more where too little memory for trials as lanes changes the other parts.
      for _ in 0..<2 {
        let others = counted.reduce(0) { $0 + $1.bytes } - sweep.bytes
        sweep = try plan(max(0, limit - others))
        counted = parts(sweep)
      }
    }
    self.sweep = sweep
    self.parts = counted
  }

  /// Inputs and targets of the batch that trains and of the next, and the outputs of one.
  private static func trialBytes(_ experiment: Experiment, _ network: Network) -> Int {
    let task = experiment.task
    let trials = experiment.training.trialsPerBatch
    let rows = task.steps * trials
    // Spikes are bits, padded to words of 64.
    let inputs = rows * (task.hasSpikes ? (network.inputs + 63) / 64 * 8 : network.inputs * 4)
    let windows = task.windowSteps.map { task.steps / $0 } ?? 1
    let outputs = rows * network.readout.outputs * 4
    let targets = task.isClassification ? windows * trials * 8 : outputs
    let read = network.readout.shape(steps: task.steps, trials: trials).shape.reduce(1, *)
    return 2 * (inputs + targets) + 2 * 4 * read
  }

  /// - Throws: `TrainingError` saying the least that would do, if training takes more memory than is
  ///   allowed, or than there is.
  public func requireFit() throws {
    let most = limit ?? Int(ProcessInfo.processInfo.physicalMemory)
    guard total > most else { return }
    throw TrainingError(
      "training takes at least \(Self.text(total)), \(limit == nil ? "there" : "allowed") are "
        + Self.text(most),
      place: "training.memory",
      remedy: (limit == nil ? "" : "allow more, or ")
        + "lower training.trialsPerBatch or --threads")
  }

  /// How the tape is cut, in words.
  var cut: String {
    sweep.segments == 1
      ? "the tape holds all steps"
      : "the tape holds \(sweep.segmentSteps) steps; \(sweep.segments) segments are run forward twice"
  }

  /// `12.3 MB`, by powers of 1000.
  public static func text(_ bytes: Int) -> String {
    var value = Double(bytes)
    for unit in ["B", "kB", "MB", "GB"] {
      if value < 1000 { return "\((value * 10).rounded() / 10) \(unit)" }
      value /= 1000
    }
    return "\((value * 10).rounded() / 10) TB"
  }
}
