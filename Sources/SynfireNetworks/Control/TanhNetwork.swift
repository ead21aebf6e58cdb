import SynfireCore

/// A network of rate units as a baseline for control, recurrent or not:
///
///     h <- tanh(W_in x + W_h h + b)             without W_h where it is not recurrent
///     action = clip(W_out h + b_out, -1, 1)
///
/// Tensors: `hidden.input.weights` [neuron, input], `hidden.recurrent.weights` [neuron, presynaptic],
/// `hidden.bias` [neuron], `readout.weights` [action, neuron], `readout.bias` [action]. Weights are normal with
/// the square root of 1 / fan-in as standard deviation at first, biases 0.
public struct TanhNetwork: Sendable, Equatable {
  let sizes: ControlSizes
  public let isRecurrent: Bool

  public var observations: Int { sizes.observations }
  public var neurons: Int { sizes.neurons }
  public var actions: Int { sizes.actions }
  /// What actions are clipped to; nil for no clipping.
  public var actionRange: ClosedRange<Float>? { sizes.actionRange }

  /// - Throws: `NetworkError` for sizes that make no sense.
  public init(
    observations: Int, neurons: Int = 256, actions: Int, isRecurrent: Bool = true,
    actionRange: ClosedRange<Float>? = -1...1
  ) throws {
    sizes = try ControlSizes(
      observations: observations, neurons: neurons, actions: actions, actionRange: actionRange,
      place: "TanhNetwork")
    self.isRecurrent = isRecurrent
  }
}

extension TanhNetwork: RealNetwork {
  public var parameterSpecifications: [ParameterSpecification] {
    let fanIn = Double(max(1, observations + (isRecurrent ? neurons : 0)))
    let deviation = Initialization.normal(deviation: (1 / fanIn).squareRoot())
    var result = [
      ParameterSpecification(
        name: "hidden.input.weights", axes: ["neuron", "input"], shape: [neurons, observations],
        initialization: deviation)
    ]
    if isRecurrent {
      result.append(
        ParameterSpecification(
          name: "hidden.recurrent.weights", axes: ["neuron", "presynaptic"],
          shape: [neurons, neurons], initialization: deviation))
    }
    result.append(
      ParameterSpecification(
        name: "hidden.bias", axes: ["neuron"], shape: [neurons], initialization: .constant(0)))
    return result + ParameterSpecification.readout(neurons: neurons, actions: actions)
  }

  public func makeIndividual() -> TanhController { TanhController(self) }

  public func load(weights: UnsafePointer<Float>, into individual: TanhController) {
    individual.load(weights)
  }
}

extension ParameterSpecification {
  /// A linear readout with a bias.
  static func readout(neurons: Int, actions: Int) -> [ParameterSpecification] {
    [
      ParameterSpecification(
        name: "readout.weights", axes: ["action", "neuron"], shape: [actions, neurons],
        initialization: .normal(deviation: (1 / Double(neurons)).squareRoot())),
      ParameterSpecification(
        name: "readout.bias", axes: ["action"], shape: [actions], initialization: .constant(0)),
    ]
  }
}

/// One individual of a `TanhNetwork`.
public final class TanhController: Controller, @unchecked Sendable {
  public let network: TanhNetwork
  private let inputWeights: ColumnMatrix
  private let recurrentWeights: ColumnMatrix
  private let bias: AlignedBuffer<Float>
  private let readout: LinearReadout
  private let hidden: AlignedBuffer<Float>
  private let drive: AlignedBuffer<Float>

  init(_ network: TanhNetwork) {
    self.network = network
    let neurons = network.neurons
    inputWeights = ColumnMatrix(rows: neurons, columns: network.observations)
    recurrentWeights = ColumnMatrix(rows: neurons, columns: network.isRecurrent ? neurons : 0)
    readout = LinearReadout(network.sizes)
    bias = AlignedBuffer(count: paddedToLanes(neurons))
    hidden = AlignedBuffer(count: paddedToLanes(neurons))
    drive = AlignedBuffer(count: paddedToLanes(neurons))
  }

  public var observations: Int { network.observations }

  public var actions: Int { network.actions }

  func load(_ weights: UnsafePointer<Float>) {
    var next = weights
    for matrix in [inputWeights, recurrentWeights] {
      matrix.load(next)
      next += matrix.rows * matrix.columns
    }
    bias.pointer.update(from: next, count: network.neurons)
    readout.load(next + network.neurons)
  }

  /// Everything 0.
  public func reset(_ randomness: inout RandomStream) { hidden.clear() }

  public func step(_ observation: UnsafePointer<Float>, into action: UnsafeMutablePointer<Float>) {
    drive.pointer.update(from: bias.pointer, count: bias.count)
    inputWeights.addProduct(observation, into: drive.pointer)
    recurrentWeights.addProduct(hidden.pointer, into: drive.pointer)
    for block in 0..<hidden.count / 16 {
      let sum = RowKernels.load(drive.pointer + 16 * block)
      UnsafeMutableRawPointer(hidden.pointer + 16 * block).storeBytes(
        of: sum.hyperbolicTangent(), as: Vector.self)
    }
    readout.step(hidden.pointer, into: action)
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

/// Actions that are linear in the neurons, and clipped.
struct LinearReadout {
  private let weights: ColumnMatrix
  private let bias: AlignedBuffer<Float>
  private let output: AlignedBuffer<Float>
  private let sizes: ControlSizes

  init(_ sizes: ControlSizes) {
    weights = ColumnMatrix(rows: sizes.actions, columns: sizes.neurons)
    bias = AlignedBuffer(count: weights.stride)
    output = AlignedBuffer(count: weights.stride)
    self.sizes = sizes
  }

  /// Takes weights [action, neuron] and then biases [action].
  func load(_ numbers: UnsafePointer<Float>) {
    weights.load(numbers)
    bias.pointer.update(from: numbers + weights.rows * weights.columns, count: weights.rows)
  }

  func step(_ hidden: UnsafePointer<Float>, into action: UnsafeMutablePointer<Float>) {
    output.pointer.update(from: bias.pointer, count: bias.count)
    weights.addProduct(hidden, into: output.pointer)
    for index in 0..<weights.rows {
      action[index] = sizes.clipped(output.pointer[index])
    }
  }
}
