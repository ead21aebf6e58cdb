import SynfireCore

/// The leaky integrate-and-fire neuron with a synaptic current and an absolute refractory period.
///
/// One step, in this order (Lin & Huang 2024, code; all states start at 0):
///
///     I_t = a_s I_{t-1} + drive_t                      a_s = exp(-dt / tau_syn), 0 without tau_syn
///     v_t = a_m u_{t-1} + g I_t                        a_m = exp(-dt / tau_mem), g = 1 - a_m
///     u_t = m_t v_t (1 - s_{t-1})                      reset to zero
///     u_t = m_t (v_t - threshold s_{t-1})              reset by subtraction
///     s_t = 1 if u_t > threshold                       strict
///
/// m_t is 0 in the `refractorySteps` steps after a spike and 1 otherwise: an integer counter, set by a
/// spike and decremented each step. It carries no gradient. Voltages and currents are dimensionless.
public struct LIF: NeuronModel, Equatable {
  /// What a spike does to the membrane potential of the next step.
  public enum Reset: String, Sendable, Equatable, CaseIterable {
    case zero
    case subtract
  }

  /// The time step dt, in seconds.
  public var timeStep: Double
  /// tau_mem, in seconds.
  public var membraneTimeConstant: Double
  /// tau_syn, in seconds; nil lets the drive act for one step only.
  public var synapticTimeConstant: Double?
  /// g; nil stands for 1 - a_m.
  public var inputGain: Double?
  public var threshold: Double
  public var refractorySteps: Int
  public var reset: Reset
  /// Whether the gradient flows through s_{t-1} in the reset.
  public var differentiatesReset: Bool
  public var surrogate: Surrogate

  public init(
    timeStep: Double, membraneTimeConstant: Double, synapticTimeConstant: Double? = nil,
    inputGain: Double? = nil, threshold: Double = 1, refractorySteps: Int = 0, reset: Reset = .zero,
    differentiatesReset: Bool = true, surrogate: Surrogate = .fastSigmoid(slope: 25)
  ) {
    self.timeStep = timeStep
    self.membraneTimeConstant = membraneTimeConstant
    self.synapticTimeConstant = synapticTimeConstant
    self.inputGain = inputGain
    self.threshold = threshold
    self.refractorySteps = refractorySteps
    self.reset = reset
    self.differentiatesReset = differentiatesReset
    self.surrogate = surrogate
  }

  public func fast() throws -> LIFKernel<SIMD16<Float>> {
    try validate()
    return LIFKernel(self, smoothed: false)
  }

  public func reference(smoothed: Bool) throws -> LIFKernel<Double> {
    try validate()
    return LIFKernel(self, smoothed: smoothed)
  }

  private func validate() throws {
    try TimeConstants.validate(
      timeStep: timeStep,
      [
        ("membraneTimeConstant", membraneTimeConstant),
        ("synapticTimeConstant", synapticTimeConstant),
      ], place: "LIF")
    guard threshold > 0, threshold.isFinite else {
      throw NetworkError("the threshold \(threshold) is not above 0", place: "LIF")
    }
    guard refractorySteps >= 0 else {
      throw NetworkError("\(refractorySteps) refractory steps are fewer than 0", place: "LIF")
    }
    try surrogate.validate(place: "LIF")
  }
}

/// The step of `LIF` and its adjoint.
public struct LIFKernel<Number: Lanes>: UniformNeuronKernel {
  public struct State: BitwiseCopyable {
    @usableFromInline var current = Number.zero
    @usableFromInline var potential = Number.zero
    @usableFromInline var refractory = Number.zero

    @usableFromInline
    init() {}
  }

  /// The potential before the multiplication by 1 - s_{t-1}.
  public struct Tape: BitwiseCopyable {
    @usableFromInline var potential: Number

    @usableFromInline
    init(potential: Number) { self.potential = potential }
  }

  public struct Adjoint: BitwiseCopyable {
    @usableFromInline var current = Number.zero
    @usableFromInline var potential = Number.zero
    @usableFromInline var reset = Number.zero

    @usableFromInline
    init() {}
  }

  @usableFromInline let synapticDecay: Number
  @usableFromInline let membraneDecay: Number
  @usableFromInline let inputGain: Number
  @usableFromInline let threshold: Number
  @usableFromInline let refractorySteps: Number
  @usableFromInline var subtracts: Bool
  @usableFromInline let differentiatesReset: Bool
  @usableFromInline var surrogate: Surrogate
  @usableFromInline var smoothed: Bool

  init(_ model: LIF, smoothed: Bool) {
    let decay = exp(-model.timeStep / model.membraneTimeConstant)
    membraneDecay = Number(decay)
    inputGain = Number(model.inputGain ?? (1 - decay))
    synapticDecay = Number(model.synapticTimeConstant.map { exp(-model.timeStep / $0) } ?? 0)
    threshold = Number(model.threshold)
    refractorySteps = Number(Double(model.refractorySteps))
    subtracts = model.reset == .subtract
    differentiatesReset = model.differentiatesReset
    surrogate = model.surrogate
    self.smoothed = smoothed
  }

  @inlinable @inline(__always)
  public static var isSpiking: Bool { true }

  @inlinable @inline(__always)
  public var initialState: State { State() }

  @inlinable @inline(__always)
  public var initialAdjoint: Adjoint { Adjoint() }

  @inlinable @inline(__always)
  public func step(_ state: inout State, drive: Number) -> Emission<Number, Tape> {
    // A potential above threshold is a spike, so the state tells whether the previous step had one.
    let previous = resetOutput(
      smooth: output(at: state.potential), spikes: state.potential.isGreater(than: threshold))
    state.current = drive.addingProduct(synapticDecay, state.current)
    let held = state.refractory.isGreater(than: .zero)
    var candidate = (inputGain * state.current).addingProduct(membraneDecay, state.potential)
    if subtracts { candidate = candidate - threshold * previous }
    candidate = candidate.replacing(with: .zero, where: held)
    state.potential = subtracts ? candidate : candidate - candidate * previous

    let spikes = state.potential.isGreater(than: threshold)
    state.refractory = Number.zero.maximum(state.refractory - .one)
      .replacing(with: refractorySteps, where: spikes)
    return Emission(
      output: output(at: state.potential), spikes: spikes, held: held,
      tape: Tape(potential: candidate))
  }

  @inlinable @inline(__always)
  public func adjointStep(
    _ adjoint: inout Adjoint, output: Number, tape: Tape, context: StepContext<Number>
  ) -> Number {
    let previous = resetOutput(smooth: context.previousOutput, spikes: context.previousSpikes)
    let kept = subtracts ? Number.one : Number.one - previous
    let slope = surrogate.derivative(tape.potential * kept - threshold)
    let voltage = adjoint.potential.addingProduct(slope, output - adjoint.reset)
    let open = (voltage * kept).replacing(with: .zero, where: context.held)
    adjoint.potential = membraneDecay * open
    if differentiatesReset {
      adjoint.reset = subtracts ? threshold * open : tape.potential * voltage
    }
    adjoint.current = (inputGain * open).addingProduct(synapticDecay, adjoint.current)
    return adjoint.current
  }

  @inlinable @inline(__always)
  public func potential(of state: State) -> Number { state.potential }

  @inlinable @inline(__always)
  public func current(of state: State, drive: Number) -> Number { state.current }

  @inlinable @inline(__always)
  func output(at potential: Number) -> Number {
    smoothed
      ? (potential - threshold).mapped(smoothedSpike)
      : Number(potential.isGreater(than: threshold))
  }

  /// The primitive of the surrogate derivative, zero at rest, as before the first step.
  @usableFromInline
  func smoothedSpike(_ distance: Double) -> Double {
    surrogate.primitive(distance) - surrogate.primitive(-Double(threshold.total()))
  }

  /// The previous output as the reset sees it: one without gradient sees the spike itself even in a
  /// smoothed model, and so is a constant there too.
  @inlinable @inline(__always)
  func resetOutput(smooth: Number, spikes: Number.Mask) -> Number {
    smoothed && differentiatesReset ? smooth : Number(spikes)
  }
}
