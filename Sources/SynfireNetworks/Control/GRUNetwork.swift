import SynfireCore

/// A network of gated recurrent units as a baseline for control (Cho et al. 2014, with the reset gate after the
/// product, as in common libraries):
///
///     r = sigmoid(W_ir x + W_hr h + b_r)
///     z = sigmoid(W_iz x + W_hz h + b_z)
///     n = tanh(W_in x + b_n + r (W_hn h + b_hn))
///     h <- (1 - z) n + z h
///     action = clip(W_out h + b_out, -1, 1)
///
/// Tensors: `hidden.input.weights` [gate, input] and `hidden.recurrent.weights` [gate, presynaptic], whose rows
/// are those of r, z and n; `hidden.bias` [gate], `hidden.candidate.bias` (b_hn) [neuron], `readout.weights`
/// [action, neuron], `readout.bias` [action]. Weights are normal with the square root of 1 / fan-in as standard
/// deviation at first, biases 0.
public struct GRUNetwork: Sendable, Equatable {
  let sizes: ControlSizes

  public var observations: Int { sizes.observations }
  public var neurons: Int { sizes.neurons }
  public var actions: Int { sizes.actions }
  /// What actions are clipped to; nil for no clipping.
  public var actionRange: ClosedRange<Float>? { sizes.actionRange }

  /// - Throws: `NetworkError` for sizes that make no sense.
  public init(
    observations: Int, neurons: Int = 256, actions: Int, actionRange: ClosedRange<Float>? = -1...1
  ) throws {
    sizes = try ControlSizes(
      observations: observations, neurons: neurons, actions: actions, actionRange: actionRange,
      place: "GRUNetwork")
  }
}

extension GRUNetwork: RealNetwork {
  public var parameterSpecifications: [ParameterSpecification] {
    func weights(_ name: String, _ axis: String, _ fanIn: Int) -> ParameterSpecification {
      ParameterSpecification(
        name: name, axes: ["gate", axis], shape: [3 * neurons, fanIn],
        initialization: .normal(deviation: (1 / Double(max(1, fanIn))).squareRoot()))
    }
    func bias(_ name: String, _ axis: String, _ count: Int) -> ParameterSpecification {
      ParameterSpecification(
        name: name, axes: [axis], shape: [count], initialization: .constant(0))
    }
    return [
      weights("hidden.input.weights", "input", observations),
      weights("hidden.recurrent.weights", "presynaptic", neurons),
      bias("hidden.bias", "gate", 3 * neurons), bias("hidden.candidate.bias", "neuron", neurons),
    ] + ParameterSpecification.readout(neurons: neurons, actions: actions)
  }

  public func makeIndividual() -> GRUController { GRUController(self) }

  public func load(weights: UnsafePointer<Float>, into individual: GRUController) {
    individual.load(weights)
  }
}

/// One individual of a `GRUNetwork`.
public final class GRUController: Controller, @unchecked Sendable {
  public let network: GRUNetwork
  /// Of the gates r, z and n.
  private let inputWeights: [ColumnMatrix]
  private let recurrentWeights: [ColumnMatrix]
  /// b_r, b_z, b_n and b_hn.
  private let biases: [AlignedBuffer<Float>]
  /// The sums of r, z and n, and W_hn h + b_hn.
  private let sums: [AlignedBuffer<Float>]
  private let readout: LinearReadout
  private let hidden: AlignedBuffer<Float>

  init(_ network: GRUNetwork) {
    self.network = network
    let neurons = network.neurons
    let padded = paddedToLanes(neurons)
    inputWeights = (0..<3).map { _ in ColumnMatrix(rows: neurons, columns: network.observations) }
    recurrentWeights = (0..<3).map { _ in ColumnMatrix(rows: neurons, columns: neurons) }
    biases = (0..<4).map { _ in AlignedBuffer(count: padded) }
    sums = (0..<4).map { _ in AlignedBuffer(count: padded) }
    readout = LinearReadout(network.sizes)
    hidden = AlignedBuffer(count: padded)
  }

  public var observations: Int { network.observations }

  public var actions: Int { network.actions }

  func load(_ weights: UnsafePointer<Float>) {
    var next = weights
    for matrix in inputWeights + recurrentWeights {
      matrix.load(next)
      next += matrix.rows * matrix.columns
    }
    for bias in biases {
      bias.pointer.update(from: next, count: network.neurons)
      next += network.neurons
    }
    readout.load(next)
  }

  /// Everything 0.
  public func reset(_ randomness: inout RandomStream) { hidden.clear() }

  public func step(_ observation: UnsafePointer<Float>, into action: UnsafeMutablePointer<Float>) {
    for part in 0..<4 {
      let sum = sums[part].pointer
      sum.update(from: biases[part].pointer, count: hidden.count)
      if part < 3 { inputWeights[part].addProduct(observation, into: sum) }
      if part != 2 { recurrentWeights[min(part, 2)].addProduct(hidden.pointer, into: sum) }
    }
    for start in stride(from: 0, to: hidden.count, by: 16) {
      func sum(_ part: Int) -> Vector { RowKernels.load(sums[part].pointer + start) }
      let reset = Self.sigmoid(sum(0))
      let update = Self.sigmoid(sum(1))
      let candidate = (sum(2) + reset * sum(3)).hyperbolicTangent()
      let before = RowKernels.load(hidden.pointer + start)
      UnsafeMutableRawPointer(hidden.pointer + start).storeBytes(
        of: candidate + update * (before - candidate), as: Vector.self)
    }
    readout.step(hidden.pointer, into: action)
  }

  @inline(__always)
  private static func sigmoid(_ value: Vector) -> Vector {
    (0.5 * value).hyperbolicTangent() * 0.5 + 0.5
  }

  /// h of every neuron.
  public var stateCount: Int { network.neurons }

  public func save(_ state: UnsafeMutablePointer<Float>) {
    state.update(from: hidden.pointer, count: network.neurons)
  }

  public func restore(_ state: UnsafePointer<Float>) {
    hidden.pointer.update(from: state, count: network.neurons)
  }
}
