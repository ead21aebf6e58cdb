import SynfireCore
import SynfireLearning
import SynfireNetworks

/// The states and spikes of a network in explicitly given trials.
///
/// | tensor | shape |
/// |---|---|
/// | `spikes` | [time, trial, neuron]; rates of a rate layer |
/// | `potentials` | [time, trial, neuron], in units of the threshold |
/// | `currents` | [time, trial, neuron] |
/// | `readout` | [time, trial, output] or [trial, output] |
///
/// With several layers the first three are there for each: `spikes.LAYER` and so on.
public enum ExplicitSimulation {
  public static func run(
    _ network: Network, _ parameters: NamedTensors<Float>, trials: TrialsFile, threads: Int
  ) throws -> NamedTensors<Float> {
    let recording = try network.record(
      trials.trialInputs, parameters, lengths: trials.lengths, threads: threads)
    let count = recording.layers.count
    var tensors = NamedTensors<Float>()
    for (layer, record) in zip(recording.layers, recording.records) {
      tensors[ExplicitGradient.layerName("spikes", layer, of: count)] = record.outputs
      tensors[ExplicitGradient.layerName("potentials", layer, of: count)] = record.potentials
      tensors[ExplicitGradient.layerName("currents", layer, of: count)] = record.currents
    }
    tensors["readout"] = recording.readout
    return tensors
  }
}
