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
  func record(_ inputs: TrialInputs, _ packed: PackedNetwork) throws -> Recording {
    try validate(inputs)
    let empty = Recording(
      layers: network.layers.map(\.name),
      records: network.layers.map {
        LayerRecord(steps: inputs.steps, trials: inputs.trials, neurons: $0.neurons)
      }, readout: emptyReadout(inputs))
    let recording = Mutex(empty)
    try forEachShard(inputs, packed) { _, sweep, blocks in
      for (activity, block) in blocks {
        let records = sweep.record(packed, activity, trials: block.count)
        let outputs = sweep.readoutBlock
        recording.withLock { recording in
          for (layer, record) in records.enumerated() {
            recording.records[layer].insert(record, trials: block)
          }
          for step in 0..<outputs.steps {
            for (row, trial) in block.enumerated() {
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
    return recording.withLock { $0 }
  }
}
