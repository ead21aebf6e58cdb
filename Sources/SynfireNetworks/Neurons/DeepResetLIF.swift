import SynfireCore

/// The leaky integrate-and-fire neuron of factor-based spiking networks, in place of whose refractory period
/// stands a deep reset (DePasquale, Sussillo, Abbott & Churchland 2023, code):
///
///     v_t = I_t + (v_{t-1} - I_t) e          e = exp(-dt / tau_mem), exact for a constant drive I_t
///     s_t = 1 if v_t >= threshold            then v_t = threshold - resetDepth
///
/// The source has a threshold of 1e-16, a reset depth of 10 and a membrane time constant of 10 ms: without
/// drive, v takes many time constants to come back. Potentials and drives are dimensionless.
public struct DeepResetLIF: NeuronModel, Equatable {
  /// The time step dt, in seconds.
  public var timeStep: Double
  /// tau_mem, in seconds.
  public var membraneTimeConstant: Double
  public var threshold: Double
  /// How far below the threshold a spike sets the potential.
  public var resetDepth: Double
  /// Whether the gradient flows through the reset.
  public var differentiatesReset: Bool
  public var surrogate: Surrogate

  public init(
    timeStep: Double, membraneTimeConstant: Double = 0.010, threshold: Double = 1e-16,
    resetDepth: Double = 10, differentiatesReset: Bool = false,
    surrogate: Surrogate = .triangular(dampening: 0.3, width: 1)
  ) {
    self.timeStep = timeStep
    self.membraneTimeConstant = membraneTimeConstant
    self.threshold = threshold
    self.resetDepth = resetDepth
    self.differentiatesReset = differentiatesReset
    self.surrogate = surrogate
  }

  public func fast() throws -> DeepResetLIFKernel<SIMD16<Float>> {
    try validate()
    return DeepResetLIFKernel(self, smoothed: false)
  }

  public func reference(smoothed: Bool) throws -> DeepResetLIFKernel<Double> {
    try validate()
    return DeepResetLIFKernel(self, smoothed: smoothed)
  }

  private func validate() throws {
    let place = "DeepResetLIF"
    try TimeConstants.validate(
      timeStep: timeStep, [("membraneTimeConstant", membraneTimeConstant)], place: place)
    guard threshold.isFinite else {
      throw NetworkError("the threshold \(threshold) is not finite", place: place)
    }
    guard resetDepth > 0, resetDepth.isFinite else {
      throw NetworkError("the reset depth \(resetDepth) is not above 0", place: place)
    }
    try surrogate.validate(place: place)
  }
}

/// The step of `DeepResetLIF` and its adjoint.
public struct DeepResetLIFKernel<Number: Lanes>: UniformNeuronKernel {
  public struct State: BitwiseCopyable {
    @usableFromInline var potential = Number.zero

    @usableFromInline
    init() {}
  }

  /// The potential before the reset.
  public struct Tape: BitwiseCopyable {
    @usableFromInline var potential: Number

    @usableFromInline
    init(potential: Number) { self.potential = potential }
  }

  public struct Adjoint: BitwiseCopyable {
    @usableFromInline var potential = Number.zero

    @usableFromInline
    init() {}
  }

  @usableFromInline let membraneDecay: Number
  @usableFromInline let inputGain: Number
  @usableFromInline let threshold: Number
  @usableFromInline let resetPotential: Number
  @usableFromInline let differentiatesReset: Bool
  @usableFromInline let surrogate: Surrogate
  @usableFromInline let smoothed: Bool

  init(_ model: DeepResetLIF, smoothed: Bool) {
    let decay = exp(-model.timeStep / model.membraneTimeConstant)
    membraneDecay = Number(decay)
    inputGain = Number(1 - decay)
    threshold = Number(model.threshold)
    resetPotential = Number(model.threshold - model.resetDepth)
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
    let potential = drive.addingProduct(membraneDecay, state.potential - drive)
    let spikes = threshold.isGreater(than: potential).inverted()
    let output = smoothed ? (potential - threshold).mapped(surrogate.primitive) : Number(spikes)
    state.potential = potential + resetOutput(output, spikes) * (resetPotential - potential)
    return Emission(
      output: output, spikes: spikes, held: Number.Mask(bits: 0), tape: Tape(potential: potential))
  }

  @inlinable @inline(__always)
  public func adjointStep(
    _ adjoint: inout Adjoint, output: Number, tape: Tape, context: StepContext<Number>
  ) -> Number {
    let distance = tape.potential - threshold
    let spikes = threshold.isGreater(than: tape.potential).inverted()
    let emitted = smoothed ? distance.mapped(surrogate.primitive) : Number(spikes)
    let later = adjoint.potential
    var spike = output
    if differentiatesReset {
      spike = spike.addingProduct(later, resetPotential - tape.potential)
    }
    let voltage = (later * (Number.one - resetOutput(emitted, spikes)))
      .addingProduct(surrogate.derivative(distance), spike)
    adjoint.potential = membraneDecay * voltage
    return inputGain * voltage
  }

  @inlinable @inline(__always)
  public func potential(of state: State) -> Number { state.potential }

  /// The output as the reset sees it: one without gradient sees the spike itself even in a smoothed model.
  @inlinable @inline(__always)
  func resetOutput(_ output: Number, _ spikes: Number.Mask) -> Number {
    smoothed && differentiatesReset ? output : Number(spikes)
  }
}
