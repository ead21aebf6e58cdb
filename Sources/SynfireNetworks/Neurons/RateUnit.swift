import Foundation
import SynfireCore

/// A rate unit with a hyperbolic tangent, the baseline of Lin & Huang 2024:
///
///     u_t = a_m u_{t-1} + (1 - a_m) drive_t       a_m = exp(-dt / tau_mem)
///     r_t = tanh(u_t)
public struct RateUnit: NeuronModel, Equatable {
  /// The time step dt, in seconds.
  public var timeStep: Double
  /// tau_mem, in seconds.
  public var membraneTimeConstant: Double

  public init(timeStep: Double, membraneTimeConstant: Double) {
    self.timeStep = timeStep
    self.membraneTimeConstant = membraneTimeConstant
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

  /// The rate r_t, from which its derivative 1 - r^2 follows.
  public struct Tape: BitwiseCopyable {
    @usableFromInline var rate: Number

    @usableFromInline
    init(rate: Number) { self.rate = rate }
  }

  public struct Adjoint: BitwiseCopyable {
    @usableFromInline var potential = Number.zero

    @usableFromInline
    init() {}
  }

  @usableFromInline let membraneDecay: Number
  @usableFromInline let inputGain: Number

  init(_ model: RateUnit) {
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
    state.potential = (inputGain * drive).addingProduct(membraneDecay, state.potential)
    let rate = state.potential.hyperbolicTangent()
    let none = Number.Mask(bits: 0)
    return Emission(output: rate, spikes: none, held: none, tape: Tape(rate: rate))
  }

  @inlinable @inline(__always)
  public func adjointStep(
    _ adjoint: inout Adjoint, output: Number, tape: Tape, context: StepContext<Number>
  ) -> Number {
    let voltage = adjoint.potential.addingProduct(
      output, Number.one - tape.rate * tape.rate)
    adjoint.potential = membraneDecay * voltage
    return inputGain * voltage
  }

  @inlinable @inline(__always)
  public func potential(of state: State) -> Number { state.potential }

  @inlinable @inline(__always)
  public func current(of state: State, drive: Number) -> Number { drive }
}
