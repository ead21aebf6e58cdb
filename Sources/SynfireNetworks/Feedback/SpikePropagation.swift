import SynfireCore

/// Synapses of one kind in `Double`, driven by events: the current of all neurons after each step.
struct SpikePropagation {
  /// How spikes become currents.
  private enum Weights {
    /// The weights of each presynaptic neuron to all others, [presynaptic, postsynaptic padded].
    case rows(AlignedBuffer<Double>)
    /// The same current for all.
    case common(Double)
    /// Decoders [presynaptic, factor padded] and encoders [factor, postsynaptic padded].
    case factors(decoders: AlignedBuffer<Double>, encoders: AlignedBuffer<Double>, count: Int)
  }

  private let weights: Weights
  private let filter: ExponentialFilter<Double>?
  private let rowLength: Int
  /// The unfiltered current of a step, and factors on the way to it.
  private let impulse: AlignedBuffer<Double>
  private let latent: AlignedBuffer<Double>
  /// h and r of the filter by neuron; r is the current.
  private let rising: AlignedBuffer<Double>
  private let current: AlignedBuffer<Double>

  init(
    _ connectivity: any Connectivity, _ parameters: NamedTensors<Double>, filter: SpikeFilter,
    timeStep: Double, neurons: Int
  ) throws {
    self.filter = try filter.coefficients(timeStep: timeStep)
    rowLength = SymmetricMatrix.padded(neurons)
    var latents = 0
    switch connectivity {
    case is Common: weights = .common(parameters["weight"]!.values[0])
    case let factored as Factored:
      latents = factored.count
      weights = .factors(
        decoders: Self.columns(of: parameters["decoders"]!),
        encoders: Self.columns(of: parameters["encoders"]!), count: factored.count)
    default:
      weights = .rows(
        Self.columns(
          of: connectivity.weights(parameters, presynaptic: neurons, postsynaptic: neurons)))
    }
    impulse = AlignedBuffer(count: rowLength)
    latent = AlignedBuffer(count: SymmetricMatrix.padded(latents))
    rising = AlignedBuffer(count: rowLength)
    current = AlignedBuffer(count: rowLength)
  }

  /// The columns of a matrix [row, column], one after another, each padded to vectors of eight.
  static func columns(of matrix: Tensor<Double>) -> AlignedBuffer<Double> {
    let (rows, columns) = (matrix.shape[0], matrix.shape[1])
    let length = SymmetricMatrix.padded(rows)
    let result = AlignedBuffer<Double>(count: columns * length)
    for row in 0..<rows {
      for column in 0..<columns {
        result.pointer[column * length + row] = matrix.values[row * columns + column]
      }
    }
    return result
  }

  /// The current that acts in the next step, one number a neuron.
  var currents: UnsafePointer<Double> { UnsafePointer(current.pointer) }

  /// The state of the filter [part, neuron].
  func state(neurons: Int) -> Tensor<Double> {
    Tensor(
      axes: ["part", "neuron"], shape: [2, neurons],
      values: [rising, current].flatMap { UnsafeBufferPointer(start: $0.pointer, count: neurons) })
  }

  func restore(_ state: Tensor<Double>) {
    let neurons = state.shape[1]
    for neuron in 0..<neurons {
      rising.pointer[neuron] = state.values[neuron]
      current.pointer[neuron] = state.values[neurons + neuron]
    }
  }

  /// Takes the outputs of a step in: spikes as events, or numbers.
  func step(events: [Int], outputs: UnsafePointer<Double>, isSpiking: Bool) {
    let vectors = rowLength / 8
    let target = filter == nil ? current : impulse
    switch weights {
    case .common(let weight):
      let sum =
        isSpiking
        ? Double(events.count) : (0..<rowLength).reduce(0) { $0 + outputs[$1] }
      target.pointer.update(repeating: weight * sum, count: rowLength)
    case .rows(let rows):
      target.clear()
      Self.add(rows, length: rowLength, events, outputs, isSpiking, to: target.pointer)
    case .factors(let decoders, let encoders, let count):
      latent.clear()
      Self.add(decoders, length: latent.count, events, outputs, isSpiking, to: latent.pointer)
      target.clear()
      for factor in 0..<count {
        DoubleRows.add(
          encoders.pointer + factor * rowLength, times: latent.pointer[factor],
          to: target.pointer, vectors: vectors)
      }
    }
    guard let filter else { return }
    for neuron in 0..<rowLength {
      var state = ExponentialFilter<Double>.State()
      state.rising = rising.pointer[neuron]
      state.filtered = current.pointer[neuron]
      _ = filter.step(&state, impulse.pointer[neuron])
      rising.pointer[neuron] = state.rising
      current.pointer[neuron] = state.filtered
    }
  }

  private static func add(
    _ rows: AlignedBuffer<Double>, length: Int, _ events: [Int],
    _ outputs: UnsafePointer<Double>, _ isSpiking: Bool, to target: UnsafeMutablePointer<Double>
  ) {
    if isSpiking {
      for event in events {
        DoubleRows.add(
          rows.pointer + event * length, times: 1, to: target, vectors: length / 8)
      }
    } else {
      for neuron in 0..<rows.count / length {
        DoubleRows.add(
          rows.pointer + neuron * length, times: outputs[neuron], to: target,
          vectors: length / 8)
      }
    }
  }
}
