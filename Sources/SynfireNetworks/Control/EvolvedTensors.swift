import SynfireCore

/// The parameters of any network as what evolution changes: for a fitness that is found by running a `Network`
/// of layers, or by other means.
///
/// An individual is nothing but its tensors: for `EvolvingConnectivity` zeros and ones, for `DenseEvolution`
/// numbers, by the names, axes and shapes given.
public struct EvolvedTensors: BinaryNetwork, RealNetwork {
  public let layout: BitLayout

  /// - Parameter specifications: of the tensors; those that no rule may change are left out. For
  ///   probabilities, initial values from 0 to 1.
  public init(_ specifications: [ParameterSpecification]) {
    layout = BitLayout(tensors: specifications.filter(\.isTrainable))
  }

  /// Tensors of one member of a population at a time.
  public final class Individual: @unchecked Sendable {
    public fileprivate(set) var tensors: NamedTensors<Float>

    init(_ tensors: NamedTensors<Float>) { self.tensors = tensors }
  }

  public var parameterSpecifications: [ParameterSpecification] { layout.tensors }

  public func makeIndividual() -> Individual {
    Individual(NamedTensors())
  }

  public func reset(_ individual: Individual, _ randomness: inout RandomStream) {}

  public func load(connections: UnsafePointer<UInt64>, into individual: Individual) {
    individual.tensors = layout.tensors(connections)
  }

  public func load(weights: UnsafePointer<Float>, into individual: Individual) {
    var first = 0
    individual.tensors = NamedTensors(
      layout.tensors.map { tensor in
        let count = tensor.shape.reduce(1, *)
        defer { first += count }
        return (
          tensor.name,
          Tensor(
            axes: tensor.axes, shape: tensor.shape,
            values: Array(UnsafeBufferPointer(start: weights + first, count: count)))
        )
      })
  }
}
