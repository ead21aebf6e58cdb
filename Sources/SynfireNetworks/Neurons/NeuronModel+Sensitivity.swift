import SynfireCore

extension NeuronKernel {
  @inlinable @inline(__always)
  public func sensitiveLanes(
    _ tape: Tape, held: Number.Mask, parameters: Parameters
  ) -> Number.Mask { Number.Mask(bits: .max) }
}

extension NeuronModel {
  @inlinable
  public func findSensitive(
    _ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int, into flags: UnsafeMutablePointer<UInt8>
  ) {
    let vectors = memory.size.vectors
    let row = time * memory.size.trials
    let tape = memory.tape + row * vectors
    let held = memory.held + row * memory.size.words * 4
    for vector in 0..<vectors {
      let lanes = kernel.sensitiveLanes(
        tape[vector], held: FloatLaneMask(bits: Fast.isSpiking ? held[vector] : 0),
        parameters: memory.parameters(of: vector))
      flags[vector] = lanes.bits == 0 ? 0 : 1
    }
  }
}

extension Surrogate {
  /// The distance from threshold beyond which the derivative is exactly 0, and a little more than it; nil
  /// where there is none.
  @inlinable @inline(__always)
  var reach: Double? {
    switch self {
    case .triangular(_, let width): width * 1.001
    case .boxcar(let width): width * 0.501
    case .fastSigmoid, .gaussian, .sigmoid: nil
    }
  }
}

extension AdaptiveLIFKernel {
  /// Adaptation and refractory steps follow from spikes.
  public var retracedParts: Range<Int>? {
    smoothed || isTrained || surrogate.reach == nil ? nil : isRefractory ? 1..<3 : 1..<2
  }

  /// The potential that decided, where it makes a difference by how much.
  @inlinable @inline(__always)
  public func kept(
    _ emission: Emission<Number, Tape>, parameters: Parameters
  ) -> (number: Number, lanes: Number.Mask) {
    let near = sensitiveLanes(emission.tape, held: emission.held, parameters: parameters)
    return (emission.tape.potential, near.or(emission.spikes))
  }

  @inlinable @inline(__always)
  public func retrace(
    _ state: inout State, kept: (_ other: Number) -> Number, spikes: Number.Mask,
    previousSpikes: Number.Mask, isFirst: Bool, parameters: Parameters
  ) -> (tape: Tape, held: Number.Mask) {
    let previous = isFirst ? previousOutput(state, parameters) : Number(previousSpikes)
    adapt(&state, previous, parameters)
    let held = held(state)
    if isRefractory { countRefractory(&state, spikes) }
    let adapted = adapted(state, parameters)
    // Far below threshold.
    let width = Number(2 * (surrogate.reach ?? 0)) * scale(parameters, adapted).magnitude
    return (Tape(potential: kept(adapted - width), adaptation: state.adaptation), held)
  }

  /// Those within the reach of the surrogate that refractoriness does not hold.
  @inlinable @inline(__always)
  public func sensitiveLanes(
    _ tape: Tape, held: Number.Mask, parameters: Parameters
  ) -> Number.Mask {
    guard let reach = surrogate.reach else { return Number.Mask(bits: .max) }
    let adapted = parameters.threshold.addingProduct(parameters.strength, tape.adaptation)
    let scale = convention.scalesByBaseline ? parameters.threshold : adapted
    let isFar = (tape.potential - adapted).magnitude
      .isGreater(than: Number(reach) * scale.magnitude)
    // What is not a number is not far.
    return isFar.or(held).inverted()
  }
}
