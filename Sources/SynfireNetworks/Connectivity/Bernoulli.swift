import SynfireCore

/// Synapses that are single bits: all of one strength, there with a probability that is learned (Wang et al.
/// 2023), W = strength sign theta, theta being 1 where the synapse is there and 0 where it is not.
///
/// Tensor: `probabilities` [postsynaptic, presynaptic]. Members of a population that `EvolvingConnectivity`
/// draws for it are zeros and ones, and stand for themselves. Rules that go along a gradient take
/// dW / d probability for strength sign: exact for expected synapses, an estimate ("straight through") for
/// others.
///
/// `BernoulliNetwork` has such synapses only, and computes with bits; this is for networks of layers, together
/// with any other connectivity.
public struct Bernoulli: Connectivity, Equatable {
  /// Which synapses are there.
  public enum Presence: Sendable, Equatable {
    /// Those of a probability above 0.5.
    case likely
    /// Each with its probability, by random numbers that are a function of the seed, the name of the connection and
    /// the synapse.
    case drawn(seed: UInt64, name: String = "")
    /// All, each weaker by its probability.
    case expected
  }

  public var strength: Double
  /// Dale's law: the signs of the presynaptic neurons; nil for +1.
  public var signs: Signs?
  public var presence: Presence
  /// Probabilities at first.
  public var initialization: Initialization

  public init(
    strength: Double, signs: Signs? = nil, presence: Presence = .likely,
    initialization: Initialization = .constant(0.5)
  ) {
    self.strength = strength
    self.signs = signs
    self.presence = presence
    self.initialization = initialization
  }

  public func specifications(presynaptic: Int, postsynaptic: Int) -> [ParameterSpecification] {
    [
      ParameterSpecification(
        name: "probabilities", axes: ["neuron", "presynaptic"], shape: [postsynaptic, presynaptic],
        initialization: initialization)
    ]
  }

  public func weights(
    _ parameters: NamedTensors<Double>, presynaptic: Int, postsynaptic: Int
  ) -> Tensor<Double> {
    present(parameters["probabilities"]!)
  }

  public func gradient(
    ofWeights gradient: Tensor<Double>, _ parameters: NamedTensors<Double>
  ) -> NamedTensors<Double> {
    NamedTensors([("probabilities", signed(gradient))])
  }

  public func packed(
    _ parameters: NamedTensors<Float>, presynaptic: Int, postsynaptic: Int, spiking: Bool
  ) -> any PackedConnectivity {
    let weights: Tensor<Float> = present(parameters["probabilities"]!.converted()).converted()
    let base = PackedDense(weights: weights, spiking: spiking)
    return DerivedConnectivity(base) { [self] in
      NamedTensors([("probabilities", signed($0["weights"]!))])
    }
  }

  /// Strength and sign of the synapses that are there.
  private func present(_ probabilities: Tensor<Double>) -> Tensor<Double> {
    var result = probabilities
    switch presence {
    case .likely:
      for index in result.values.indices {
        result.values[index] = result.values[index] > 0.5 ? 1 : 0
      }
    case .drawn(let seed, let name):
      var stream = RandomStream(seed: seed, stream: "synapses \(name)")
      for index in result.values.indices {
        result.values[index] = stream.bernoulli(result.values[index]) ? 1 : 0
      }
    case .expected:
      for index in result.values.indices {
        result.values[index] = min(1, max(0, result.values[index]))
      }
    }
    return signed(result)
  }

  /// Times strength and sign.
  private func signed<Scalar: TensorScalar>(_ tensor: Tensor<Scalar>) -> Tensor<Scalar> {
    var result = tensor
    let presynaptic = tensor.shape[1]
    for index in result.values.indices {
      let sign = signs?.values[index % presynaptic] ?? 1
      result.values[index] *= Scalar(strength * Double(sign))
    }
    return result
  }
}
