import SynfireCore

/// Networks in closed loop in `Double` and in plain loops over matrices: what the fast engines are tested
/// against. Takes the weights as they are, zeros and ones of connections among them.
public final class ReferenceController {
  /// The matrices and scales of a network in closed loop.
  struct Parts {
    /// [neuron, input], [neuron, presynaptic], [action, neuron].
    var input: Tensor<Double>
    var recurrent: Tensor<Double>
    var readout: Tensor<Double>
    /// +1 or -1 for every neuron.
    var signs: [Double]
    var mirrorsInputs: Bool
    var inputScale: Double
    var recurrentScale: Double
    var outputScale: Double
    var neuron: ControlNeuron
    var actionRange: ClosedRange<Float>?
  }

  private let parts: Parts
  private let kernel: ControlNeuronKernel<Double>
  private let increment: Double
  /// i, v, r and sigma of every neuron.
  public var currents: [Double]
  public var potentials: [Double]
  public var rates: [Double]
  public var spikes: [Double]
  /// i_in of the last step.
  public private(set) var inputCurrents: [Double]

  init(_ parts: Parts) {
    self.parts = parts
    kernel = ControlNeuronKernel(parts.neuron)
    increment = ControlNeuronKernel<Double>.rateIncrement(parts.neuron)
    let zeros = [Double](repeating: 0, count: parts.signs.count)
    (currents, potentials, rates, spikes, inputCurrents) = (zeros, zeros, zeros, zeros, zeros)
  }

  /// One step of the environment.
  public func step(_ observation: [Double]) -> [Double] {
    receive(observation)
    for _ in 0..<parts.neuron.subSteps { subStep() }
    return outputs.map { value in
      parts.actionRange.map { min(Double($0.upperBound), max(Double($0.lowerBound), value)) }
        ?? value
    }
  }

  /// Sets the input current, which then stays.
  public func receive(_ observation: [Double]) {
    let inputs = parts.mirrorsInputs ? observation + observation.map { -$0 } : observation
    inputCurrents = product(parts.input, inputs).map { parts.inputScale * $0 }
  }

  /// One time step of the network.
  public func subStep() {
    let drives = product(parts.recurrent, spikes).map { parts.recurrentScale * $0 }
    for neuron in currents.indices {
      let spiked = kernel.step(
        current: &currents[neuron], potential: &potentials[neuron], drive: drives[neuron],
        input: inputCurrents[neuron])
      rates[neuron] = kernel.rate(
        rates[neuron], spikes: spiked, increment: parts.signs[neuron] * increment)
      spikes[neuron] = spiked ? parts.signs[neuron] : 0
    }
  }

  /// What the readout says now, before it is clipped.
  public var outputs: [Double] { product(parts.readout, rates).map { parts.outputScale * $0 } }

  private func product(_ matrix: Tensor<Double>, _ vector: [Double]) -> [Double] {
    (0..<matrix.shape[0]).map { row in
      (0..<matrix.shape[1]).reduce(0) { $0 + matrix[row, $1] * vector[$1] }
    }
  }
}

extension BernoulliNetwork {
  /// The network with these connections, zeros and ones, in double precision.
  ///
  /// - Throws: `NetworkError` for tensors that do not fit.
  public func reference(_ connections: NamedTensors<Double>) throws -> ReferenceController {
    try validate(connections)
    return ReferenceController(
      ReferenceController.Parts(
        input: connections["hidden.input.probabilities"]!,
        recurrent: connections["hidden.recurrent.probabilities"]!,
        readout: connections["readout.probabilities"]!, signs: signs.values.map { Double($0) },
        mirrorsInputs: true, inputScale: inputScale, recurrentScale: recurrentScale,
        outputScale: outputScale, neuron: neuron, actionRange: actionRange))
  }
}
