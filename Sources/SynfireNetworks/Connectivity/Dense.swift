import SynfireCore

/// All-to-all connectivity with a weight for every pair.
public struct Dense: Connectivity, Equatable {
  public var initialization: Initialization
  public var isTrainable: Bool

  /// Weights that start normal with the given standard deviation, or as said.
  public init(_ initialization: Initialization, isTrainable: Bool = true) {
    self.initialization = initialization
    self.isTrainable = isTrainable
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
    parameters["weights"]!
  }

  public func gradient(
    ofWeights gradient: Tensor<Double>, _ parameters: NamedTensors<Double>
  ) -> NamedTensors<Double> {
    NamedTensors([("weights", gradient)])
  }

  public func packed(
    _ parameters: NamedTensors<Float>, presynaptic: Int, postsynaptic: Int, spiking: Bool
  ) -> any PackedConnectivity {
    PackedDense(weights: parameters["weights"]!, spiking: spiking)
  }

  public func suitsTrialLanes(presynaptic: Int, postsynaptic: Int) -> Bool {
    min(presynaptic, postsynaptic) <= 16
  }
}
