import SynfireCore
import SynfireLearning
import SynfireNetworks

/// The memory that training takes, by what it is for.
public struct MemoryPlan: Sendable {
  public struct Part: Sendable {
    /// A word for programs.
    public let key: String
    public let name: String
    public let bytes: Int
  }

  public let parts: [Part]

  /// Bytes of all parts.
  public var total: Int { parts.reduce(0) { $0 + $1.bytes } }

  /// Counts the memory of an experiment.
  ///
  /// - Throws: `NetworkError` for a network that cannot be made.
  init(_ experiment: Experiment, network: Network, threads: Int) throws {
    let parameters = network.parameterSpecifications.reduce(0) { $0 + $1.shape.reduce(1, *) } * 4
    let trials = experiment.training.trialsPerBatch
    let steps = experiment.task.steps
    let rows = steps * trials
    let task = experiment.task
    // Spikes are bits, padded to words of 64.
    let inputs = rows * (task.hasSpikes ? (network.inputs + 63) / 64 * 8 : network.inputs * 4)
    let windows = task.windowSteps.map { steps / $0 } ?? 1
    let targets =
      task.isClassification ? windows * trials * 8 : rows * network.readout.outputs * 4
    let layout = network.laneLayout(trials: trials, spiking: task.hasSpikes)
    let plan = BatchPlan(trials: trials, layout: layout)
    let shards = plan.blocks.count
    let workers = min(threads, shards)
    let packed = PackedNetwork(
      network, network.initialParameters(seed: 0), layout: layout)
    let sweep = try network.makeSweep(
      layout, packed, steps: steps, blockTrials: plan.blockTrials
    ).byteCount
    parts = [
      Part(key: "parameters", name: "parameters", bytes: parameters),
      Part(key: "optimizer", name: "optimizer moments", bytes: 2 * parameters),
      Part(
        key: "gradients", name: "gradients of \(shards) shards",
        bytes: (shards + 1) * parameters),
      // One trains while the next is made.
      Part(key: "trials", name: "trials of two batches", bytes: 2 * (inputs + targets)),
      Part(key: "sweeps", name: "states and tapes of \(workers) workers", bytes: workers * sweep),
    ]
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
