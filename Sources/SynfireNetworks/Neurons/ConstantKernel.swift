import SynfireCore

/// Choices of a kernel that the compiler knows, so that loops over neurons do not ask for them at every cell.
protocol KernelConstants: BitwiseCopyable, Sendable {
  associatedtype Fast: NeuronKernel where Fast.Number == SIMD16<Float>

  init(of kernel: Fast)
  /// Sets what is constant to what it is.
  func set(_ kernel: inout Fast)
}

/// A kernel with some of its choices made constants.
struct ConstantKernel<Constants: KernelConstants>: NeuronKernel {
  typealias Fast = Constants.Fast
  typealias Number = SIMD16<Float>
  typealias State = Fast.State
  typealias Tape = Fast.Tape
  typealias Adjoint = Fast.Adjoint
  typealias Parameters = Fast.Parameters

  private let general: Fast
  private let constants: Constants

  init(_ kernel: Fast) {
    general = kernel
    constants = Constants(of: kernel)
  }

  @inline(__always)
  private var kernel: Fast {
    var kernel = general
    constants.set(&kernel)
    return kernel
  }

  @inline(__always)
  static var isSpiking: Bool { Fast.isSpiking }

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

/// Which of a model's loops over neurons is to run.
enum NeuronLoop {
  case advance
  case retreat
}

extension SweepMemory {
  @inline(__always)
  func run(_ loop: NeuronLoop, _ kernel: Kernel, time: Int, trials: Int) {
    switch loop {
    case .advance: advance(kernel, time: time, trials: trials)
    case .retreat: retreat(kernel, time: time, trials: trials)
    }
  }

  /// The same for a kernel with the choices of `Constants`.
  @inline(__always)
  func run<Constants: KernelConstants>(
    _ loop: NeuronLoop, _: Constants.Type, _ kernel: Kernel, time: Int, trials: Int
  ) where Constants.Fast == Kernel {
    let kernel = ConstantKernel<Constants>(kernel)
    switch loop {
    case .advance: advance(kernel, time: time, trials: trials)
    case .retreat: retreat(kernel, time: time, trials: trials)
    }
  }
}
