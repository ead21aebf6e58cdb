import Synchronization
import SynfireCore

/// Synapses of which a part is connected, each of a fixed sign: W = s theta where theta > 0, else 0.
///
/// theta [postsynaptic, presynaptic] is trained, dormant synapses included: its gradient is s dL/dW
/// everywhere, which is what DEEP R needs to move connections (Bellec, Kappel, Maass & Legenstein 2018).
/// Without `Signs`, each synapse has a sign of its own, drawn once.
public struct Sparse: Connectivity {
  /// The part of the synapses that is connected, above 0 and at most 1.
  public let density: Double
  public let signs: Signs?
  /// Whether neuron i may not connect to itself.
  public let excludesAutapses: Bool
  /// Whether those that are excluded may all the same hold connections, which do nothing but count in a
  /// bound (Bellec et al. 2018, code).
  public let countsAutapses: Bool
  let seed: UInt64
  let name: String
  private let known = KnownFactors()

  /// - Parameter name: of the connection; initial connections are a function of it and of the seed.
  /// - Throws: `NetworkError` for a density that is not above 0 and at most 1.
  public init(
    density: Double, signs: Signs? = nil, excludesAutapses: Bool = false,
    countsAutapses: Bool = false, seed: UInt64, name: String
  ) throws {
    guard density > 0, density <= 1 else {
      throw NetworkError(
        "a connectivity of \(density) is not above 0 and at most 1", place: name,
        remedy: "Say which part of the synapses is connected, such as 12 %.")
    }
    self.density = density
    self.signs = signs
    self.excludesAutapses = excludesAutapses
    self.countsAutapses = countsAutapses
    self.seed = seed
    self.name = name
  }

  public func specifications(presynaptic: Int, postsynaptic: Int) -> [ParameterSpecification] {
    [
      ParameterSpecification(
        name: "weights", axes: ["neuron", "presynaptic"], shape: [postsynaptic, presynaptic],
        initialization: .values(
          initialWeights(presynaptic: presynaptic, postsynaptic: postsynaptic)))
    ]
  }

  public func weights(
    _ parameters: NamedTensors<Double>, presynaptic: Int, postsynaptic: Int
  ) -> Tensor<Double> {
    var weights = parameters["weights"]!
    let factors = factors(presynaptic: presynaptic, postsynaptic: postsynaptic)
    for index in weights.values.indices {
      weights.values[index] = max(0, weights.values[index]) * factors[index]
    }
    return weights
  }

  public func gradient(
    ofWeights gradient: Tensor<Double>, _ parameters: NamedTensors<Double>
  ) -> NamedTensors<Double> {
    var result = gradient
    let factors = factors(presynaptic: gradient.shape[1], postsynaptic: gradient.shape[0])
    for index in result.values.indices { result.values[index] *= factors[index] }
    return NamedTensors([("weights", result)])
  }

  public func packed(
    _ parameters: NamedTensors<Float>, presynaptic: Int, postsynaptic: Int, spiking: Bool
  ) -> any PackedConnectivity {
    let factors = factors(presynaptic: presynaptic, postsynaptic: postsynaptic).map(Float.init)
    var weights = parameters["weights"]!
    for index in weights.values.indices {
      weights.values[index] = max(0, weights.values[index]) * factors[index]
    }
    return DerivedConnectivity(weights: weights) { gradient in
      var result = gradient
      for index in result.values.indices { result.values[index] *= factors[index] }
      return NamedTensors([("weights", result)])
    }
  }

  /// The sign of every synapse [postsynaptic, presynaptic], 0 for autapses that are excluded.
  public func factors(presynaptic: Int, postsynaptic: Int) -> [Double] {
    known.factors([presynaptic, postsynaptic]) {
      var stream = RandomStream(seed: seed, stream: "synapse signs \(name)")
      return (0..<postsynaptic * presynaptic).map { index in
        let (post, pre) = index.quotientAndRemainder(dividingBy: presynaptic)
        let sign = signs.map { Double($0.values[pre]) } ?? (stream.bernoulli(0.5) ? 1 : -1)
        return excludesAutapses && post == pre ? 0 : sign
      }
    }
  }
}

/// Signs by the sizes of a connection: they never change, and every update asks.
private final class KnownFactors: Sendable {
  private let factors = Mutex<[[Int]: [Double]]>([:])

  func factors(_ sizes: [Int], make: () -> [Double]) -> [Double] {
    if let found = factors.withLock({ $0[sizes] }) { return found }
    let made = make()
    factors.withLock { $0[sizes] = made }
    return made
  }
}
