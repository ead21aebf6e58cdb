import CIntrinsics
import SynfireCore

/// One individual of a `DenseSpikingNetwork`: a sub-step adds the rows of the neurons that have spiked.
public final class DenseSpikingController: Controller, @unchecked Sendable {
  public let network: DenseSpikingNetwork
  /// Weights by presynaptic neuron: of the inputs, of the neurons, and of the neurons onto the actions.
  private let inputWeights: ColumnMatrix
  private let recurrentWeights: ColumnMatrix
  private let readoutWeights: ColumnMatrix
  private let current: AlignedBuffer<Float>
  private let potential: AlignedBuffer<Float>
  private let rate: AlignedBuffer<Float>
  private let input: AlignedBuffer<Float>
  private let drive: AlignedBuffer<Float>
  private let output: AlignedBuffer<Float>
  /// The last spikes, as bits and as places in the table of weights.
  private let spikeWords: AlignedBuffer<UInt64>
  private let offsets: AlignedBuffer<Int32>
  /// Spikes [sub-step, word] of the last step of the environment.
  private let history: AlignedBuffer<UInt64>
  private let kernel: ControlNeuronKernel<SIMD16<Float>>
  private let increment: SIMD16<Float>
  private let scales: (input: Float, recurrent: Float, output: Float)

  init(_ network: DenseSpikingNetwork) {
    self.network = network
    let neurons = network.neurons
    inputWeights = ColumnMatrix(rows: neurons, columns: network.observations)
    recurrentWeights = ColumnMatrix(rows: neurons, columns: neurons)
    readoutWeights = ColumnMatrix(rows: network.actions, columns: neurons)
    let padded = paddedToLanes(neurons)
    current = AlignedBuffer(count: padded)
    potential = AlignedBuffer(count: padded)
    rate = AlignedBuffer(count: padded)
    input = AlignedBuffer(count: padded)
    drive = AlignedBuffer(count: padded)
    output = AlignedBuffer(count: paddedToLanes(network.actions))
    spikeWords = AlignedBuffer(count: (neurons + 63) / 64)
    offsets = AlignedBuffer(count: neurons + 16)
    history = AlignedBuffer(count: network.neuron.subSteps * spikeWords.count)
    kernel = ControlNeuronKernel(network.neuron)
    increment = SIMD16(
      repeating: Float(ControlNeuronKernel<Double>.rateIncrement(network.neuron)))
    scales = (
      Float(network.inputScale), Float(network.recurrentScale), Float(network.outputScale)
    )
  }

  public var observations: Int { network.observations }

  public var actions: Int { network.actions }

  func load(_ weights: UnsafePointer<Float>) {
    let (neurons, inputs) = (network.neurons, network.observations)
    inputWeights.load(weights, scale: scales.input)
    recurrentWeights.load(weights + neurons * inputs, scale: scales.recurrent)
    readoutWeights.load(weights + neurons * (inputs + neurons), scale: scales.output)
  }

  /// Potentials uniform on [0, threshold), everything else 0.
  public func reset(_ randomness: inout RandomStream) {
    for buffer in [current, potential, rate, input] { buffer.clear() }
    spikeWords.clear()
    history.clear()
    randomness.fillUniform(
      UnsafeMutableBufferPointer(start: potential.pointer, count: network.neurons))
    let threshold = Float(network.neuron.threshold)
    for neuron in 0..<network.neurons { potential.pointer[neuron] *= threshold }
  }

  public func step(_ observation: UnsafePointer<Float>, into action: UnsafeMutablePointer<Float>) {
    input.clear()
    inputWeights.addProduct(observation, into: input.pointer)
    for subStep in 0..<network.neuron.subSteps {
      advance()
      (history.pointer + subStep * spikeWords.count)
        .update(from: spikeWords.pointer, count: spikeWords.count)
    }
    output.clear()
    readoutWeights.addProduct(rate.pointer, into: output.pointer)
    for index in 0..<network.actions {
      action[index] = network.sizes.clipped(output.pointer[index])
    }
  }

  private func advance() {
    drive.clear()
    let count = RowKernels.offsets(
      ofSetBits: spikeWords.pointer, count: spikeWords.count, stride: recurrentWeights.stride,
      into: offsets.pointer)
    RowKernels.add(
      recurrentWeights.values.pointer, offsets.pointer, count, into: drive.pointer,
      vectors: recurrentWeights.stride / 16)
    func vector(_ buffer: AlignedBuffer<Float>, _ block: Int) -> UnsafeMutablePointer<Vector> {
      UnsafeMutableRawPointer(buffer.pointer).assumingMemoryBound(to: Vector.self) + block
    }
    var word: UInt64 = 0
    let blocks = drive.count / 16
    for block in 0..<blocks {
      let spikes = kernel.step(
        current: &vector(current, block).pointee, potential: &vector(potential, block).pointee,
        drive: vector(drive, block).pointee, input: vector(input, block).pointee)
      let rates = vector(rate, block)
      rates.pointee = kernel.rate(rates.pointee, spikes: spikes, increment: increment)
      word |= UInt64(spikes.bits) &<< UInt64(16 &* (block & 3))
      if block & 3 == 3 || block == blocks - 1 {
        spikeWords.pointer[block >> 2] = word
        word = 0
      }
    }
  }

  public var spikes: UnsafeBufferPointer<UInt64> {
    UnsafeBufferPointer(start: history.pointer, count: history.count)
  }

  /// i, v, r and the last spikes of every neuron.
  public var stateCount: Int { 4 * network.neurons }

  public func save(_ state: UnsafeMutablePointer<Float>) {
    let neurons = network.neurons
    for (part, buffer) in [current, potential, rate].enumerated() {
      (state + part * neurons).update(from: buffer.pointer, count: neurons)
    }
    for neuron in 0..<neurons {
      let word = spikeWords.pointer[neuron >> 6]
      state[3 * neurons + neuron] = Float(word >> UInt64(neuron & 63) & 1)
    }
  }

  public func restore(_ state: UnsafePointer<Float>) {
    let neurons = network.neurons
    for (part, buffer) in [current, potential, rate].enumerated() {
      buffer.pointer.update(from: state + part * neurons, count: neurons)
    }
    spikeWords.clear()
    for neuron in 0..<neurons where state[3 * neurons + neuron] != 0 {
      spikeWords.pointer[neuron >> 6] |= 1 << UInt64(neuron & 63)
    }
  }
}
