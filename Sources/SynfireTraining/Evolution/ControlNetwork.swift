import SynfireCore
import SynfireLearning
import SynfireNetworks

/// A network that acts, with what its observations are normalised by: it cannot act without.
struct ControlNetwork: ParameterizedNetwork {
  let network: any EvolvableNetwork
  /// Numbers that are normalised; nil for none.
  let normalized: Int?

  var parameterSpecifications: [ParameterSpecification] {
    network.parameterSpecifications
      + (normalized.map { count in
        [(Self.mean, 0.0), (Self.deviation, 1)].map { name, value in
          ParameterSpecification(
            name: name, axes: ["observation"], shape: [count], initialization: .constant(value),
            isTrainable: false)
        }
      } ?? [])
  }

  private static let mean = "normalizer.mean"
  private static let deviation = "normalizer.deviation"

  /// Mean and deviation.
  static func normalizer(_ normalizer: ObservationNormalizer?) -> NamedTensors<Float> {
    guard let normalizer else { return NamedTensors() }
    return NamedTensors(
      [(mean, normalizer.mean), (deviation, normalizer.deviation)].map { name, values in
        (
          name,
          Tensor(axes: ["observation"], shape: [values.count], values: values.map { Float($0) })
        )
      })
  }

  /// The state of a normaliser with mean and deviation of these parameters, as if one observation had made it.
  static func state(of parameters: NamedTensors<Float>) -> NamedTensors<Double> {
    guard let mean = parameters[mean]?.values, let deviation = parameters[deviation]?.values else {
      return NamedTensors()
    }
    func vector(_ name: String, _ values: [Double]) -> (String, Tensor<Double>) {
      ("normalizer.\(name)", Tensor(axes: ["value"], shape: [values.count], values: values))
    }
    return NamedTensors([
      vector("count", [1]), vector("mean", mean.map { Double($0) }),
      vector("squares", deviation.map { Double($0) * Double($0) }),
    ])
  }
}

/// A network with what it has learned, which sees a world as it is.
final class Actor<Individual: Controller> {
  private let individual: Individual
  private let normalizer: ObservationNormalizer?
  private let normalized: AlignedBuffer<Float>
  private let answer: AlignedBuffer<Float>

  init(_ individual: Individual, _ normalizer: ObservationNormalizer?) {
    self.individual = individual
    self.normalizer = normalizer
    normalized = AlignedBuffer(count: individual.observations)
    answer = AlignedBuffer(count: individual.actions)
  }

  /// Acts for one step.
  func act(_ observation: UnsafePointer<Double>, into outputs: UnsafeMutablePointer<Double>) {
    if let normalizer {
      normalizer.normalize(observation, into: normalized.pointer)
    } else {
      for index in 0..<individual.observations {
        normalized.pointer[index] = Float(observation[index])
      }
    }
    individual.step(normalized.pointer, into: answer.pointer)
    for index in 0..<individual.actions { outputs[index] = Double(answer.pointer[index]) }
  }
}
