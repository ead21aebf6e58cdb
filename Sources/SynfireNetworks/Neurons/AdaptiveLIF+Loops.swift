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
      memory.advance(
        ConstantKernel<Constants<PublishedCode, Ready>>(kernel), time: time, trials: trials)
    case (.lsnn, true):
      memory.advance(
        ConstantKernel<Constants<PublishedCode, Refractory>>(kernel), time: time, trials: trials)
    case (.lsnnPaper, false):
      memory.advance(
        ConstantKernel<Constants<PublishedPaper, Ready>>(kernel), time: time, trials: trials)
    case (.lsnnPaper, true):
      memory.advance(
        ConstantKernel<Constants<PublishedPaper, Refractory>>(kernel), time: time, trials: trials)
    case (.adaptiveSRNN, false):
      memory.advance(
        ConstantKernel<Constants<AdaptiveSRNN, Ready>>(kernel), time: time, trials: trials)
    case (.adaptiveSRNN, true):
      memory.advance(
        ConstantKernel<Constants<AdaptiveSRNN, Refractory>>(kernel), time: time, trials: trials)
    case (.eprop, false):
      memory.advance(
        ConstantKernel<Constants<EligibilityPropagation, Ready>>(kernel), time: time, trials: trials
      )
    case (.eprop, true):
      memory.advance(
        ConstantKernel<Constants<EligibilityPropagation, Refractory>>(kernel), time: time,
        trials: trials)
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
      memory.retreat(
        ConstantKernel<Constants<PublishedCode, Ready>>(kernel), time: time, trials: trials)
    case (.lsnn, true):
      memory.retreat(
        ConstantKernel<Constants<PublishedCode, Refractory>>(kernel), time: time, trials: trials)
    case (.lsnnPaper, false):
      memory.retreat(
        ConstantKernel<Constants<PublishedPaper, Ready>>(kernel), time: time, trials: trials)
    case (.lsnnPaper, true):
      memory.retreat(
        ConstantKernel<Constants<PublishedPaper, Refractory>>(kernel), time: time, trials: trials)
    case (.adaptiveSRNN, false):
      memory.retreat(
        ConstantKernel<Constants<AdaptiveSRNN, Ready>>(kernel), time: time, trials: trials)
    case (.adaptiveSRNN, true):
      memory.retreat(
        ConstantKernel<Constants<AdaptiveSRNN, Refractory>>(kernel), time: time, trials: trials)
    case (.eprop, false):
      memory.retreat(
        ConstantKernel<Constants<EligibilityPropagation, Ready>>(kernel), time: time, trials: trials
      )
    case (.eprop, true):
      memory.retreat(
        ConstantKernel<Constants<EligibilityPropagation, Refractory>>(kernel), time: time,
        trials: trials)
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

private struct Constants<Choice: ConventionChoice, Holding: RefractorinessChoice>: KernelConstants {
  private let dampening: Double
  private let width: Double

  init(of kernel: AdaptiveLIF.Fast) {
    guard case .triangular(let dampening, let width) = kernel.surrogate else {
      preconditionFailure()
    }
    self.dampening = dampening
    self.width = width
  }

  @inline(__always)
  func set(_ kernel: inout AdaptiveLIF.Fast) {
    kernel.convention = Choice.convention
    kernel.isRefractory = Holding.isRefractory
    kernel.surrogate = .triangular(dampening: dampening, width: width)
    kernel.smoothed = false
    kernel.isTrained = false
  }
}
