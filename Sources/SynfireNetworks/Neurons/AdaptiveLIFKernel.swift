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

  /// In the order of `carriedParts`.
  public struct State: BitwiseCopyable {
    @usableFromInline var potential = Number.zero
    /// b.
    @usableFromInline var adaptation = Number.zero
    /// Refractory steps that are left.
    @usableFromInline var refractory = Number.zero
    /// z of the last step where the other states do not tell it, and as the reset sees it.
    @usableFromInline var output = Number.zero
    @usableFromInline var reset = Number.zero

    @usableFromInline
    init() {}
  }

  public struct Tape: BitwiseCopyable {
    /// The potential that the spike was decided by: v_{t-1}, or v_t.
    @usableFromInline var potential: Number
    /// b_t.
    @usableFromInline var adaptation: Number

    @usableFromInline
    init(potential: Number, adaptation: Number) {
      self.potential = potential
      self.adaptation = adaptation
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
    /// For the gradient of alpha: v_t, or dL/dv_{t+1} of spikes by the new potential.
    @usableFromInline var later = Number.zero

    @usableFromInline
    init() {}
  }

  // Variables so that loops can make constants of them.
  @usableFromInline var convention: AdaptiveLIF.Convention
  @usableFromInline var isRefractory: Bool
  @usableFromInline var surrogate: Surrogate
  @usableFromInline var smoothed: Bool
  /// Whether the gradient of the parameters is wanted.
  @usableFromInline var isTrained: Bool
  @usableFromInline let refractorySteps: Number

  init(_ model: AdaptiveLIF, smoothed: Bool) {
    convention = model.convention
    refractorySteps = Number(Double(model.refractorySteps))
    isRefractory = model.refractorySteps > 0
    surrogate = model.surrogate
    self.smoothed = smoothed
    isTrained = !model.trained.isEmpty
  }

  @inlinable @inline(__always)
  public static var isSpiking: Bool { true }

  @inlinable @inline(__always)
  public var initialState: State { State() }

  @inlinable @inline(__always)
  public var initialAdjoint: Adjoint { Adjoint() }

  public var carriedParts: Int { smoothed || !statesTellSpikes ? 5 : isRefractory ? 3 : 2 }

  @inlinable @inline(__always)
  public func step(
    _ state: inout State, drive: Number, parameters: Parameters
  ) -> Emission<Number, Tape> {
    let alpha = parameters.membraneDecay
    let before = state.potential
    let previous = previousOutput(state, parameters)
    adapt(&state, previous, parameters)
    let adapted = adapted(state, parameters)
    let current = convention.scalesCurrent ? (Number.one - alpha) * drive : drive
    let amount = convention.resetsByBaseline ? parameters.threshold : adapted

    var potential = current.addingProduct(alpha, before)
    if convention.resetLag == 1 {
      potential = potential - amount * (smoothed ? state.reset : previous)
    }
    let deciding = convention.spikesFromNewPotential ? potential : before
    let held = held(state)
    var spikes = deciding.isGreater(than: adapted)
    if isRefractory { spikes = spikes.and(held.inverted()) }
    var output = Number(spikes)
    if smoothed {
      output = ((deciding - adapted) / scale(parameters, adapted)).mapped(surrogate.primitive)
        .replacing(with: .zero, where: held)
      state.reset = convention.differentiatesReset ? output : Number(spikes)
    }
    if convention.resetLag == 0 {
      potential = potential - amount * (smoothed ? state.reset : output)
    }

    state.potential = potential
    if smoothed || !statesTellSpikes { state.output = output }
    if isRefractory { countRefractory(&state, spikes) }
    return Emission(
      output: output, spikes: spikes, held: held,
      tape: Tape(potential: deciding, adaptation: state.adaptation))
  }

  /// Takes the adaptation to its value in a step that follows on an output.
  @inlinable @inline(__always)
  func adapt(_ state: inout State, _ previous: Number, _ parameters: Parameters) {
    let rho = parameters.adaptationDecay
    let jump = convention.scalesAdaptation ? (Number.one - rho) * previous : previous
    state.adaptation = jump.addingProduct(rho, state.adaptation)
  }

  /// The threshold with its adaptation.
  @inlinable @inline(__always)
  func adapted(_ state: State, _ parameters: Parameters) -> Number {
    parameters.threshold.addingProduct(parameters.strength, state.adaptation)
  }

  /// The lanes that refractoriness holds.
  @inlinable @inline(__always)
  func held(_ state: State) -> Number.Mask {
    isRefractory ? state.refractory.isGreater(than: .zero) : Number.Mask(bits: 0)
  }

  @inlinable @inline(__always)
  func countRefractory(_ state: inout State, _ spikes: Number.Mask) {
    state.refractory = Number.zero.maximum(state.refractory - .one)
      .replacing(with: refractorySteps, where: spikes)
  }

  /// Whether a spike can be seen in the state that it leaves: in a full refractory counter, or in a
  /// potential that is still above threshold.
  @inlinable @inline(__always)
  var statesTellSpikes: Bool {
    // A trained threshold might not stay above the potential at rest.
    isRefractory || convention.spikesFromNewPotential && !isTrained
  }

  /// z of the step that left the state.
  @inlinable @inline(__always)
  func previousOutput(_ state: State, _ parameters: Parameters) -> Number {
    if smoothed || !statesTellSpikes { return state.output }
    if isRefractory {
      return Number(state.refractory.isGreater(than: refractorySteps - .one))
    }
    return Number(
      state.potential.isGreater(
        than: parameters.threshold.addingProduct(parameters.strength, state.adaptation)))
  }

  @inlinable @inline(__always)
  public func adjointStep(
    _ adjoint: inout Adjoint, output: Number, tape: Tape, context: StepContext<Number>,
    parameters: Parameters, gradient: inout Parameters
  ) -> Number {
    let (alpha, rho) = (parameters.membraneDecay, parameters.adaptationDecay)
    let deciding = tape.potential
    let adapted = parameters.threshold.addingProduct(parameters.strength, tape.adaptation)
    let amount = convention.resetsByBaseline ? parameters.threshold : adapted
    let inverse = scale(parameters, adapted).reciprocal()
    let gain = convention.scalesCurrent ? Number.one - alpha : Number.one
    let jump = convention.scalesAdaptation ? Number.one - rho : Number.one
    let distance = (deciding - adapted) * inverse
    var slope = surrogate.derivative(distance)
    if isRefractory { slope = slope.replacing(with: .zero, where: context.held) }

    // The output of this step, with a reset by it if there is no lag.
    var voltage = adjoint.potential
    var spike = adjoint.output + output
    var reset = resetOutput(smooth: context.previousOutput, spikes: context.previousSpikes)
    if convention.resetLag == 0 {
      reset = resetOutput(
        smooth: smoothed ? distance.mapped(surrogate.primitive) : .zero,
        spikes: deciding.isGreater(than: adapted))
      if isRefractory { reset = reset.replacing(with: .zero, where: context.held) }
      if convention.differentiatesReset { spike = spike - amount * voltage }
    }
    let normalized = slope * spike * inverse
    if convention.spikesFromNewPotential { voltage = voltage + normalized }

    // The threshold: through the decision, its scale, and the reset.
    let relative = convention.scalesByBaseline ? Number.one : deciding * inverse
    let decided = Number.zero - normalized * relative
    let taken = Number.zero - reset * voltage
    let adaptedAdjoint = convention.resetsByBaseline ? decided : decided + taken
    let adaptation = adjoint.adaptation.addingProduct(parameters.strength, adaptedAdjoint)

    if isTrained {
      gradient.threshold = gradient.threshold + adaptedAdjoint
      if convention.resetsByBaseline { gradient.threshold = gradient.threshold + taken }
      if convention.scalesByBaseline {
        gradient.threshold = gradient.threshold - normalized * distance
      }
      gradient.strength = gradient.strength.addingProduct(adaptedAdjoint, tape.adaptation)
      addDecayGradients(
        &gradient, &adjoint, voltage: voltage, resetBy: amount * reset, adaptation: adaptation,
        tape: tape, context: context, parameters: parameters)
    }

    adjoint.potential = alpha * voltage
    if !convention.spikesFromNewPotential { adjoint.potential = adjoint.potential + normalized }
    adjoint.adaptation = rho * adaptation
    adjoint.output = jump * adaptation
    if convention.resetLag == 1, convention.differentiatesReset {
      adjoint.output = adjoint.output - amount * voltage
    }
    return gain * voltage
  }

  /// The gradients of alpha and rho: dL/dv_t (v_{t-1} - I_t) and dL/db_t (b_{t-1} - z_{t-1}), without I_t
  /// and z_{t-1} where these are not scaled.
  ///
  /// Of v_{t-1} and v_t the tape has one; the other comes with step t + 1, or is waited for until step
  /// t - 1, or until `finish` for v before the first step. The current of a step follows from both.
  @inlinable @inline(__always)
  func addDecayGradients(
    _ gradient: inout Parameters, _ adjoint: inout Adjoint, voltage: Number, resetBy: Number,
    adaptation: Number, tape: Tape, context: StepContext<Number>, parameters: Parameters
  ) {
    var sum = Number.zero
    if convention.spikesFromNewPotential {
      sum = adjoint.later * tape.potential
      if convention.scalesCurrent { sum = sum - voltage * (tape.potential + resetBy) }
      adjoint.later = voltage
    } else {
      let change = convention.scalesCurrent ? adjoint.later + resetBy : .zero
      sum = voltage * (tape.potential - change)
      adjoint.later = tape.potential
    }
    gradient.membraneDecay = gradient.membraneDecay.addingProduct(share(parameters), sum)

    let rho = parameters.adaptationDecay
    let previous = smoothed ? context.previousOutput : Number(context.previousSpikes)
    // b_{t-1} = (b_t - jump z_{t-1}) / rho.
    let jump = convention.scalesAdaptation ? Number.one - rho : Number.one
    let older = (tape.adaptation - jump * previous) / rho
    let faded = convention.scalesAdaptation ? older - previous : older
    gradient.adaptationDecay = gradient.adaptationDecay.addingProduct(adaptation, faded)
  }

  /// The gradient of alpha for one of v_{t-1} - v_t, from which the current is taken where it is scaled.
  @inlinable @inline(__always)
  func share(_ parameters: Parameters) -> Number {
    convention.scalesCurrent ? Number.one / (Number.one - parameters.membraneDecay) : .one
  }

  @inlinable @inline(__always)
  public func finish(
    _ adjoint: Adjoint, from start: State, parameters: Parameters, gradient: inout Parameters
  ) {
    guard isTrained, convention.spikesFromNewPotential else { return }
    gradient.membraneDecay = gradient.membraneDecay.addingProduct(
      share(parameters), adjoint.later * start.potential)
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
}
