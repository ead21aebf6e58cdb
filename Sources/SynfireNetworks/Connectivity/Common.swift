import SynfireCore

/// One weight for all pairs: every neuron gets the same current, the weight times the number of spikes, such
/// as a common inhibition.
///
/// Tensor: `weight` [1].
public struct Common: Connectivity, Equatable {
  public var weight: Double
  public var isTrainable: Bool

  public init(_ weight: Double, isTrainable: Bool = false) {
    self.weight = weight
    self.isTrainable = isTrainable
  }

  public func specifications(presynaptic: Int, postsynaptic: Int) -> [ParameterSpecification] {
    [
      ParameterSpecification(
        name: "weight", axes: ["weight"], shape: [1], initialization: .constant(weight),
        isTrainable: isTrainable)
    ]
  }

  public func weights(
    _ parameters: NamedTensors<Double>, presynaptic: Int, postsynaptic: Int
  ) -> Tensor<Double> {
    Tensor(
      axes: ["neuron", "presynaptic"], shape: [postsynaptic, presynaptic],
      repeating: parameters["weight"]!.values[0])
  }

  public func gradient(
    ofWeights gradient: Tensor<Double>, _ parameters: NamedTensors<Double>
  ) -> NamedTensors<Double> {
    named(gradient.values.reduce(0, +))
  }

  /// A mode of ones whose score is the weight: spikes are counted, not propagated.
  public func packed(
    _ parameters: NamedTensors<Float>, presynaptic: Int, postsynaptic: Int, spiking: Bool
  ) -> any PackedConnectivity {
    func ones(_ count: Int) -> Tensor<Float> {
      Tensor(axes: ["neuron", "mode"], shape: [count, 1], repeating: 1)
    }
    let factors = ModeFactors<Float>(
      inputModes: ones(postsynaptic), outputModes: ones(presynaptic),
      scores: Tensor(axes: ["mode"], shape: [1], values: parameters["weight"]!.values))
    return DerivedConnectivity(factors.packed(presynaptic: presynaptic, spiking: spiking)) {
      named($0["scores"]!.values[0])
    }
  }

  private func named<Scalar>(_ gradient: Scalar) -> NamedTensors<Scalar> {
    NamedTensors([("weight", Tensor(axes: ["weight"], shape: [1], values: [gradient]))])
  }
}
