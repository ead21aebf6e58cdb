import SynfireCore

extension ReferenceEngine {
  /// dL/dI of every neuron at every step, by layer and trial: [time][neuron].
  ///
  /// I is the synaptic drive, so that this is dL/dv times what a current changes v by. It shows how far
  /// back in time a loss is felt.
  ///
  /// - Parameter readoutAdjoint: dL/d(readout), of the readout's shape.
  public func driveAdjoints(
    _ run: Run, readoutAdjoint: Tensor<Double>, _ parameters: NamedTensors<Double>
  ) throws -> [[[[Double]]]] {
    let weights = matrices(parameters)
    let neurons = try neuronParameters(parameters)
    var result: [[[[Double]]]] = layers.map { _ in [] }
    for trial in run.inputs.indices {
      var adjoint = readoutGradient(run, trial: trial, readoutAdjoint, weights.last!.input).outputs
      for index in layers.indices.reversed() {
        let gone = layers[index].gradient(
          index == 0 ? run.inputs[trial] : run.traces[index - 1][trial].outputs,
          inputWeights: weights[index].input, recurrentWeights: weights[index].recurrent,
          neurons: neurons[index], outputAdjoints: adjoint, from: layerStart(run, index, trial))
        result[index].append(gone.drives)
        adjoint = gone.inputs
      }
    }
    return result
  }
}
