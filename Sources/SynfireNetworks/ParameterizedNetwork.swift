import SynfireCore

/// What has named parameters: a network of layers or one with feedback.
public protocol ParameterizedNetwork: Sendable {
  var parameterSpecifications: [ParameterSpecification] { get }
}

extension ParameterizedNetwork {
  /// Initial parameters: a pure function of the seed.
  public func initialParameters(seed: UInt64) -> NamedTensors<Float> {
    NamedTensors(parameterSpecifications.map { ($0.name, $0.initialTensor(seed: seed)) })
  }

  /// Checks parameters from outside against what the network expects.
  ///
  /// - Throws: `NetworkError` listing every missing, extra, misshapen or non-finite tensor.
  public func validate<Scalar: TensorScalar>(_ parameters: NamedTensors<Scalar>) throws {
    try parameterSpecifications.validate(parameters)
  }

  /// The number of parameters that are trained.
  public var trainedParameters: Int {
    parameterSpecifications.filter(\.isTrainable).reduce(0) { $0 + $1.shape.reduce(1, *) }
  }
}
