import SynfireCore

/// Synapses from one population to another: who connects to whom, and how a spike spreads in time.
public struct Connection: Sendable {
  public var connectivity: any Connectivity
  public var filter: SpikeFilter
  /// Steps from a spike to the drive it causes; nil for the least there can be: the filter's own for
  /// inputs and readouts, one more for recurrent synapses.
  public var latency: Int?
  /// What tells it from the other kinds of synapses between the same neurons; nil for the only kind.
  public var name: String?
  /// Whether rules may change it; if not, all of its tensors stay as they are.
  public var isTrainable: Bool

  public init(
    _ connectivity: any Connectivity, filter: SpikeFilter = .none, latency: Int? = nil,
    name: String? = nil, isTrainable: Bool = true
  ) {
    self.connectivity = connectivity
    self.filter = filter
    self.latency = latency
    self.name = name
    self.isTrainable = isTrainable
  }

  /// What the names of its tensors start with, after the layer's name, among recurrent synapses.
  package var recurrentName: String { name.map { "recurrent.\($0)" } ?? "recurrent" }

  /// The latency in steps of this connection where a spike needs at least `minimum` steps beside the
  /// filter's own.
  func resolvedLatency(minimum: Int, place: String) throws -> Int {
    let least = minimum + filter.latency
    let latency = latency ?? least
    guard latency >= least, latency < 64 else {
      throw NetworkError(
        "a latency of \(latency) steps is outside \(least)...63", place: place,
        remedy: "Leave the latency out to get \(least).")
    }
    guard latency + connectivity.largestDelay < 64 else {
      throw NetworkError(
        "delays of up to \(connectivity.largestDelay) steps and a latency of \(latency) are "
          + "more than 63 steps together", place: place, remedy: "Use shorter delays.")
    }
    return latency
  }
}

/// A population of neurons with its input and recurrent synapses.
///
/// Recurrent synapses may be of several kinds, slow and fast ones say, each with its own connectivity, filter,
/// latency and delays. Their drives add up: I_t = sum over k of filter_k(W_k z)_{t - latency_k}, and a
/// tensor of kind k is named `LAYER.recurrent.NAME_k.TENSOR`. The only kind needs no name.
public struct Layer<Model: NeuronModel>: NetworkLayer {
  public let name: String
  public let neurons: Int
  public let model: Model
  public let input: Connection
  /// The kinds of recurrent synapses; none for a layer without.
  public let recurrent: [Connection]

  public init(
    name: String = "hidden", neurons: Int, model: Model, input: Connection,
    recurrent: Connection? = nil
  ) {
    self.init(
      name: name, neurons: neurons, model: model, input: input,
      recurrent: [recurrent].compactMap { $0 })
  }

  /// A layer whose recurrent synapses are of several kinds, each of which has a name.
  public init(
    name: String = "hidden", neurons: Int, model: Model, input: Connection,
    recurrent: [Connection]
  ) {
    self.name = name
    self.neurons = neurons
    self.model = model
    self.input = input
    self.recurrent = recurrent
  }

  public var isSpiking: Bool { Model.Fast.isSpiking }

  public var neuronSpecifications: [ParameterSpecification] {
    model.specifications(neurons: neurons)
  }

  public func kernelParameters(_ tensors: NamedTensors<Double>) throws -> [[Double]] {
    try model.kernelParameters(tensors, neurons: neurons)
  }

  public func gradient(
    ofKernelParameters gradient: [[Double]], _ tensors: NamedTensors<Double>
  ) -> NamedTensors<Double> {
    model.gradient(ofKernelParameters: gradient, tensors)
  }

  public func makeSweep(
    inputs: Int, steps: Int, segmentSteps: Int?, trials: Int, timeStep: Double,
    keepsNumbers: Bool
  ) throws -> any LayerSweep {
    try KernelSweep(
      model: model, wiring: wiring(inputs: inputs, timeStep: timeStep),
      size: SweepSize(
        steps: steps, segmentSteps: segmentSteps, trials: trials, neurons: neurons),
      keepsNumbers: keepsNumbers)
  }

  public var canSaveNumbers: Bool { (try? model.fast().retracedParts) != nil }

  public func stateAtRest() throws -> [Float] {
    let state = try model.fast().initialState
    return withUnsafeBytes(of: state) { bytes in
      stride(from: 0, to: bytes.count, by: 64).map {
        bytes.load(fromByteOffset: $0, as: Float.self)
      }
    }
  }

  public func sweepByteCount(_ size: SweepSize, keepsNumbers: Bool) -> Int {
    let keepsNumbers = keepsNumbers && canSaveNumbers
    let counts = SweepCounts<Model.Fast>(size, runsAgain: keepsNumbers ? false : nil)
    return counts.bytes + snapshotByteCount(size, keepsNumbers: keepsNumbers)
      + (keepsNumbers ? KeptNumbers.byteCount(size) : 0)
      + recurrent.reduce(0) {
        let sharesRing = $1.filter == .none && input.filter == .none
        return $0
          + RecurrentPath.byteCount(
            size, sharesRing: sharesRing, hasFilter: $1.filter != .none)
      }
  }

  public func savedByteCount(_ size: SweepSize, keepsNumbers: Bool) -> Int {
    let keepsNumbers = keepsNumbers && canSaveNumbers
    let counts = SweepCounts<Model.Fast>(size)
    // One segment, too, is run again where tapes are not found otherwise.
    let drives = size.segments == 1 && !keepsNumbers ? counts.segmentDrives : 0
    return 2 * counts.spikes + 4 * (counts.outputs + drives)
      + snapshotByteCount(size, keepsNumbers: keepsNumbers)
      + (keepsNumbers ? KeptNumbers.byteCount(size) : 0)
  }

  public func tapeByteCount(trials: Int) -> Int {
    let step = SweepSize(steps: 1, trials: trials, neurons: neurons)
    return SweepCounts<Model.Fast>(step).tape * MemoryLayout<Model.Fast.Tape>.stride
  }

  private func snapshotByteCount(_ size: SweepSize, keepsNumbers: Bool) -> Int {
    let filters = ([input] + recurrent).count { $0.filter != .none }
    // A model that has no kernel is found out when the sweep is made.
    guard let kernel = try? model.fast() else { return 0 }
    return SweepSnapshots<Model.Fast>.byteCount(
      size, kernel, filters: filters, retracedParts: keepsNumbers ? kernel.retracedParts : nil)
  }

  public func makeReference(
    inputs: Int, timeStep: Double, smoothed: Bool
  ) throws -> any ReferenceLayer {
    try ReferenceKernelLayer(
      kernel: model.reference(smoothed: smoothed), neurons: neurons,
      wiring: wiring(inputs: inputs, timeStep: timeStep))
  }
}

/// What a network needs to know of a layer, whatever its neuron model.
public protocol NetworkLayer: Sendable {
  var name: String { get }
  var neurons: Int { get }
  var input: Connection { get }
  /// The kinds of recurrent synapses, which have different names.
  var recurrent: [Connection] { get }
  /// Whether its outputs are spikes.
  var isSpiking: Bool { get }

  /// The trainable tensors of the neurons, by local names.
  var neuronSpecifications: [ParameterSpecification] { get }
  /// The values that the kernels take, [parameter][neuron], see `NeuronModel`.
  func kernelParameters(_ tensors: NamedTensors<Double>) throws -> [[Double]]
  /// The gradient of the trainable tensors from that of the values of the kernels.
  func gradient(
    ofKernelParameters gradient: [[Double]], _ tensors: NamedTensors<Double>
  ) -> NamedTensors<Double>

  /// The memory of one worker for a block of trials in the fast engine, with the tape of `segmentSteps`
  /// steps at a time, or of all.
  ///
  /// - Parameter keepsNumbers: whether tapes are found again by numbers that are kept, if the model can do that, rather than
  ///   by running steps again.
  func makeSweep(
    inputs: Int, steps: Int, segmentSteps: Int?, trials: Int, timeStep: Double,
    keepsNumbers: Bool
  ) throws -> any LayerSweep
  /// Whether the model can.
  var canSaveNumbers: Bool { get }
  /// The numbers of a neuron's state before the first step, part by part.
  func stateAtRest() throws -> [Float]
  /// Bytes of that memory.
  func sweepByteCount(_ size: SweepSize, keepsNumbers: Bool) -> Int
  /// Bytes of what a forward sweep leaves for its tapes.
  func savedByteCount(_ size: SweepSize, keepsNumbers: Bool) -> Int
  /// Bytes of the tape of one step.
  func tapeByteCount(trials: Int) -> Int
  /// The layer in the reference engine.
  func makeReference(inputs: Int, timeStep: Double, smoothed: Bool) throws -> any ReferenceLayer
}

/// Filters, latencies and delays of a layer's connections, in steps.
public struct LayerWiring: Sendable {
  let input: SynapseWiring
  let recurrent: [SynapseWiring]

  var hasDelays: Bool { ([input] + recurrent).contains { $0.delays != nil } }
}

/// Filter, latency and delays of one connection, in steps.
struct SynapseWiring: Sendable {
  /// The name of the state of its filter within the layer (`NetworkState`).
  let filterName: String
  let filter: ExponentialFilter<Double>?
  let latency: Int
  /// Delays of the synapses [postsynaptic, presynaptic].
  let delays: [Int]?
}

extension NetworkLayer {
  func makeSweep(
    inputs: Int, steps: Int, segmentSteps: Int?, trials: Int, timeStep: Double
  ) throws -> any LayerSweep {
    try makeSweep(
      inputs: inputs, steps: steps, segmentSteps: segmentSteps, trials: trials,
      timeStep: timeStep, keepsNumbers: false)
  }

  /// What the names of the neurons' own tensors start with.
  public var parameterPrefix: String { "\(name).neurons" }

  func wiring(inputs: Int, timeStep: Double) throws -> LayerWiring {
    guard neurons > 0 else {
      throw NetworkError("\(neurons) neurons", place: name, remedy: "A layer has at least one.")
    }
    try requireNamesOfKinds()
    func wiring(
      _ connection: Connection, _ name: String, presynaptic: Int, minimum: Int
    ) throws -> SynapseWiring {
      SynapseWiring(
        filterName: "\(name).filter",
        filter: try connection.filter.coefficients(timeStep: timeStep),
        latency: try connection.resolvedLatency(minimum: minimum, place: "\(self.name).\(name)"),
        delays: connection.connectivity.delays(presynaptic: presynaptic, postsynaptic: neurons))
    }
    return LayerWiring(
      input: try wiring(input, "input", presynaptic: inputs, minimum: 0),
      recurrent: try recurrent.map {
        try wiring($0, $0.recurrentName, presynaptic: neurons, minimum: 1)
      })
  }

  /// - Throws: `NetworkError` when kinds of recurrent synapses cannot be told apart.
  private func requireNamesOfKinds() throws {
    let names = recurrent.map(\.name)
    let known = names.compactMap { $0 }
    guard names.count <= 1 || known.count == names.count else {
      throw NetworkError(
        "\(names.count) kinds of recurrent synapses, of which \(known.count) have a name",
        place: "\(name).recurrent", remedy: "Give each kind a name.")
    }
    guard Set(known).count == known.count, known.allSatisfy({ !$0.isEmpty && !$0.contains(".") })
    else {
      throw NetworkError(
        "the kinds of recurrent synapses are named \(known.joined(separator: ", "))",
        place: "\(name).recurrent",
        remedy: "Give each kind a name of its own, without dots.")
    }
  }
}
