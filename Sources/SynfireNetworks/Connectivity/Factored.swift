import SynfireCore

/// Weights through few factors: neurons are decoded to P numbers, and these are spread over neurons.
///
///     W[i, j] = sum over p of u[i, p] w[p, j]
///
/// Tensors: `encoders` u [neuron, factor] and `decoders` w [factor, presynaptic]. `Modes` with all scores 1
/// has the same weights; here either side may be fixed, as when random mixing spreads factors that are
/// learned (DePasquale et al. 2023).
public struct Factored: Connectivity, Equatable {
  /// P, the number of factors.
  public var count: Int
  public var encoders: Initialization
  public var decoders: Initialization
  public var trainsEncoders: Bool
  public var trainsDecoders: Bool

  public init(
    _ count: Int, encoders: Initialization, decoders: Initialization, trainsEncoders: Bool = false,
    trainsDecoders: Bool = true
  ) {
    self.count = count
    self.encoders = encoders
    self.decoders = decoders
    self.trainsEncoders = trainsEncoders
    self.trainsDecoders = trainsDecoders
  }

  public func specifications(presynaptic: Int, postsynaptic: Int) -> [ParameterSpecification] {
    [
      ParameterSpecification(
        name: "encoders", axes: ["neuron", "factor"], shape: [postsynaptic, count],
        initialization: encoders, isTrainable: trainsEncoders),
      ParameterSpecification(
        name: "decoders", axes: ["factor", "presynaptic"], shape: [count, presynaptic],
        initialization: decoders, isTrainable: trainsDecoders),
    ]
  }

  public func weights(
    _ parameters: NamedTensors<Double>, presynaptic: Int, postsynaptic: Int
  ) -> Tensor<Double> {
    factors(parameters).weights
  }

  public func gradient(
    ofWeights gradient: Tensor<Double>, _ parameters: NamedTensors<Double>
  ) -> NamedTensors<Double> {
    named(factors(parameters).gradient(ofWeights: gradient))
  }

  public func packed(
    _ parameters: NamedTensors<Float>, presynaptic: Int, postsynaptic: Int, spiking: Bool
  ) -> any PackedConnectivity {
    DerivedConnectivity(
      factors(parameters).packed(presynaptic: presynaptic, spiking: spiking)
    ) { named($0) }
  }

  public func suitsTrialLanes(presynaptic: Int, postsynaptic: Int) -> Bool { false }

  private func factors<Scalar>(_ parameters: NamedTensors<Scalar>) -> ModeFactors<Scalar> {
    ModeFactors(
      inputModes: parameters["encoders"]!, outputModes: transposed(parameters["decoders"]!),
      scores: Tensor(axes: ["mode"], shape: [count], repeating: 1))
  }

  private func named<Scalar>(_ gradient: NamedTensors<Scalar>) -> NamedTensors<Scalar> {
    let encoders = gradient["inputModes"]!
    let decoders = transposed(gradient["outputModes"]!)
    return NamedTensors([
      (
        "encoders",
        Tensor(axes: ["neuron", "factor"], shape: encoders.shape, values: encoders.values)
      ),
      (
        "decoders",
        Tensor(axes: ["factor", "presynaptic"], shape: decoders.shape, values: decoders.values)
      ),
    ])
  }

  private func transposed<Scalar>(_ matrix: Tensor<Scalar>) -> Tensor<Scalar> {
    let (rows, columns) = (matrix.shape[0], matrix.shape[1])
    var result = Tensor<Scalar>(axes: matrix.axes.reversed(), shape: [columns, rows])
    for row in 0..<rows {
      for column in 0..<columns {
        result.values[column * rows + row] = matrix.values[row * columns + column]
      }
    }
    return result
  }
}
