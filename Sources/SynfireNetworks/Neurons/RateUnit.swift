import SynfireCore

/// A leaky rate unit with a hyperbolic tangent of its potential, the baseline of Lin & Huang 2024, or of its
/// drive, to which the rate relaxes then (DePasquale et al. 2023, code of the reaching task):
///
///     u_t = a_m u_{t-1} + (1 - a_m) drive_t,            r_t = tanh(u_t)          a_m = exp(-dt / tau_mem)
///     u_t = a_m u_{t-1} + (1 - a_m) tanh(drive_t),      r_t = u_t
///
/// Potentials, drives and rates are dimensionless.
public struct RateUnit: NeuronModel, Equatable {
  /// What the hyperbolic tangent is taken of.
  public enum Nonlinearity: String, Sendable, Equatable, CaseIterable {
    case potential, drive
  }

  /// The time step dt, in seconds.
  public var timeStep: Double
  /// tau_mem, in seconds; 0 for a unit without memory, u_t = drive_t.
  public var membraneTimeConstant: Double
  public var nonlinearity: Nonlinearity

  public init(
    timeStep: Double, membraneTimeConstant: Double, nonlinearity: Nonlinearity = .potential
  ) {
    self.timeStep = timeStep
    self.membraneTimeConstant = membraneTimeConstant
    self.nonlinearity = nonlinearity
  }

  public func fast() throws -> RateUnitKernel<SIMD16<Float>> {
    try validate()
    return RateUnitKernel(self)
  }

  public func reference(smoothed: Bool) throws -> RateUnitKernel<Double> {
    try validate()
    return RateUnitKernel(self)
  }

  private func validate() throws {
    guard membraneTimeConstant != 0 else { return }
    try TimeConstants.validate(
      timeStep: timeStep, [("membraneTimeConstant", membraneTimeConstant)], place: "RateUnit")
  }
}

/// The step of `RateUnit` and its adjoint.
public struct RateUnitKernel<Number: Lanes>: UniformNeuronKernel {
  public struct State: BitwiseCopyable {
    @usableFromInline var potential = Number.zero

    @usableFromInline
    init() {}
  }

  /// The hyperbolic tangent, from which its derivative 1 - tanh^2 follows.
  public struct Tape: BitwiseCopyable {
    @usableFromInline var tangent: Number

    @usableFromInline
    init(tangent: Number) { self.tangent = tangent }
  }

  public struct Adjoint: BitwiseCopyable {
    @usableFromInline var potential = Number.zero

    @usableFromInline
    init() {}
  }

  @usableFromInline let membraneDecay: Number
  @usableFromInline let inputGain: Number
  @usableFromInline let takesDrive: Bool

  init(_ model: RateUnit) {
    takesDrive = model.nonlinearity == .drive
    let decay = exp(-model.timeStep / model.membraneTimeConstant)
    membraneDecay = Number(decay)
    inputGain = Number(1 - decay)
  }

  @inlinable @inline(__always)
  public static var isSpiking: Bool { false }

  @inlinable @inline(__always)
  public var initialState: State { State() }

  @inlinable @inline(__always)
  public var initialAdjoint: Adjoint { Adjoint() }

  @inlinable @inline(__always)
  public func step(_ state: inout State, drive: Number) -> Emission<Number, Tape> {
    let goal = takesDrive ? drive.hyperbolicTangent() : drive
    state.potential = (inputGain * goal).addingProduct(membraneDecay, state.potential)
    let tangent = takesDrive ? goal : state.potential.hyperbolicTangent()
    let none = Number.Mask(bits: 0)
    return Emission(
      output: takesDrive ? state.potential : tangent, spikes: none, held: none,
      tape: Tape(tangent: tangent))
  }

  @inlinable @inline(__always)
  public func adjointStep(
    _ adjoint: inout Adjoint, output: Number, tape: Tape, context: StepContext<Number>
  ) -> Number {
    let slope = Number.one - tape.tangent * tape.tangent
    let voltage = adjoint.potential.addingProduct(output, takesDrive ? .one : slope)
    adjoint.potential = membraneDecay * voltage
    return takesDrive ? inputGain * voltage * slope : inputGain * voltage
  }

  @inlinable @inline(__always)
  public func potential(of state: State) -> Number { state.potential }
}
