import SynfireCore

/// Synapses of one kind in `Double`, driven by events: the current of all neurons after each step.
struct SpikePropagation {
  /// How spikes become currents.
  private enum Weights {
    /// The weights of each presynaptic neuron to all others, [presynaptic, postsynaptic padded].
    case rows(AlignedBuffer<Double>)
    /// The same current for all, from those neurons that it may come from; nil for all of them.
    case common(Double, from: [Bool]?)
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

  /// - Parameter signs: of the presynaptic neurons, whose synapses of the other sign are silent.
  init(
    _ connectivity: any Connectivity, _ parameters: NamedTensors<Double>, filter: SpikeFilter,
    timeStep: Double, neurons: Int, signs: Signs? = nil
  ) throws {
    self.filter = try filter.coefficients(timeStep: timeStep)
    rowLength = SymmetricMatrix.padded(neurons)
    var latents = 0
    switch connectivity {
    case is Common:
      let weight = parameters["weight"]!.values[0]
      weights = .common(weight, from: signs?.values.map { Double($0) * weight >= 0 })
    case let factored as Factored where signs == nil:
      latents = factored.count
      weights = .factors(
        decoders: Self.columns(of: parameters["decoders"]!),
        encoders: Self.columns(of: parameters["encoders"]!), count: factored.count)
    default:
      var matrix = connectivity.weights(parameters, presynaptic: neurons, postsynaptic: neurons)
      for (index, value) in matrix.values.enumerated()
      where value * Double(signs?.values[index % neurons] ?? 0) < 0 { matrix.values[index] = 0 }
      weights = .rows(Self.columns(of: matrix))
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
    case .common(let weight, let sources):
      func counts(_ neuron: Int) -> Bool { sources.map { $0[neuron] } ?? true }
      let sum =
        isSpiking
        ? Double(sources == nil ? events.count : events.count { counts($0) })
        : (0..<(sources?.count ?? rowLength)).reduce(0) { $0 + (counts($1) ? outputs[$1] : 0) }
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
