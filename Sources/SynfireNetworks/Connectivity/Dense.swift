import SynfireCore

/// The numbers that adjoints and weights are multiplied as, where they are passed back from a layer to many
/// presynaptic neurons. Spikes, states, and sums are in single precision whatever is chosen.
public enum AdjointPrecision: String, Sendable, Equatable, CaseIterable {
  case single
  /// Rounded to 8 bits, at a fraction of the time on machines with tiles for them (AMX) and at half of it on some
  /// with AVX-512 BF16. Gradients are then off by about a thousandth of their norm (7e-4 to 1.03e-3 in networks of
  /// 220 to 1024 neurons), by more in networks through which adjoints pass many times with a large gain.
  case bfloat16
  /// As integers of 16 bits with a scale for each step of a trial and each presynaptic neuron, at half the time on
  /// machines with AVX-512 VNNI. Gradients are then off by less than a ten-thousandth of their norm (4e-5 to 7e-5 in
  /// networks of 128 to 1024 neurons).
  case int16

  /// What weights are multiplied as; nil for single precision, which connections to fewer than 128 neurons keep
  /// whatever is chosen, as they would not gain from another.
  var matrix: (any PairedMatrix.Type)? {
    switch self {
    case .single: nil
    case .bfloat16: BFloat16Matrix.self
    case .int16: Int16Matrix.self
    }
  }
}

/// All-to-all connectivity with a weight for every pair.
public struct Dense: Connectivity, Equatable {
  public var initialization: Initialization
  public var isTrainable: Bool
  /// Whether neuron i has no synapse onto itself; what its weight says then counts for nothing.
  public var excludesAutapses: Bool
  /// How the fast engine multiplies when adjoints are passed back to many neurons.
  public var adjointPrecision: AdjointPrecision

  /// Weights that start normal with the given standard deviation, or as said.
  public init(
    _ initialization: Initialization, isTrainable: Bool = true, excludesAutapses: Bool = false,
    adjointPrecision: AdjointPrecision = .single
  ) {
    self.initialization = initialization
    self.isTrainable = isTrainable
    self.excludesAutapses = excludesAutapses
    self.adjointPrecision = adjointPrecision
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
      excludesAutapses: excludesAutapses, adjointPrecision: adjointPrecision)
  }

  public func suitsTrialLanes(presynaptic: Int, postsynaptic: Int) -> Bool {
    min(presynaptic, postsynaptic) <= 16
  }
}
