import SynfireCore

/// One individual of a `BernoulliNetwork`: its bits and its state, the fast engine.
///
/// Spikes are bits as synapses are, so the recurrent product is counted in exact integers (`BernoulliSweep`); what
/// excites is counted up, what inhibits is counted down.
public final class BernoulliController: Controller, @unchecked Sendable {
  public let network: BernoulliNetwork
  let places: BernoulliPlaces
  let connections: AlignedBuffer<UInt64>
  /// The recurrent ones once more, by presynaptic neuron.
  let rows: ConnectionRows
  /// Numbers of the neurons, padded to whole words: i, v, r, i_in, and what a spike adds to r.
  let current: AlignedBuffer<Float>
  let potential: AlignedBuffer<Float>
  let rate: AlignedBuffer<Float>
  let input: AlignedBuffer<Float>
  let increment: AlignedBuffer<Float>
  /// Spikes [sub-step, word] of the last step of the environment, before them those that it began with.
  let history: AlignedBuffer<UInt64>
  /// Which presynaptic neurons are counted up, and which down.
  let excited: CountedHalves
  let inhibited: CountedHalves
  let kernel: ControlNeuronKernel<SIMD16<Float>>
  let scales: (input: Float, recurrent: Float, output: Float)

  init(_ network: BernoulliNetwork) {
    self.network = network
    places = BernoulliPlaces(
      observations: network.observations, neurons: network.neurons, actions: network.actions)
    rows = ConnectionRows(neurons: network.neurons, excitatory: network.excitatory)
    let padded = places.words * 64
    connections = AlignedBuffer(count: network.layout.words)
    current = AlignedBuffer(count: padded)
    potential = AlignedBuffer(count: padded)
    rate = AlignedBuffer(count: padded)
    input = AlignedBuffer(count: padded)
    increment = AlignedBuffer(count: padded)
    history = AlignedBuffer(count: (network.neuron.subSteps + 1) * places.words)
    excited = CountedHalves(0..<network.excitatory)
    inhibited = CountedHalves(network.excitatory..<network.neurons)
    kernel = ControlNeuronKernel(network.neuron)
    scales = (
      Float(network.inputScale), Float(network.recurrentScale), Float(network.outputScale)
    )
    let size = Float(ControlNeuronKernel<SIMD16<Float>>.rateIncrement(network.neuron))
    for neuron in 0..<network.neurons {
      increment.pointer[neuron] = neuron < network.excitatory ? size : -size
    }
  }

  public var observations: Int { network.observations }

  public var actions: Int { network.actions }

  func load(_ words: UnsafePointer<UInt64>) {
    connections.pointer.update(from: words, count: connections.count)
    rows.load(
      UnsafeRawPointer(connections.pointer + places.recurrentStart)
        .assumingMemoryBound(to: SIMD16<UInt32>.self), places)
  }

  /// Potentials uniform on [0, threshold), everything else 0.
  public func reset(_ randomness: inout RandomStream) {
    current.clear()
    rate.clear()
    input.clear()
    history.clear()
    potential.clear()
    randomness.fillUniform(
      UnsafeMutableBufferPointer(start: potential.pointer, count: network.neurons))
    let threshold = Float(network.neuron.threshold)
    for neuron in 0..<network.neurons { potential.pointer[neuron] *= threshold }
  }

  /// The spikes of the last step of the environment [sub-step, word]: bit n % 64 of word n / 64 is neuron n.
  public var spikes: UnsafeBufferPointer<UInt64> {
    UnsafeBufferPointer(
      start: history.pointer + places.words, count: history.count - places.words)
  }

  /// i, v and r of every neuron; r is signed, in spikes per millisecond.
  public var state: (currents: [Float], potentials: [Float], rates: [Float]) {
    func numbers(_ buffer: AlignedBuffer<Float>) -> [Float] {
      Array(UnsafeBufferPointer(start: buffer.pointer, count: network.neurons))
    }
    return (numbers(current), numbers(potential), numbers(rate))
  }

  /// Sets i, v and r of every neuron, and the spikes of the sub-step before, which are 0 or 1.
  ///
  /// - Throws: `NetworkError` when there are more or fewer of them than neurons.
  public func setState(
    currents: [Float], potentials: [Float], rates: [Float], spikes: [Float]
  ) throws {
    for values in [currents, potentials, rates, spikes] where values.count != network.neurons {
      throw NetworkError(
        "\(values.count) numbers are no state of \(network.neurons) neurons",
        place: "BernoulliController")
    }
    (currents + potentials + rates + spikes).withUnsafeBufferPointer { restore($0.baseAddress!) }
  }

  /// i, v, r and the last spikes of every neuron.
  public var stateCount: Int { 4 * network.neurons }

  public func save(_ state: UnsafeMutablePointer<Float>) {
    let neurons = network.neurons
    for (part, buffer) in [current, potential, rate].enumerated() {
      (state + part * neurons).update(from: buffer.pointer, count: neurons)
    }
    let last = history.pointer + (history.count - places.words)
    for neuron in 0..<neurons {
      state[3 * neurons + neuron] = Float(last[neuron >> 6] >> UInt64(neuron & 63) & 1)
    }
  }

  public func restore(_ state: UnsafePointer<Float>) {
    let neurons = network.neurons
    for (part, buffer) in [current, potential, rate].enumerated() {
      buffer.pointer.update(from: state + part * neurons, count: neurons)
    }
    let last = history.pointer + (history.count - places.words)
    last.update(repeating: 0, count: places.words)
    for neuron in 0..<neurons where state[3 * neurons + neuron] != 0 {
      last[neuron >> 6] |= 1 << UInt64(neuron & 63)
    }
  }
}

/// The half words of a row of presynaptic neurons in which those of one sign are.
struct CountedHalves {
  /// Where the first of them is in a row.
  let first: Int
  let count: Int
  /// The neurons of that sign.
  let masks: AlignedBuffer<UInt32>
  /// Those of them that have spiked.
  let active: AlignedBuffer<UInt32>

  init(_ neurons: Range<Int>) {
    first = neurons.lowerBound >> 5
    count = neurons.isEmpty ? 0 : (neurons.upperBound + 31) >> 5 - first
    masks = AlignedBuffer(count: count)
    active = AlignedBuffer(count: count)
    for neuron in neurons {
      masks.pointer[neuron >> 5 - first] |= 1 << UInt32(neuron & 31)
    }
  }

  /// Picks those that have spiked from a row of words.
  func take(_ spikes: UnsafePointer<UInt64>) {
    let spikes = UnsafeRawPointer(spikes).assumingMemoryBound(to: UInt32.self) + first
    for half in 0..<count { active.pointer[half] = spikes[half] & masks.pointer[half] }
  }
}
