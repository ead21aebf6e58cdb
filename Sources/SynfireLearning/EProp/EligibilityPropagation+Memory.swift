import SynfireCore
import SynfireNetworks

/// What e-prop keeps, none of which grows with the steps of a trial but the outputs.
public struct EligibilityMemory: Sendable {
  /// Threads that have trials to work on.
  public let workers: Int
  /// Bytes of the eligibility traces of the trials that are worked on.
  public let traces: Int
  /// Bytes of the sums of gradients, of the trials that are worked on and of those that are done.
  public let sums: Int

  /// - Parameter threads: worker threads.
  public init(_ network: Network, trials: Int, steps: Int, threads: Int) {
    let shards = BatchPlan(trials: trials, layout: .neurons).blocks.count
    workers = min(threads, shards)
    let (outputs, window) = (network.readout.outputs, network.readout.window)
    var (traces, sums) = (0, 0)
    for (prefix, _, presynaptic, postsynaptic) in network.connections {
      if prefix == "readout" {
        sums += presynaptic * postsynaptic
      } else {
        traces += EligibilityTraces<Float>.byteCount(
          presynaptic: presynaptic, postsynaptic: postsynaptic, sums: window > 1)
        // Gradients, and what multiplies terms that do not depend on the step.
        sums += 2 * presynaptic * postsynaptic
      }
    }
    self.traces = workers * traces
    // A worker has the sum of its shard and that of a trial; each row of outputs is an array.
    self.sums =
      4 * sums * (shards + 2 * workers + 1)
      + trials * (steps / window) * (40 + (4 * outputs + 15) / 16 * 16)
  }
}
