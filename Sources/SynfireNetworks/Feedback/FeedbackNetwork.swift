import SynfireCore

/// A recurrent population whose activity is decoded to a few factors, which are fed back to it: what FORCE
/// learning and its successors train (Sussillo & Abbott 2009; DePasquale et al. 2018, 2023).
///
/// One step n, for any neuron model, with fixed synapses k of several kinds between the neurons:
///
///     drive = u_in F_in[n] + u y + sum over k of I_k - offset        y: fed back, of the step before
///     neurons advance, their outputs are S
///     I_k = filter_k(W_k S);    r = the traces of S, one group of neurons a trace
///     y = w r
///     z = W y + b, or W r                                            what the network is for
///
/// The effective recurrence is u w, of rank P at most. A teacher may stand in for y. Without factors it is
/// an open network that inputs drive, as a generator of targets is. With a `recurrence` of its own,
/// J r stands in place of u y, and y = u^+ J r are the coordinates of that current along the encoders; where
/// it follows Dale's law, fixed synapses do as well: those whose weight has the other sign than their neuron
/// are silent, and a common current comes from the neurons that have its sign.
public struct FeedbackNetwork: ParameterizedNetwork {
  /// Fixed synapses of one kind between the neurons.
  public struct Synapses: Sendable {
    public var name: String
    public var connectivity: any Connectivity
    /// How a spike spreads in time; it acts one step later.
    public var filter: SpikeFilter
    /// Whether their current is part of the mean that the offset takes away.
    public var entersMean: Bool

    public init(
      name: String, connectivity: any Connectivity, filter: SpikeFilter, entersMean: Bool = true
    ) {
      self.name = name
      self.connectivity = connectivity
      self.filter = filter
      self.entersMean = entersMean
    }
  }

  /// What the outputs are read from.
  public enum Source: String, Sendable, CaseIterable {
    case factors, traces
  }

  /// The time step, in seconds.
  public let timeStep: Double
  /// Input channels.
  public let inputs: Int
  public let neurons: Int
  public let model: any NeuronModel
  /// u_in.
  public let input: any Connectivity
  public let synapses: [Synapses]
  /// The filters whose traces are decoded, all `leaky`; none decodes the outputs as they are.
  public let traces: [SpikeFilter]
  /// P; 0 for a network without feedback.
  public let factors: Int
  /// u [neuron, factor].
  public let encoders: Initialization
  public let outputs: Int
  public let source: Source
  /// The trained synapses, where they are not of rank P: J [neuron, regressor].
  public let recurrence: SparseRecurrence?

  /// - Throws: `NetworkError` naming the part and the value that cannot be.
  public init(
    timeStep: Double, inputs: Int, neurons: Int, model: any NeuronModel,
    input: any Connectivity, synapses: [Synapses] = [], traces: [SpikeFilter] = [],
    factors: Int = 0, encoders: Initialization = .constant(0), outputs: Int = 0,
    source: Source = .factors, recurrence: SparseRecurrence? = nil
  ) throws {
    self.timeStep = timeStep
    self.inputs = inputs
    self.neurons = neurons
    self.model = model
    self.input = input
    self.synapses = synapses
    self.traces = traces
    self.factors = factors
    self.encoders = encoders
    self.outputs = outputs
    self.source = source
    self.recurrence = recurrence
    guard recurrence.map({ $0.neurons == neurons }) ?? true else {
      throw NetworkError(
        "a recurrence of \(recurrence!.neurons) neurons for \(neurons)", place: "recurrence")
    }
    guard inputs > 0, neurons > 0, factors >= 0, outputs >= 0 else {
      throw NetworkError(
        "\(inputs) inputs, \(neurons) neurons, \(factors) factors, \(outputs) outputs",
        remedy: "A network has inputs and neurons.")
    }
    guard Set(synapses.map(\.name)).count == synapses.count else {
      throw NetworkError(
        "the synapses are named \(synapses.map(\.name).joined(separator: ", "))",
        remedy: "Give each kind a name of its own.")
    }
    for kind in synapses {
      guard kind.filter.latency == 0 else {
        throw NetworkError(
          "a filter that delays spikes is not run step by step", place: kind.name,
          remedy: "Use a leaky filter, or none.")
      }
      _ = try kind.filter.coefficients(timeStep: timeStep)
    }
    for (name, connectivity) in synapses.map({ ($0.name, $0.connectivity) }) + [("input", input)]
    where connectivity.largestDelay > 0 {
      throw NetworkError(
        "synapses with delays are not run step by step", place: name, remedy: "Leave delays out.")
    }
    for filter in traces {
      guard case .leaky = filter else {
        throw NetworkError(
          "only leaky traces are decoded", place: "traces", remedy: "Use leaky filters.")
      }
      _ = try filter.coefficients(timeStep: timeStep)
    }
  }

  /// Length of r: as many as neurons for each trace.
  public var regressors: Int { neurons * max(1, traces.count) }

  /// Numbers that an output is read from, without the bias.
  public var sources: Int { source == .factors ? factors : regressors }

  /// Every tensor. Those of recursive least squares are `factors.decoders` w [factor, regressor], or
  /// `hidden.recurrence` J [neuron, regressor] of a network that has its own recurrence,
  /// `readout.weights` W [output, factor or regressor] and `readout.bias`; `hidden.offset` [neuron] is the
  /// mean drive that was taken away. All others stay as they are.
  public var parameterSpecifications: [ParameterSpecification] {
    var result = input.specifications(presynaptic: inputs, postsynaptic: neurons)
      .map { $0.prefixed("hidden.input") }
    for kind in synapses {
      result += kind.connectivity.specifications(presynaptic: neurons, postsynaptic: neurons)
        .map { $0.prefixed("hidden.recurrent.\(kind.name)") }
    }
    result += model.specifications(neurons: neurons).map { $0.prefixed("hidden.neurons") }
    result = result.map(\.fixed)
    func add(
      _ name: String, _ axes: [String], _ shape: [Int], _ start: Initialization = .constant(0),
      isTrainable: Bool = true
    ) {
      guard shape.reduce(1, *) > 0 else { return }
      result.append(
        ParameterSpecification(
          name: name, axes: axes, shape: shape, initialization: start, isTrainable: isTrainable))
    }
    add("hidden.offset", ["neuron"], [neurons])
    add("hidden.encoders", ["neuron", "factor"], [neurons, factors], encoders, isTrainable: false)
    if recurrence == nil {
      add("factors.decoders", ["factor", "regressor"], [factors, regressors])
    } else {
      add("hidden.recurrence", ["neuron", "regressor"], [neurons, regressors])
    }
    add("readout.weights", ["output", source.rawValue], [outputs, sources])
    if source == .factors { add("readout.bias", ["output"], [outputs]) }
    return result
  }
}
