import SynfireCore

/// The loops over neurons in the published conventions with a triangular surrogate and untrained neurons:
/// there, what every cell would ask its kernel is a constant.
extension AdaptiveLIF {
  public func advance(
    _ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int, trials: Int
  ) { _ = run(.advance, kernel, memory, time: time, trials: trials) }

  public func retreat(
    _ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int, trials: Int
  ) { _ = run(.retreat, kernel, memory, time: time, trials: trials) }

  public func advance(
    _ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int, trials: Int, keeping step: KeptStep
  ) -> UnsafeMutablePointer<Float> {
    run(.keep(step), kernel, memory, time: time, trials: trials)!
  }

  public func retrace(
    _ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int, trials: Int, from step: KeptStep
  ) -> UnsafeMutablePointer<Float> {
    run(.retrace(step), kernel, memory, time: time, trials: trials)!
  }

  @inline(__always)
  private func run(
    _ loop: NeuronLoop, _ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int, trials: Int
  ) -> UnsafeMutablePointer<Float>? {
    @inline(__always)
    func run<Choice: ConventionChoice>(_: Choice.Type) -> UnsafeMutablePointer<Float>? {
      if kernel.isRefractory {
        memory.run(
          loop, Constants<Choice, Refractory>.self, kernel, time: time, trials: trials)
      } else {
        memory.run(loop, Constants<Choice, Ready>.self, kernel, time: time, trials: trials)
      }
    }
    guard kernel.hasConstantLoops else {
      return memory.run(loop, kernel, time: time, trials: trials)
    }
    return switch kernel.convention {
    case .lsnn: run(PublishedCode.self)
    case .lsnnPaper: run(PublishedPaper.self)
    case .adaptiveSRNN: run(AdaptiveSRNN.self)
    case .eprop: run(EligibilityPropagation.self)
    default: memory.run(loop, kernel, time: time, trials: trials)
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
