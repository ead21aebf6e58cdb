import SynfireCore
import SynfireNetworks

extension Network {
  /// Runs trials and keeps the states and spikes of every neuron at every step.
  ///
  /// - Parameter threads: worker threads; results do not depend on their number.
  /// - Throws: `NetworkError` for parameters that do not fit, `LearningError` for inputs that do not.
  public func record(
    _ inputs: TrialInputs, _ parameters: NamedTensors<Float>, threads: Int
  ) throws -> Recording {
    try validate(parameters)
    let engine = BatchEngine(self, threads: threads)
    return try engine.record(inputs, engine.pack(parameters, for: inputs))
  }
}
