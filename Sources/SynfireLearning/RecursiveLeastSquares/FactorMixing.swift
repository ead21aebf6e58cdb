import SynfireCore

/// How factors and inputs are spread over the neurons of a spiking network: every neuron gets a random
/// combination of all, so that the pools that express a factor overlap (DePasquale et al. 2023, code).
///
/// orth(X) are orthonormal columns that span those of X, whose elements are uniform in (-1, 1).
public struct FactorMixing: Sendable {
  /// u [neuron, factor].
  public let encoders: Tensor<Double>
  /// u_in [neuron, channel].
  public let inputs: Tensor<Double>

  /// Factors that are given as data: u = g orth(X), u_in = g X'.
  ///
  /// - Throws: `CoreError` for more factors than neurons.
  public init(
    factors: Int, inputs: Int, neurons: Int, gain: Double, seed: UInt64
  ) throws {
    encoders = try Self.scaled(
      LinearAlgebra.orthonormalized(Self.uniform(neurons, factors, seed, "mixing factors")), gain)
    self.inputs = Self.scaled(Self.uniform(neurons, inputs, seed, "mixing inputs"), gain)
  }

  /// Factors of a rate network: U = g orth(X), u = U J V and u_in = U u_in of the rate network.
  ///
  /// - Parameters:
  ///   - recurrent: J [unit, unit] of the rate network.
  ///   - components: V [unit, factor].
  ///   - inputs: u_in [unit, channel] of the rate network.
  /// - Throws: `CoreError` for more units than neurons, or for matrices of other sizes.
  public init(
    recurrent: Tensor<Double>, components: Tensor<Double>, inputs: Tensor<Double>, neurons: Int,
    gain: Double, seed: UInt64
  ) throws {
    let spread = try Self.scaled(
      LinearAlgebra.orthonormalized(
        Self.uniform(neurons, recurrent.shape[0], seed, "mixing units")), gain)
    let currents = try Self.product(recurrent, components)
    encoders = try Self.product(spread, currents)
    self.inputs = try Self.product(spread, inputs)
  }

  /// Targets that are the currents of a rate network (full-FORCE): u = U V, u_in = U u_in of the rate
  /// network.
  public init(
    components: Tensor<Double>, inputs: Tensor<Double>, neurons: Int, gain: Double, seed: UInt64
  ) throws {
    let spread = try Self.scaled(
      LinearAlgebra.orthonormalized(
        Self.uniform(neurons, components.shape[0], seed, "mixing units")), gain)
    encoders = try Self.product(spread, components)
    self.inputs = try Self.product(spread, inputs)
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

  /// A B, axes [row, column].
  static func product(_ a: Tensor<Double>, _ b: Tensor<Double>) throws -> Tensor<Double> {
    guard a.shape.count == 2, b.shape.count == 2, a.shape[1] == b.shape[0] else {
      throw CoreError("matrices of shapes \(a.shape) and \(b.shape)", place: "factor mixing")
    }
    let (rows, inner, columns) = (a.shape[0], a.shape[1], b.shape[1])
    var result = Tensor<Double>(axes: ["row", "column"], shape: [rows, columns])
    result.values.withUnsafeMutableBufferPointer { c in
      a.values.withUnsafeBufferPointer { a in
        b.values.withUnsafeBufferPointer { b in
          for row in 0..<rows {
            for k in 0..<inner {
              let weight = a[row * inner + k]
              for column in 0..<columns {
                c[row * columns + column] += weight * b[k * columns + column]
              }
            }
          }
        }
      }
    }
    return result
  }
}
