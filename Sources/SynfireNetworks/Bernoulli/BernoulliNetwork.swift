import SynfireCore

/// A spiking network whose synapses are single bits: each is there, with a probability that is learned, or it
/// is not (Wang, Sun, Cheng & Song 2023, section 2).
///
/// One step of the environment, for an observation x of D numbers:
///
///     i_in = R_in [x, -x] W_in        each input is there twice, so that an unsigned bit can carry both signs
///     33 sub-steps of `ControlNeuron`, whose spikes have the sign of their neuron: +1 for the first, excitatory
///     ones, -1 for the others, in W_h and in the readout
///     action = clip(R_out (r W_out), -1, 1)
///
/// W_in, W_h and W_out are zeros and ones. The state lasts from one step of the environment to the next.
///
/// Tensors of probabilities, postsynaptic neurons first: `hidden.input.probabilities` [neuron, input] with
/// 2 D inputs, `hidden.recurrent.probabilities` [neuron, presynaptic], `readout.probabilities` [action, neuron];
/// all start at 0.5. Neurons may connect to themselves.
public struct BernoulliNetwork: Sendable {
  let sizes: ControlSizes
  /// How many neurons are excitatory: the first ones.
  public let excitatory: Int
  /// s, the part of the connections that is expected to be there: a constant of the scales, whatever
  /// becomes of the probabilities.
  public let expectedDensity: Double
  public let neuron: ControlNeuron
  public let layout: BitLayout

  public var observations: Int { sizes.observations }
  public var neurons: Int { sizes.neurons }
  public var actions: Int { sizes.actions }
  /// What actions are clipped to; nil for no clipping.
  public var actionRange: ClosedRange<Float>? { sizes.actionRange }

  /// - Parameters:
  ///   - neurons: 256 in the publication.
  ///   - excitatoryFraction: of the neurons, rounded.
  /// - Throws: `NetworkError` for sizes and constants that make no sense.
  public init(
    observations: Int, neurons: Int = 256, actions: Int, excitatoryFraction: Double = 0.5,
    expectedDensity: Double = 0.5, neuron: ControlNeuron = ControlNeuron(),
    actionRange: ClosedRange<Float>? = -1...1
  ) throws {
    let place = "BernoulliNetwork"
    sizes = try ControlSizes(
      observations: observations, neurons: neurons, actions: actions, actionRange: actionRange,
      place: place)
    try neuron.validate(place: place)
    guard (0...1).contains(excitatoryFraction) else {
      throw NetworkError(
        "an excitatory fraction of \(excitatoryFraction) is not from 0 to 1", place: place)
    }
    guard expectedDensity > 0, expectedDensity <= 1 else {
      throw NetworkError(
        "an expected density of \(expectedDensity) is not above 0 and at most 1", place: place,
        remedy: "Say which part of the connections is there, 0.5 in the publication.")
    }
    excitatory = Int((Double(neurons) * excitatoryFraction).rounded())
    self.expectedDensity = expectedDensity
    self.neuron = neuron
    layout = BernoulliPlaces(observations: observations, neurons: neurons, actions: actions).layout
  }

  public var inputScale: Double {
    neuron.inputScale(observations: observations, density: expectedDensity)
  }

  public var recurrentScale: Double {
    neuron.recurrentScale(neurons: neurons, density: expectedDensity)
  }

  public var outputScale: Double {
    neuron.outputScale(neurons: neurons, density: expectedDensity)
  }

  /// +1 or -1 for every neuron.
  public var signs: Signs {
    Signs((0..<neurons).map { $0 < excitatory ? 1 : -1 })
  }
}

extension BernoulliNetwork: BinaryNetwork {
  public var parameterSpecifications: [ParameterSpecification] { layout.tensors }

  public func makeIndividual() -> BernoulliController { BernoulliController(self) }

  public func load(connections: UnsafePointer<UInt64>, into individual: BernoulliController) {
    individual.load(connections)
  }
}
