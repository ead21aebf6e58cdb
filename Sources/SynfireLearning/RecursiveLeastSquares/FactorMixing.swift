import SynfireCore

/// How factors and inputs are spread over the neurons of a spiking network: every neuron gets a random
/// combination of all, so that the pools that express a factor overlap (DePasquale et al. 2023, code).
///
/// orth(X) are orthonormal columns that span those of X, whose elements are uniform in (-1, 1).
public struct FactorMixing: Sendable {
  /// u [neuron, factor].
  public private(set) var encoders: Tensor<Double>
  /// u_in [neuron, channel].
  public private(set) var inputs: Tensor<Double>

  /// Factors that are given as data: u = g orth(X), u_in = g_in X'.
  ///
  /// - Parameter inputGain: g_in; nil for g.
  /// - Throws: `CoreError` for more factors than neurons.
  public init(
    factors: Int, inputs: Int, neurons: Int, gain: Double, inputGain: Double? = nil, seed: UInt64
  ) throws {
    encoders = try Self.scaled(
      LinearAlgebra.orthonormalized(Self.uniform(neurons, factors, seed, "mixing factors")), gain)
    self.inputs = Self.scaled(
      Self.uniform(neurons, inputs, seed, "mixing inputs"), inputGain ?? gain)
  }

  /// Factors of a rate network: u = U A and u_in = U B with U = g orth(X).
  ///
  /// With fewer neurons than units the rows of U are orthonormal, times g, in place of its columns.
  ///
  /// - Parameters:
  ///   - currents: A [unit, factor], what factors are as currents of the units: J V of activity along
  ///     components V [unit, factor], V of currents (full-FORCE).
  ///   - inputs: B [unit, channel], u_in of the rate network.
  ///   - given: further factors and inputs that the rate network has no part in, as many random columns:
  ///     orthonormal ones of A, uniform ones of B.
  /// - Throws: `CoreError` for matrices that do not fit each other.
  public init(
    currents: Tensor<Double>, inputs: Tensor<Double>, given: (factors: Int, inputs: Int) = (0, 0),
    neurons: Int, gain: Double, seed: UInt64
  ) throws {
    let units = currents.shape[0]
    let drawn = Self.uniform(neurons, units, seed, "mixing units")
    let orthonormal =
      neurons >= units
      ? try LinearAlgebra.orthonormalized(drawn)
      : try LinearAlgebra.orthonormalized(drawn.transposed).transposed
    let spread = Self.scaled(orthonormal, gain)
    var (currents, inputs) = (currents, inputs)
    if given.factors > 0 {
      currents = Self.joined(
        currents,
        try LinearAlgebra.orthonormalized(
          Self.uniform(units, given.factors, seed, "mixing given factors")))
    }
    if given.inputs > 0 {
      inputs = Self.joined(inputs, Self.uniform(units, given.inputs, seed, "mixing given inputs"))
    }
    encoders = try LinearAlgebra.product(spread, currents)
    self.inputs = try LinearAlgebra.product(spread, inputs)
  }

  /// Factors of a rate network that are fed back to units like its own (full-FORCE): u = V, u_in as there.
  public init(components: Tensor<Double>, inputs: Tensor<Double>) {
    encoders = components
    self.inputs = inputs
  }

  /// Both times a number.
  public func scaled(by factor: Double) -> FactorMixing {
    var result = self
    result.encoders = Self.scaled(encoders, factor)
    result.inputs = Self.scaled(inputs, factor)
    return result
  }

  /// The columns of two matrices with as many rows.
  private static func joined(_ a: Tensor<Double>, _ b: Tensor<Double>) -> Tensor<Double> {
    Tensor(
      axes: a.axes, shape: [a.shape[0], a.shape[1] + b.shape[1]],
      values: (0..<a.shape[0]).flatMap { row in
        (0..<a.shape[1]).map { a[row, $0] } + (0..<b.shape[1]).map { b[row, $0] }
      })
  }

  private static func uniform(
    _ rows: Int, _ columns: Int, _ seed: UInt64, _ name: String
  ) -> Tensor<Double> {
    var stream = RandomStream(seed: seed, stream: name)
    return Tensor(
      axes: ["row", "column"], shape: [rows, columns],
      values: (0..<rows * columns).map { _ in 2 * stream.uniform() - 1 })
  }

  private static func scaled(_ matrix: Tensor<Double>, _ gain: Double) -> Tensor<Double> {
    Tensor(axes: matrix.axes, shape: matrix.shape, values: matrix.values.map { gain * $0 })
  }
}
