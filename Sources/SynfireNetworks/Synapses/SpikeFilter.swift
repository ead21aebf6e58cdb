import SynfireCore

/// How a spike spreads over time before the weights see it.
///
/// A filter is linear and the same for all neurons of a layer, so filtering and weighting commute: the
/// fast engine weights the spikes (few) and filters the sum, the reference engine filters each neuron.
public enum SpikeFilter: Sendable, Equatable {
  /// Spikes act as they are.
  case none
  /// r_t = a r_{t-1} + (1 - a) s_t with a = exp(-dt / tau): a spike acts in its own step (Bellec et al.
  /// 2018, readout); without normalization + s_t (Bellec et al. 2020). The time constant in seconds.
  case leaky(timeConstant: Double, isNormalized: Bool = true)
  /// r_t = a_d r_{t-1} + (dt / tau_d) s_{t-1}.
  case single(decay: Double)
  /// h_t = a_r h_{t-1} + s_{t-1};  r_t = a_d r_{t-1} + (1 - a_d) h_t   (`unitGain`), or
  /// h_t = a_r h_{t-1} + s_{t-1} dt / (tau_d tau_r);  r_t = a_d r_{t-1} + dt h_t   (`unitArea`).
  /// Time constants in seconds.
  case double(decay: Double, rise: Double, normalization: Normalization)

  /// The two normalizations in use (Lin & Huang 2024, code): of the context task and of digits.
  public enum Normalization: String, Sendable, Equatable, CaseIterable {
    case unitGain
    case unitArea
  }

  /// Steps from a spike to its first effect on the filtered activity.
  public var latency: Int {
    switch self {
    case .none, .leaky: 0
    case .single, .double: 1
    }
  }

  /// The coefficients for a time step in seconds; nil for `none`.
  public func coefficients(timeStep: Double) throws -> ExponentialFilter<Double>? {
    switch self {
    case .none:
      return nil
    case .leaky(let timeConstant, let isNormalized):
      try TimeConstants.validate(
        timeStep: timeStep, [("time constant", timeConstant)], place: "leaky filter")
      let kept = exp(-timeStep / timeConstant)
      return ExponentialFilter(
        decay: kept, gain: isNormalized ? 1 - kept : 1, rise: 0, jump: 1)
    case .single(let decay):
      try TimeConstants.validate(
        timeStep: timeStep, [("decay", decay)], place: "single-exponential filter")
      return ExponentialFilter(
        decay: exp(-timeStep / decay), gain: timeStep / decay, rise: 0, jump: 1)
    case .double(let decay, let rise, let normalization):
      try TimeConstants.validate(
        timeStep: timeStep, [("decay", decay), ("rise", rise)], place: "double-exponential filter")
      let decayFactor = exp(-timeStep / decay)
      let riseFactor = exp(-timeStep / rise)
      switch normalization {
      case .unitGain:
        return ExponentialFilter(
          decay: decayFactor, gain: 1 - decayFactor, rise: riseFactor, jump: 1)
      case .unitArea:
        return ExponentialFilter(
          decay: decayFactor, gain: timeStep, rise: riseFactor, jump: timeStep / (decay * rise))
      }
    }
  }
}

/// A linear filter in time on `Lanes`: h_t = rise h_{t-1} + jump x_t; r_t = decay r_{t-1} + gain h_t.
public struct ExponentialFilter<Number: Lanes>: BitwiseCopyable, Sendable {
  @usableFromInline let decay: Number
  @usableFromInline let gain: Number
  @usableFromInline let rise: Number
  @usableFromInline let jump: Number

  public init(decay: Double, gain: Double, rise: Double, jump: Double) {
    self.decay = Number(decay)
    self.gain = Number(gain)
    self.rise = Number(rise)
    self.jump = Number(jump)
  }

  /// h and r, or their adjoints.
  public struct State: BitwiseCopyable {
    @usableFromInline var rising = Number.zero
    @usableFromInline var filtered = Number.zero

    @inlinable @inline(__always)
    public init() {}
  }

  /// r_t after the input x_t.
  @inlinable @inline(__always)
  public func step(_ state: inout State, _ input: Number) -> Number {
    state.rising = (jump * input).addingProduct(rise, state.rising)
    state.filtered = (gain * state.rising).addingProduct(decay, state.filtered)
    return state.filtered
  }

  /// The adjoint of x_t from that of r_t, going backward in time.
  @inlinable @inline(__always)
  public func adjointStep(_ state: inout State, _ output: Number) -> Number {
    state.filtered = output.addingProduct(decay, state.filtered)
    state.rising = (gain * state.filtered).addingProduct(rise, state.rising)
    return jump * state.rising
  }
}

extension ExponentialFilter where Number == Double {
  /// What is left of r after a step, and what a spike adds to it in its own step.
  package var memory: Double { decay }
  package var response: Double { gain * jump }

  /// The same filter on sixteen lanes.
  public var fast: ExponentialFilter<SIMD16<Float>> {
    ExponentialFilter<SIMD16<Float>>(decay: decay, gain: gain, rise: rise, jump: jump)
  }
}

extension ExponentialFilter<SIMD16<Float>> {
  /// The filter that changes nothing.
  static let identity = ExponentialFilter(decay: 0, gain: 1, rise: 0, jump: 1)

  /// Filters a row of vectors in place.
  func step(
    _ states: UnsafeMutablePointer<State>, _ values: UnsafeMutablePointer<SIMD16<Float>>, count: Int
  ) {
    for cell in 0..<count { values[cell] = step(&states[cell], values[cell]) }
  }

  /// sum += filtered inputs.
  func step(
    _ states: UnsafeMutablePointer<State>, _ inputs: UnsafePointer<SIMD16<Float>>, count: Int,
    addingTo sum: UnsafeMutablePointer<SIMD16<Float>>
  ) {
    for cell in 0..<count { sum[cell] += step(&states[cell], inputs[cell]) }
  }

  /// The adjoints of the inputs from those of the outputs.
  func adjointStep(
    _ states: UnsafeMutablePointer<State>, _ outputs: UnsafePointer<SIMD16<Float>>, count: Int,
    into inputs: UnsafeMutablePointer<SIMD16<Float>>
  ) {
    for cell in 0..<count { inputs[cell] = adjointStep(&states[cell], outputs[cell]) }
  }

  /// sum += the adjoints of the inputs.
  func adjointStep(
    _ states: UnsafeMutablePointer<State>, _ outputs: UnsafePointer<SIMD16<Float>>, count: Int,
    addingTo sum: UnsafeMutablePointer<SIMD16<Float>>
  ) {
    for cell in 0..<count { sum[cell] += adjointStep(&states[cell], outputs[cell]) }
  }
}
