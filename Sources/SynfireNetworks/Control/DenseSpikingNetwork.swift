import SynfireCore

/// The spiking network of `BernoulliNetwork` with a real weight for every pair, as a baseline (Wang et al. 2023,
/// 2.4): the same neurons, no mirrored inputs, spikes without a sign, and scales without a density,
///
///     R_in = K_in threshold tau_mem sqrt(2 / D)
///     R_h = K_h threshold (tau_mem / tau_syn) sqrt(2 / N)
///     R_out = K_out sqrt(1 / N)
///
/// Tensors, normal with standard deviation 1 at first: `hidden.input.weights` [neuron, input],
/// `hidden.recurrent.weights` [neuron, presynaptic], `readout.weights` [action, neuron].
public struct DenseSpikingNetwork: Sendable, Equatable {
  let sizes: ControlSizes
  public let neuron: ControlNeuron

  public var observations: Int { sizes.observations }
  public var neurons: Int { sizes.neurons }
  public var actions: Int { sizes.actions }
  /// What actions are clipped to; nil for no clipping.
  public var actionRange: ClosedRange<Float>? { sizes.actionRange }

  /// - Throws: `NetworkError` for sizes and constants that make no sense.
  public init(
    observations: Int, neurons: Int = 256, actions: Int, neuron: ControlNeuron = ControlNeuron(),
    actionRange: ClosedRange<Float>? = -1...1
  ) throws {
    let place = "DenseSpikingNetwork"
    sizes = try ControlSizes(
      observations: observations, neurons: neurons, actions: actions, actionRange: actionRange,
      place: place)
    try neuron.validate(place: place)
    self.neuron = neuron
  }

  public var inputScale: Double { neuron.inputScale(observations: observations, density: 1) }

  public var recurrentScale: Double { neuron.recurrentScale(neurons: neurons, density: 1) }

  public var outputScale: Double { neuron.outputScale(neurons: neurons, density: 1) }

  /// The network with these weights in double precision.
  ///
  /// - Throws: `NetworkError` for tensors that do not fit.
  public func reference(_ weights: NamedTensors<Double>) throws -> ReferenceController {
    try validate(weights)
    return ReferenceController(
      ReferenceController.Parts(
        input: weights["hidden.input.weights"]!, recurrent: weights["hidden.recurrent.weights"]!,
        readout: weights["readout.weights"]!, signs: [Double](repeating: 1, count: neurons),
        mirrorsInputs: false, inputScale: inputScale, recurrentScale: recurrentScale,
        outputScale: outputScale, neuron: neuron, actionRange: actionRange))
  }
}

extension DenseSpikingNetwork: RealNetwork {
  public var parameterSpecifications: [ParameterSpecification] {
    func tensor(_ name: String, _ axes: [String], _ shape: [Int]) -> ParameterSpecification {
      ParameterSpecification(
        name: "\(name).weights", axes: axes, shape: shape, initialization: .normal(deviation: 1))
    }
    return [
      tensor("hidden.input", ["neuron", "input"], [neurons, observations]),
      tensor("hidden.recurrent", ["neuron", "presynaptic"], [neurons, neurons]),
      tensor("readout", ["action", "neuron"], [actions, neurons]),
    ]
  }

  public func makeIndividual() -> DenseSpikingController { DenseSpikingController(self) }

  public func load(weights: UnsafePointer<Float>, into individual: DenseSpikingController) {
    individual.load(weights)
  }
}
