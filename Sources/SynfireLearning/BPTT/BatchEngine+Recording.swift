import Synchronization
import SynfireCore
import SynfireNetworks

/// What a network did in a batch.
public struct Recording: Sendable {
  /// The names of the layers, in order.
  public var layers: [String]
  /// What each layer did.
  public var records: [LayerRecord]
  /// [time, trial, output] or [trial, output].
  public var readout: Tensor<Float>

  /// Spikes of a layer [time, trial, neuron]; nil for rate layers.
  public func spikes(ofLayer index: Int) -> SpikeTensor? {
    SpikeTensor(dense: records[index].outputs)
  }
}

extension BatchEngine {
  /// Runs a batch and keeps outputs, potentials and currents of every neuron at every step.
  ///
  /// - Parameter lengths: of the trials, after which all is 0; nil where all have every step.
  func record(
    _ inputs: TrialInputs, lengths: [Int]?, _ packed: PackedNetwork
  ) throws -> Recording {
    try validate(inputs)
    let trials = try SortedTrials(
      TrialBatch(inputs: inputs, targets: .classes([]), lengths: lengths), nil, network)
    let inputs = trials.batch.inputs
    let rows = trials.batch.lengths.map { $0.map { network.readout.rows(steps: $0) } }
    let empty = Recording(
      layers: network.layers.map(\.name),
      records: network.layers.map {
        LayerRecord(steps: inputs.steps, trials: inputs.trials, neurons: $0.neurons)
      }, readout: emptyReadout(inputs))
    let recording = Mutex(empty)
    try forEachShard(inputs, areRagged: lengths != nil, packed) { _, sweep, blocks in
      for (activity, block) in blocks {
        let records = sweep.record(
          packed, activity, trials: block.count, lengths: trials.lengths(block))
        let outputs = sweep.readoutBlock
        recording.withLock { recording in
          for (layer, record) in records.enumerated() {
            recording.records[layer].insert(record, trials: block)
          }
          for step in 0..<outputs.steps {
            for (row, trial) in block.enumerated() where step < rows?[trial] ?? .max {
              for output in 0..<outputs.count {
                recording.readout.values[
                  (step * inputs.trials + trial) * outputs.count + output] =
                  outputs.outputs[step * outputs.stepStride + row * outputs.trialStride + output]
              }
            }
          }
        }
      }
    }
    var result = recording.withLock { $0 }
    result.readout = trials.restored(result.readout)
    result.records = result.records.map(trials.restored)
    return result
  }
}
