import SynfireCore

extension AdaptiveLIF {
  /// The thresholds A_t of every neuron in a trial, [time][neuron], in the unit of the potential.
  ///
  /// - Parameters:
  ///   - spikes: [time, trial, neuron] of the layer.
  ///   - tensors: the layer's trained tensors, by local names.
  /// - Throws: `NetworkError` when there are not as many values as neurons.
  public func thresholds(
    of spikes: SpikeTensor, trial: Int, _ tensors: NamedTensors<Double>
  ) throws -> [[Double]] {
    let parameters = try kernelParameters(tensors, neurons: spikes.neurons)
    let (baseline, strength, rho) = (parameters[0], parameters[1], parameters[3])
    var adaptation = [Double](repeating: 0, count: spikes.neurons)
    var spiked: [Int] = []
    return (0..<spikes.steps).map { step in
      for neuron in adaptation.indices { adaptation[neuron] *= rho[neuron] }
      for neuron in spiked {
        adaptation[neuron] += convention.scalesAdaptation ? 1 - rho[neuron] : 1
      }
      spiked.removeAll(keepingCapacity: true)
      spikes.forEachSpike(step: step, trial: trial) { spiked.append($0) }
      return adaptation.indices.map { baseline[$0] + strength[$0] * adaptation[$0] }
    }
  }
}
