import SynfireCore

/// What the past of a network can still do to its future: the state between two steps, by trial.
///
/// | tensor | shape |
/// |---|---|
/// | `inputs` | [time, trial, channel], the last inputs that delays and latencies still reach, if any |
/// | `LAYER.state` | [part, trial, neuron], the numbers of the neuron model's state |
/// | `LAYER.activity` | [time, trial, neuron], the last outputs that are still reached, the latest last |
/// | `LAYER.input.filter`, `LAYER.recurrent.filter` | [part, trial, neuron], filtered drives, if filtered |
/// | `LAYER.recurrent.NAME.filter` | the same of a kind of synapses that has a name |
/// | `readout.filter` | [part, trial, output], or [part, trial, neuron] of a maximum over time |
///
/// Filters hold what weights made of spikes when they acted; activity that has not arrived yet meets the
/// weights of its arrival. (The published code of LSNN keeps delayed currents, which met the weights of
/// their departure.) Losses do not reach back through a state.
public struct NetworkState<Scalar: TensorScalar>: Sendable, Equatable {
  /// The second axis of each is the trial.
  public var tensors: NamedTensors<Scalar>

  public init(tensors: NamedTensors<Scalar>) { self.tensors = tensors }

  /// The last inputs; nil where none act any more.
  public var inputs: Tensor<Scalar>? {
    get { tensors[Self.inputsName] }
    set { tensors[Self.inputsName] = newValue }
  }

  static var inputsName: String { "inputs" }
  static var readoutFilter: String { "readout.filter" }

  public var trials: Int { tensors.pairs.first?.tensor.shape[1] ?? 0 }

  /// The state of some of the trials.
  public subscript(trials: Range<Int>) -> NetworkState {
    var result = NetworkState(tensors: NamedTensors())
    for (name, tensor) in tensors.pairs {
      var part = Tensor<Scalar>(
        axes: tensor.axes, shape: [tensor.shape[0], trials.count, tensor.shape[2]])
      let (row, length) = (tensor.shape[1] * tensor.shape[2], trials.count * tensor.shape[2])
      for step in 0..<tensor.shape[0] {
        let source = step * row + trials.lowerBound * tensor.shape[2]
        part.values.replaceSubrange(
          step * length..<(step + 1) * length, with: tensor.values[source..<source + length])
      }
      result.tensors[name] = part
    }
    return result
  }

  /// Copies the state of some of the trials to its place.
  public mutating func insert(_ part: NetworkState, trials: Range<Int>) {
    for (name, source) in part.tensors.pairs {
      tensors.update(name) { tensor in
        let (row, length) = (tensor.shape[1] * tensor.shape[2], trials.count * tensor.shape[2])
        for step in 0..<tensor.shape[0] {
          let start = step * row + trials.lowerBound * tensor.shape[2]
          tensor.values.replaceSubrange(
            start..<start + length, with: source.values[step * length..<(step + 1) * length])
        }
      }
    }
  }

  /// The same numbers in another precision.
  public func converted<Other: TensorScalar>(to: Other.Type = Other.self) -> NetworkState<Other> {
    NetworkState<Other>(tensors: tensors.converted())
  }
}

extension Network {
  /// Steps that the outputs of a layer still act after their own, one at least, for resets.
  func reach(ofLayer index: Int) -> Int {
    let recurrent = layers[index].recurrent.map { $0.reach(minimum: 1) }.max() ?? 0
    let above =
      index + 1 < layers.count
      ? layers[index + 1].input.reach(minimum: 0) : readout.connection.reach(minimum: 0)
    return max(1, recurrent, above)
  }

  /// Steps that inputs still act after their own.
  var inputReach: Int { layers[0].input.reach(minimum: 0) }

  /// The state before the first step of trials that start at rest.
  ///
  /// - Throws: `NetworkError` for a model of wrong constants.
  public func stateAtRest<Scalar: TensorScalar>(
    trials: Int, as _: Scalar.Type = Scalar.self
  ) throws -> NetworkState<Scalar> {
    var tensors = NamedTensors<Scalar>()
    func add(
      _ name: String, _ axis: String, _ rows: Int, _ width: Int, of columns: String = "neuron"
    ) {
      tensors[name] = Tensor(axes: [axis, "trial", columns], shape: [rows, trials, width])
    }
    if inputReach > 0 {
      add(NetworkState<Scalar>.inputsName, "time", inputReach, inputs, of: "channel")
    }
    for (index, layer) in layers.enumerated() {
      let rest = try layer.stateAtRest()
      add("\(layer.name).state", "part", rest.count, layer.neurons)
      tensors.update("\(layer.name).state") { tensor in
        let row = trials * layer.neurons
        for (part, value) in rest.enumerated() {
          for place in part * row..<(part + 1) * row { tensor.values[place] = Scalar(value) }
        }
      }
      add("\(layer.name).activity", "time", reach(ofLayer: index), layer.neurons)
      if layer.input.filter != .none { add("\(layer.name).input.filter", "part", 2, layer.neurons) }
      for kind in layer.recurrent where kind.filter != .none {
        add("\(layer.name).\(kind.recurrentName).filter", "part", 2, layer.neurons)
      }
    }
    if readout.connection.filter != .none {
      let isMaximum = readout.reduction == .maximumOverTime
      let width = isMaximum ? layers.last!.neurons : readout.outputs
      add(
        NetworkState<Scalar>.readoutFilter, "part", 2, width, of: isMaximum ? "neuron" : "output")
    }
    return NetworkState(tensors: tensors)
  }

  /// Checks a state from outside.
  ///
  /// - Throws: `NetworkError` naming the tensor that does not fit, or both numbers of trials.
  public func validate<Scalar: TensorScalar>(
    _ state: NetworkState<Scalar>, trials: Int
  ) throws {
    guard state.trials == trials else {
      throw NetworkError(
        "the state is that of \(state.trials) trials, the batch has \(trials)", place: "state",
        remedy: "Carry states between batches of equal numbers of trials only.")
    }
    let expected = try stateAtRest(trials: trials, as: Scalar.self).tensors
    for name in Set(expected.names).union(state.tensors.names).sorted() {
      let (shape, found) = (expected[name]?.shape, state.tensors[name]?.shape)
      guard shape == found else {
        throw NetworkError(
          "the state's tensor \(name) has shape \(found ?? []) instead of \(shape ?? [])",
          place: "state", remedy: "Carry states between batches of one network only.")
      }
    }
  }
}

extension Connection {
  /// Steps that a spike still acts after its own.
  fileprivate func reach(minimum: Int) -> Int {
    (latency ?? minimum + filter.latency) + connectivity.largestDelay
  }
}

/// Filter states as tensors [part, trial, neuron]: the rising part, then the filtered one.
enum FilterState {
  typealias State = ExponentialFilter<SIMD16<Float>>.State

  static func load(_ tensor: Tensor<Float>, into states: UnsafeMutablePointer<State>) {
    let (trials, width) = (tensor.shape[1], tensor.shape[2])
    let vectors = paddedToLanes(width) / 16
    for trial in 0..<trials {
      for neuron in 0..<width {
        let cell = trial * vectors + neuron >> 4
        let place = trial * width + neuron
        states[cell].rising[neuron & 15] = tensor.values[place]
        states[cell].filtered[neuron & 15] = tensor.values[trials * width + place]
      }
    }
  }

  static func tensor(
    _ states: UnsafePointer<State>, trials: Int, width: Int, axis: String
  ) -> Tensor<Float> {
    let vectors = paddedToLanes(width) / 16
    var tensor = Tensor<Float>(axes: ["part", "trial", axis], shape: [2, trials, width])
    for trial in 0..<trials {
      for neuron in 0..<width {
        let cell = trial * vectors + neuron >> 4
        let place = trial * width + neuron
        tensor.values[place] = states[cell].rising[neuron & 15]
        tensor.values[trials * width + place] = states[cell].filtered[neuron & 15]
      }
    }
    return tensor
  }
}
