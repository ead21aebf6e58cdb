import SynfireCore

/// The loops over neurons with spikes that are not smoothed and the fast sigmoid, where what every cell would ask its
/// kernel is a constant.
extension LIF {
  public func advance(
    _ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int, trials: Int
  ) { run(.advance, kernel, memory, time: time, trials: trials) }

  public func retreat(
    _ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int, trials: Int
  ) { run(.retreat, kernel, memory, time: time, trials: trials) }

  @inline(__always)
  private func run(
    _ loop: NeuronLoop, _ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int, trials: Int
  ) {
    guard kernel.hasConstantLoops else {
      memory.run(loop, kernel, time: time, trials: trials)
      return
    }
    if kernel.subtracts {
      memory.run(loop, Constants<BySubtraction>.self, kernel, time: time, trials: trials)
    } else {
      memory.run(loop, Constants<ToZero>.self, kernel, time: time, trials: trials)
    }
  }
}

extension LIFKernel<SIMD16<Float>> {
  fileprivate var hasConstantLoops: Bool {
    guard !smoothed, case .fastSigmoid = surrogate else { return false }
    return true
  }
}

/// A reset that the compiler knows.
private protocol ResetChoice {
  static var subtracts: Bool { get }
}

private enum ToZero: ResetChoice {
  static var subtracts: Bool { false }
}

private enum BySubtraction: ResetChoice {
  static var subtracts: Bool { true }
}

private struct Constants<Choice: ResetChoice>: KernelConstants {
  private let slope: Double

  init(of kernel: LIF.Fast) {
    guard case .fastSigmoid(let slope) = kernel.surrogate else { preconditionFailure() }
    self.slope = slope
  }

  @inline(__always)
  func set(_ kernel: inout LIF.Fast) {
    kernel.subtracts = Choice.subtracts
    kernel.surrogate = .fastSigmoid(slope: slope)
    kernel.smoothed = false
  }
}
