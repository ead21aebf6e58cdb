import Foundation
import SynfireCore

/// A rate unit that relaxes to the hyperbolic tangent of its drive, and so stays bounded (DePasquale et al.
/// 2023, code of the reaching task). `RateUnit` has the tangent outside of the leak instead.
///
///     r_t = tanh(I_t) + (r_{t-1} - tanh(I_t)) e          e = exp(-dt / tau)
public struct BoundedRateUnit: NeuronModel, Equatable {
  /// The time step dt, in seconds.
  public var timeStep: Double
  /// tau, in seconds.
  public var timeConstant: Double

  public init(timeStep: Double, timeConstant: Double) {
    self.timeStep = timeStep
    self.timeConstant = timeConstant
  }

  public func fast() throws -> BoundedRateUnitKernel<SIMD16<Float>> {
    try validate()
    return BoundedRateUnitKernel(self)
  }

  public func reference(smoothed: Bool) throws -> BoundedRateUnitKernel<Double> {
    try validate()
    return BoundedRateUnitKernel(self)
  }

  private func validate() throws {
    try TimeConstants.validate(
      timeStep: timeStep, [("timeConstant", timeConstant)], place: "BoundedRateUnit")
  }
}

/// The step of `BoundedRateUnit` and its adjoint.
public struct BoundedRateUnitKernel<Number: Lanes>: UniformNeuronKernel {
  public struct State: BitwiseCopyable {
    @usableFromInline var rate = Number.zero

    @usableFromInline
    init() {}
  }

  /// The rate that the drive calls for.
  public struct Tape: BitwiseCopyable {
    @usableFromInline var goal: Number

    @usableFromInline
    init(goal: Number) { self.goal = goal }
  }

  public struct Adjoint: BitwiseCopyable {
    @usableFromInline var rate = Number.zero

    @usableFromInline
    init() {}
  }

  @usableFromInline let decay: Number
  @usableFromInline let gain: Number

  init(_ model: BoundedRateUnit) {
    let decay = exp(-model.timeStep / model.timeConstant)
    self.decay = Number(decay)
    gain = Number(1 - decay)
  }

  @inlinable @inline(__always)
  public static var isSpiking: Bool { false }

  @inlinable @inline(__always)
  public var initialState: State { State() }

  @inlinable @inline(__always)
  public var initialAdjoint: Adjoint { Adjoint() }

  @inlinable @inline(__always)
  public func step(_ state: inout State, drive: Number) -> Emission<Number, Tape> {
    let goal = drive.hyperbolicTangent()
    state.rate = goal.addingProduct(decay, state.rate - goal)
    let none = Number.Mask(bits: 0)
    return Emission(output: state.rate, spikes: none, held: none, tape: Tape(goal: goal))
  }

  @inlinable @inline(__always)
  public func adjointStep(
    _ adjoint: inout Adjoint, output: Number, tape: Tape, context: StepContext<Number>
  ) -> Number {
    let rate = adjoint.rate + output
    adjoint.rate = decay * rate
    return gain * rate * (Number.one - tape.goal * tape.goal)
  }

  @inlinable @inline(__always)
  public func potential(of state: State) -> Number { state.rate }

  @inlinable @inline(__always)
  public func current(of state: State, drive: Number) -> Number { drive }
}
