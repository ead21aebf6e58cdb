import SynfireCore

/// All-to-all connectivity with a weight for every pair.
public struct Dense: Connectivity, Equatable {
  public var initialization: Initialization
  public var isTrainable: Bool
  /// Whether neuron i has no synapse onto itself; what its weight says then counts for nothing.
  public var excludesAutapses: Bool

  /// Weights that start normal with the given standard deviation, or as said.
  public init(
    _ initialization: Initialization, isTrainable: Bool = true, excludesAutapses: Bool = false
  ) {
    self.initialization = initialization
    self.isTrainable = isTrainable
    self.excludesAutapses = excludesAutapses
  }

  public func specifications(presynaptic: Int, postsynaptic: Int) -> [ParameterSpecification] {
    [
      ParameterSpecification(
        name: "weights", axes: ["neuron", "presynaptic"], shape: [postsynaptic, presynaptic],
        initialization: initialization, isTrainable: isTrainable)
    ]
  }

  public func weights(
    _ parameters: NamedTensors<Double>, presynaptic: Int, postsynaptic: Int
  ) -> Tensor<Double> {
    masked(parameters["weights"]!)
  }

  private func masked<Scalar: TensorScalar>(_ weights: Tensor<Scalar>) -> Tensor<Scalar> {
    guard excludesAutapses else { return weights }
    var result = weights
    for neuron in 0..<min(weights.shape[0], weights.shape[1]) {
      result.values[neuron * weights.shape[1] + neuron] = 0
    }
    return result
  }

  public func gradient(
    ofWeights gradient: Tensor<Double>, _ parameters: NamedTensors<Double>
  ) -> NamedTensors<Double> {
    NamedTensors([("weights", masked(gradient))])
  }

  public func packed(
    _ parameters: NamedTensors<Float>, presynaptic: Int, postsynaptic: Int, spiking: Bool
  ) -> any PackedConnectivity {
    PackedDense(
      weights: masked(parameters["weights"]!), spiking: spiking,
      excludesAutapses: excludesAutapses)
  }

  public func suitsTrialLanes(presynaptic: Int, postsynaptic: Int) -> Bool {
    min(presynaptic, postsynaptic) <= 16
  }
}
