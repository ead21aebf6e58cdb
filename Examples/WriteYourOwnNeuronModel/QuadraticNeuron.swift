import Synfire

/// A quadratic integrate-and-fire neuron that Synfire does not have:
///
///     v_t = u_{t-1} (a + g u_{t-1}) + (1 - a) drive_t
///     s_t = 1 if v_t > 1,   u_t = v_t (1 - s_t)         no gradient through the reset
struct QuadraticNeuron: NeuronModel {
  var decay = 0.9
  var gain = 0.1

  func fast() -> QuadraticKernel<SIMD16<Float>> { QuadraticKernel(self, smoothed: false) }
  func reference(smoothed: Bool) -> QuadraticKernel<Double> {
    QuadraticKernel(self, smoothed: smoothed)
  }
}

/// One step and its adjoint, written once: on 16 neurons in `Float` and on one in `Double`.
struct QuadraticKernel<Number: Lanes>: UniformNeuronKernel {
  struct State: BitwiseCopyable { var potential = Number.zero }
  struct Tape: BitwiseCopyable { var (before, candidate) = (Number.zero, Number.zero) }
  struct Adjoint: BitwiseCopyable { var potential = Number.zero }

  let decay, gain: Number
  let smoothed: Bool
  let surrogate = Surrogate.fastSigmoid(slope: 10)
  let initialState = State()
  let initialAdjoint = Adjoint()
  static var isSpiking: Bool { true }

  init(_ model: QuadraticNeuron, smoothed: Bool) {
    decay = Number(model.decay)
    gain = Number(model.gain)
    self.smoothed = smoothed
  }

  func step(_ state: inout State, drive: Number) -> Emission<Number, Tape> {
    let before = state.potential
    let candidate = before * decay.addingProduct(gain, before) + (Number.one - decay) * drive
    let spikes = candidate.isGreater(than: .one)
    state.potential = candidate.replacing(with: .zero, where: spikes)
    let output = smoothed ? (candidate - .one).mapped(surrogate.primitive) : Number(spikes)
    return Emission(
      output: output, spikes: spikes, held: Number.Mask(bits: 0),
      tape: Tape(before: before, candidate: candidate))
  }

  func adjointStep(
    _ adjoint: inout Adjoint, output: Number, tape: Tape, context: StepContext<Number>
  ) -> Number {
    let carried = adjoint.potential.replacing(
      with: .zero, where: tape.candidate.isGreater(than: .one))
    let candidate = carried.addingProduct(output, surrogate.derivative(tape.candidate - .one))
    adjoint.potential = candidate * decay.addingProduct(gain + gain, tape.before)
    return (Number.one - decay) * candidate
  }

  func potential(of state: State) -> Number { state.potential }
  func current(of state: State, drive: Number) -> Number { drive }
}
