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

  @inline(__always)
  func kept(
    _ emission: Emission<Number, Tape>, parameters: Parameters
  ) -> (number: Number, lanes: Number.Mask) { kernel.kept(emission, parameters: parameters) }

  @inline(__always)
  func retrace(
    _ state: inout State, kept: (_ other: Number) -> Number, spikes: Number.Mask,
    previousSpikes: Number.Mask, isFirst: Bool, parameters: Parameters
  ) -> (tape: Tape, held: Number.Mask) {
    kernel.retrace(
      &state, kept: kept, spikes: spikes, previousSpikes: previousSpikes, isFirst: isFirst,
      parameters: parameters)
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
  case keep(KeptStep)
  case retrace(KeptStep)
}

extension SweepMemory {
  /// - Returns: where a loop ended over what is kept; nil for others.
  @inline(__always) @discardableResult
  func run<Stepper: NeuronKernel>(
    _ loop: NeuronLoop, _ kernel: Stepper, time: Int, trials: Int
  ) -> UnsafeMutablePointer<Float>?
  where
    Stepper.Number == SIMD16<Float>, Stepper.State == Kernel.State, Stepper.Tape == Kernel.Tape,
    Stepper.Adjoint == Kernel.Adjoint, Stepper.Parameters == Kernel.Parameters
  {
    switch loop {
    case .advance: advance(kernel, time: time, trials: trials)
    case .retreat: retreat(kernel, time: time, trials: trials)
    case .keep(let step): return advance(kernel, time: time, trials: trials, keeping: step)
    case .retrace(let step): return retrace(kernel, time: time, trials: trials, from: step)
    }
    return nil
  }

  /// The same for a kernel with the choices of `Constants`.
  @inline(__always) @discardableResult
  func run<Constants: KernelConstants>(
    _ loop: NeuronLoop, _: Constants.Type, _ kernel: Kernel, time: Int, trials: Int
  ) -> UnsafeMutablePointer<Float>? where Constants.Fast == Kernel {
    run(loop, ConstantKernel<Constants>(kernel), time: time, trials: trials)
  }
}
