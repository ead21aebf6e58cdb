import SynfireCore
import SynfireNetworks

extension Network {
  /// Runs trials and keeps the states and spikes of every neuron at every step.
  ///
  /// - Parameters:
  ///   - lengths: steps of each trial, after which all is 0; nil where all have every step.
  ///   - threads: worker threads; results do not depend on their number.
  /// - Throws: `NetworkError` for parameters that do not fit, `LearningError` for inputs that do not.
  public func record(
    _ inputs: TrialInputs, _ parameters: NamedTensors<Float>, lengths: [Int]? = nil, threads: Int
  ) throws -> Recording {
    try validate(parameters)
    let engine = BatchEngine(self, threads: threads)
    let packed = try engine.pack(parameters, for: inputs, isPlain: lengths == nil)
    return try engine.record(inputs, lengths: lengths, packed)
  }
}
