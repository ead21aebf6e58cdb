/// A controller whose neurons spike, in several sub-steps for each step of the environment.
public protocol SpikingController: Controller {
  var neurons: Int { get }

  /// How many of the neurons, the first ones, only excite, the others only inhibiting; nil where each may do both.
  var excitatoryNeurons: Int? { get }

  /// Sub-steps of a step of the environment.
  var subSteps: Int { get }

  /// The spikes of the last step of the environment [sub-step, word]: bit n % 64 of word n / 64 is neuron n.
  var spikes: UnsafeBufferPointer<UInt64> { get }
}

extension BernoulliController: SpikingController {
  public var neurons: Int { network.neurons }

  public var excitatoryNeurons: Int? { network.excitatory }

  public var subSteps: Int { network.neuron.subSteps }
}

extension DenseSpikingController: SpikingController {
  public var neurons: Int { network.neurons }

  public var excitatoryNeurons: Int? { nil }

  public var subSteps: Int { network.neuron.subSteps }
}
