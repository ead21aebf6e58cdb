import SynfireCore

/// The loops over neurons in the published conventions with a triangular surrogate and untrained neurons:
/// there, what every cell would ask its kernel is a constant.
extension AdaptiveLIF {
  public func advance(
    _ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int, trials: Int
  ) {
    guard kernel.hasConstantLoops else {
      return memory.advance(kernel, time: time, trials: trials)
    }
    switch (kernel.convention, kernel.isRefractory) {
    case (.lsnn, false):
      memory.advance(ConstantKernel<PublishedCode, Ready>(kernel), time: time, trials: trials)
    case (.lsnn, true):
      memory.advance(ConstantKernel<PublishedCode, Refractory>(kernel), time: time, trials: trials)
    case (.lsnnPaper, false):
      memory.advance(ConstantKernel<PublishedPaper, Ready>(kernel), time: time, trials: trials)
    case (.lsnnPaper, true):
      memory.advance(ConstantKernel<PublishedPaper, Refractory>(kernel), time: time, trials: trials)
    case (.adaptiveSRNN, false):
      memory.advance(ConstantKernel<AdaptiveSRNN, Ready>(kernel), time: time, trials: trials)
    case (.adaptiveSRNN, true):
      memory.advance(ConstantKernel<AdaptiveSRNN, Refractory>(kernel), time: time, trials: trials)
    case (.eprop, false):
      memory.advance(
        ConstantKernel<EligibilityPropagation, Ready>(kernel), time: time, trials: trials)
    case (.eprop, true):
      memory.advance(
        ConstantKernel<EligibilityPropagation, Refractory>(kernel), time: time, trials: trials)
    default: memory.advance(kernel, time: time, trials: trials)
    }
  }

  public func retreat(
    _ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int, trials: Int
  ) {
    guard kernel.hasConstantLoops else {
      return memory.retreat(kernel, time: time, trials: trials)
    }
    switch (kernel.convention, kernel.isRefractory) {
    case (.lsnn, false):
      memory.retreat(ConstantKernel<PublishedCode, Ready>(kernel), time: time, trials: trials)
    case (.lsnn, true):
      memory.retreat(ConstantKernel<PublishedCode, Refractory>(kernel), time: time, trials: trials)
    case (.lsnnPaper, false):
      memory.retreat(ConstantKernel<PublishedPaper, Ready>(kernel), time: time, trials: trials)
    case (.lsnnPaper, true):
      memory.retreat(ConstantKernel<PublishedPaper, Refractory>(kernel), time: time, trials: trials)
    case (.adaptiveSRNN, false):
      memory.retreat(ConstantKernel<AdaptiveSRNN, Ready>(kernel), time: time, trials: trials)
    case (.adaptiveSRNN, true):
      memory.retreat(ConstantKernel<AdaptiveSRNN, Refractory>(kernel), time: time, trials: trials)
    case (.eprop, false):
      memory.retreat(
        ConstantKernel<EligibilityPropagation, Ready>(kernel), time: time, trials: trials)
    case (.eprop, true):
      memory.retreat(
        ConstantKernel<EligibilityPropagation, Refractory>(kernel), time: time, trials: trials)
    default: memory.retreat(kernel, time: time, trials: trials)
    }
  }
}

extension AdaptiveLIFKernel<SIMD16<Float>> {
  fileprivate var hasConstantLoops: Bool {
    guard !smoothed, !isTrained, case .triangular = surrogate else { return false }
    return true
  }
}

/// A convention that the compiler knows.
private protocol ConventionChoice {
  static var convention: AdaptiveLIF.Convention { get }
}

private enum PublishedCode: ConventionChoice {
  static var convention: AdaptiveLIF.Convention { .lsnn }
}

private enum PublishedPaper: ConventionChoice {
  static var convention: AdaptiveLIF.Convention { .lsnnPaper }
}

private enum AdaptiveSRNN: ConventionChoice {
  static var convention: AdaptiveLIF.Convention { .adaptiveSRNN }
}

private enum EligibilityPropagation: ConventionChoice {
  static var convention: AdaptiveLIF.Convention { .eprop }
}

/// Whether there are refractory steps, for the compiler.
private protocol RefractorinessChoice {
  static var isRefractory: Bool { get }
}

private enum Refractory: RefractorinessChoice {
  static var isRefractory: Bool { true }
}

private enum Ready: RefractorinessChoice {
  static var isRefractory: Bool { false }
}

/// The kernel with its choices made constants.
private struct ConstantKernel<Choice: ConventionChoice, Holding: RefractorinessChoice>:
  NeuronKernel
{
  typealias Fast = AdaptiveLIF.Fast
  typealias Number = SIMD16<Float>
  typealias State = Fast.State
  typealias Tape = Fast.Tape
  typealias Adjoint = Fast.Adjoint
  typealias Parameters = Fast.Parameters

  private let general: Fast
  private let dampening: Double
  private let width: Double

  init(_ kernel: Fast) {
    general = kernel
    guard case .triangular(let dampening, let width) = kernel.surrogate else {
      preconditionFailure()
    }
    self.dampening = dampening
    self.width = width
  }

  @inline(__always)
  private var kernel: Fast {
    var kernel = general
    kernel.convention = Choice.convention
    kernel.isRefractory = Holding.isRefractory
    kernel.surrogate = .triangular(dampening: dampening, width: width)
    kernel.smoothed = false
    kernel.isTrained = false
    return kernel
  }

  @inline(__always)
  static var isSpiking: Bool { true }

  @inline(__always)
  func step(
    _ state: inout State, drive: Number, parameters: Parameters
  ) -> Emission<Number, Tape> {
    kernel.step(&state, drive: drive, parameters: parameters)
  }

  @inline(__always)
  func adjointStep(
    _ adjoint: inout Adjoint, output: Number, tape: Tape, context: StepContext<Number>,
    parameters: Parameters, gradient: inout Parameters
  ) -> Number {
    kernel.adjointStep(
      &adjoint, output: output, tape: tape, context: context, parameters: parameters,
      gradient: &gradient)
  }

  var initialState: State { general.initialState }
  var initialAdjoint: Adjoint { general.initialAdjoint }
  func potential(of state: State) -> Number { general.potential(of: state) }
  func current(of state: State, drive: Number) -> Number {
    general.current(of: state, drive: drive)
  }
}
