import SynfireCore

/// The step of `AdaptiveLIF` and its adjoint.
public struct AdaptiveLIFKernel<Number: Lanes>: NeuronKernel {
  public struct Parameters: NeuronParameters {
    @usableFromInline var threshold = Number.zero
    /// beta.
    @usableFromInline var strength = Number.zero
    /// alpha.
    @usableFromInline var membraneDecay = Number.zero
    /// rho.
    @usableFromInline var adaptationDecay = Number.zero

    @inlinable @inline(__always)
    public static var count: Int { 4 }

    @inlinable @inline(__always)
    public init() {}
  }

  public struct State: BitwiseCopyable {
    @usableFromInline var potential = Number.zero
    /// b.
    @usableFromInline var adaptation = Number.zero
    /// z of the last step, for adaptation and for the reset.
    @usableFromInline var output = Number.zero
    @usableFromInline var reset = Number.zero
    @usableFromInline var refractory = Number.zero
    @usableFromInline var current = Number.zero

    @usableFromInline
    init() {}
  }

  public struct Tape: BitwiseCopyable {
    /// v_{t-1} and b_t.
    @usableFromInline var potential: Number
    @usableFromInline var adaptation: Number
    /// I_t, for the gradient of the membrane time constant.
    @usableFromInline var current: Number

    @usableFromInline
    init(potential: Number, adaptation: Number, current: Number) {
      self.potential = potential
      self.adaptation = adaptation
      self.current = current
    }
  }

  /// What step t + 1 says of the states of step t.
  public struct Adjoint: BitwiseCopyable {
    /// dL/dv_t but for the spike of a new potential.
    @usableFromInline var potential = Number.zero
    /// dL/db_t but for the threshold of step t.
    @usableFromInline var adaptation = Number.zero
    /// dL/dz_t through adaptation and reset.
    @usableFromInline var output = Number.zero

    @usableFromInline
    init() {}
  }

  @usableFromInline let convention: AdaptiveLIF.Convention
  @usableFromInline let refractorySteps: Number
  @usableFromInline let surrogate: Surrogate
  @usableFromInline let smoothed: Bool

  init(_ model: AdaptiveLIF, smoothed: Bool) {
    convention = model.convention
    refractorySteps = Number(Double(model.refractorySteps))
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
  public func step(
    _ state: inout State, drive: Number, parameters: Parameters
  ) -> Emission<Number, Tape> {
    let alpha = parameters.membraneDecay
    let rho = parameters.adaptationDecay
    let before = state.potential
    let jump = convention.scalesAdaptation ? (Number.one - rho) * state.output : state.output
    state.adaptation = jump.addingProduct(rho, state.adaptation)
    let adapted = parameters.threshold.addingProduct(parameters.strength, state.adaptation)
    let current = convention.scalesCurrent ? (Number.one - alpha) * drive : drive
    let integrated = current.addingProduct(alpha, before)
    let amount = convention.resetsByBaseline ? parameters.threshold : adapted
    let held = state.refractory.isGreater(than: .zero)

    var potential = integrated
    if convention.resetLag == 1 { potential = potential - amount * state.reset }
    let deciding = convention.spikesFromNewPotential ? potential : before
    let distance = (deciding - adapted) / scale(parameters, adapted)
    let spikes = distance.isGreater(than: .zero).and(held.inverted())
    let output = (smoothed ? distance.mapped(surrogate.primitive) : Number(spikes))
      .replacing(with: .zero, where: held)
    let reset = resetOutput(smooth: output, spikes: spikes)
    if convention.resetLag == 0 { potential = potential - amount * reset }

    state.potential = potential
    state.output = output
    state.reset = reset
    state.current = drive
    state.refractory = Number.zero.maximum(state.refractory - .one)
      .replacing(with: refractorySteps, where: spikes)
    return Emission(
      output: output, spikes: spikes, held: held,
      tape: Tape(potential: before, adaptation: state.adaptation, current: drive))
  }

  @inlinable @inline(__always)
  public func adjointStep(
    _ adjoint: inout Adjoint, output: Number, tape: Tape, context: StepContext<Number>,
    parameters: Parameters, gradient: inout Parameters
  ) -> Number {
    let alpha = parameters.membraneDecay
    let rho = parameters.adaptationDecay
    let previous = smoothed ? context.previousOutput : Number(context.previousSpikes)
    let previousReset = resetOutput(
      smooth: context.previousOutput, spikes: context.previousSpikes)
    let adapted = parameters.threshold.addingProduct(parameters.strength, tape.adaptation)
    let amount = convention.resetsByBaseline ? parameters.threshold : adapted
    let scale = scale(parameters, adapted)
    let gain = convention.scalesCurrent ? Number.one - alpha : Number.one
    let jump = convention.scalesAdaptation ? Number.one - rho : Number.one

    var deciding = tape.potential
    if convention.spikesFromNewPotential {
      deciding = (gain * tape.current).addingProduct(alpha, tape.potential) - amount * previousReset
    }
    let distance = (deciding - adapted) / scale
    let slope = surrogate.derivative(distance).replacing(with: .zero, where: context.held)

    // The output of this step, with a reset by it if there is no lag.
    var voltage = adjoint.potential
    var spike = adjoint.output + output
    var reset = previousReset
    if convention.resetLag == 0 {
      let spikes = distance.isGreater(than: .zero).and(context.held.inverted())
      reset = resetOutput(
        smooth: smoothed ? distance.mapped(surrogate.primitive) : .zero, spikes: spikes
      ).replacing(with: .zero, where: context.held)
      if convention.differentiatesReset { spike = spike - amount * voltage }
    }
    let normalized = slope * spike / scale
    if convention.spikesFromNewPotential { voltage = voltage + normalized }

    // The threshold: through the decision, its scale, and the reset.
    let relative = convention.scalesByBaseline ? Number.one : deciding / adapted
    let decided = Number.zero - normalized * relative
    let taken = Number.zero - reset * voltage
    let adaptedAdjoint = convention.resetsByBaseline ? decided : decided + taken
    let adaptation = adjoint.adaptation.addingProduct(parameters.strength, adaptedAdjoint)

    gradient.threshold = gradient.threshold + adaptedAdjoint
    if convention.resetsByBaseline { gradient.threshold = gradient.threshold + taken }
    if convention.scalesByBaseline {
      gradient.threshold = gradient.threshold - normalized * distance
    }
    gradient.strength = gradient.strength.addingProduct(adaptedAdjoint, tape.adaptation)
    let before = convention.scalesCurrent ? tape.potential - tape.current : tape.potential
    gradient.membraneDecay = gradient.membraneDecay.addingProduct(voltage, before)
    // b_{t-1} = (b_t - jump z_{t-1}) / rho.
    let older = (tape.adaptation - jump * previous) / rho
    let faded = convention.scalesAdaptation ? older - previous : older
    gradient.adaptationDecay = gradient.adaptationDecay.addingProduct(adaptation, faded)

    adjoint.potential = alpha * voltage
    if !convention.spikesFromNewPotential { adjoint.potential = adjoint.potential + normalized }
    adjoint.adaptation = rho * adaptation
    adjoint.output = jump * adaptation
    if convention.resetLag == 1, convention.differentiatesReset {
      adjoint.output = adjoint.output - amount * voltage
    }
    return gain * voltage
  }

  /// The output as the reset sees it: one without gradient sees the spike itself even in a smoothed
  /// model, and so is a constant there too.
  @inlinable @inline(__always)
  func resetOutput(smooth: Number, spikes: Number.Mask) -> Number {
    smoothed && convention.differentiatesReset ? smooth : Number(spikes)
  }

  /// What u is a fraction of.
  @inlinable @inline(__always)
  func scale(_ parameters: Parameters, _ adapted: Number) -> Number {
    convention.scalesByBaseline ? parameters.threshold : adapted
  }

  @inlinable @inline(__always)
  public func potential(of state: State) -> Number { state.potential }

  @inlinable @inline(__always)
  public func current(of state: State) -> Number { state.current }
}
