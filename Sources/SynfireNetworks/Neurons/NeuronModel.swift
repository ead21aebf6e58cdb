import SynfireCore

/// A point neuron: constants that a user sets, and the kernel that computes with them.
///
/// A model is written once, as a `NeuronKernel` that is generic over `Lanes`; `fast` runs sixteen
/// neurons at a time in `Float`, `reference` one at a time in `Double`. A model of your own, in your own
/// module, runs at the same speed as those here when its kernel is `@inlinable`.
public protocol NeuronModel: Sendable {
  associatedtype Fast: NeuronKernel where Fast.Number == SIMD16<Float>
  associatedtype Reference: NeuronKernel where Reference.Number == Double

  /// The kernel of the fast engine.
  func fast() throws -> Fast
  /// The kernel of the reference engine; `smoothed` replaces the spike by the primitive of its
  /// surrogate derivative, which makes the network differentiable.
  func reference(smoothed: Bool) throws -> Reference

  /// The trainable tensors [neuron] with local names such as `threshold`; none by default.
  func specifications(neurons: Int) -> [ParameterSpecification]

  /// The values that the kernels take, [parameter][neuron], from the trainable tensors and the constants
  /// of the model; none by default.
  ///
  /// - Throws: `NetworkError` when there are not as many constants as neurons.
  func kernelParameters(_ tensors: NamedTensors<Double>, neurons: Int) throws -> [[Double]]

  /// The gradient of the trainable tensors from that of the values of the kernels [parameter][neuron].
  func gradient(
    ofKernelParameters gradient: [[Double]], _ tensors: NamedTensors<Double>
  ) -> NamedTensors<Double>

  /// Advances every neuron of a block of trials by one step.
  ///
  /// Has a default implementation. It is a requirement so that it is compiled for the model itself, and
  /// the kernel is inlined into the loop; implement it only to replace that loop.
  func advance(_ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int, trials: Int)
  /// The adjoint of `advance`, with a default implementation for the same reason.
  func retreat(_ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int, trials: Int)
  /// `advance` without a tape; `step` gets what `retrace` needs, and the end of its numbers is returned. Has a default
  /// implementation for the same reason.
  func advance(
    _ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int, trials: Int, keeping step: KeptStep
  ) -> UnsafeMutablePointer<Float>
  /// Finds the tape of a step again from what was kept, the end of which is returned; with a default implementation
  /// for the same reason.
  func retrace(
    _ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int, trials: Int, from step: KeptStep
  ) -> UnsafeMutablePointer<Float>
  /// Writes 1 for each vector of neurons of the first trial with a lane whose output adjoint `retreat`
  /// makes use of at a step, else 0; with a default implementation for the same reason.
  func findSensitive(
    _ kernel: Fast, _ memory: SweepMemory<Fast>, time: Int,
    into flags: UnsafeMutablePointer<UInt8>)
  /// Advances every neuron of a population by one step in `Double`; with a default implementation for the
  /// same reason.
  func advance(_ kernel: Reference, _ memory: PopulationMemory<Reference>)
}

extension NeuronModel {
  public func specifications(neurons: Int) -> [ParameterSpecification] { [] }

  public func kernelParameters(
    _ tensors: NamedTensors<Double>, neurons: Int
  ) throws -> [[Double]] { [] }

  public func gradient(
    ofKernelParameters gradient: [[Double]], _ tensors: NamedTensors<Double>
  ) -> NamedTensors<Double> { NamedTensors() }
}

/// What a neuron puts out in one step.
public struct Emission<Number: Lanes, Tape: BitwiseCopyable> {
  /// The output: 0 or 1 for a spiking model, any number for a rate model.
  public var output: Number
  /// Lanes that emitted a spike; none for a rate model.
  public var spikes: Number.Mask
  /// Lanes held by refractoriness.
  public var held: Number.Mask
  /// What the adjoint of this step will need, beside spikes and held lanes.
  public var tape: Tape

  @inlinable @inline(__always)
  public init(output: Number, spikes: Number.Mask, held: Number.Mask, tape: Tape) {
    self.output = output
    self.spikes = spikes
    self.held = held
    self.tape = tape
  }
}

/// What the adjoint of step t knows of the forward step t, beside the tape.
public struct StepContext<Number: Lanes> {
  /// The output of step t - 1; zero at t = 0.
  public var previousOutput: Number
  /// The lanes that spiked at step t - 1.
  public var previousSpikes: Number.Mask
  /// The lanes that refractoriness held at step t.
  public var held: Number.Mask

  @inlinable @inline(__always)
  public init(previousOutput: Number, previousSpikes: Number.Mask, held: Number.Mask) {
    self.previousOutput = previousOutput
    self.previousSpikes = previousSpikes
    self.held = held
  }
}

/// One time step of a neuron model, forward and adjoint, on `Lanes`.
///
/// `step` is called for t = 0, 1, ..., `adjointStep` for t = T - 1, ..., 0 with what `step` left on the
/// tape at t.
public protocol NeuronKernel<Number>: BitwiseCopyable, Sendable {
  associatedtype Number: Lanes
  /// What a neuron carries from step to step.
  associatedtype State: BitwiseCopyable
  /// What the adjoint needs of a step, in as few bytes as possible.
  associatedtype Tape: BitwiseCopyable
  /// What the adjoint carries from a step to the one before.
  associatedtype Adjoint: BitwiseCopyable
  /// What differs from neuron to neuron; `UniformNeuronKernel` is for models in which nothing does.
  associatedtype Parameters: NeuronParameters where Parameters.Number == Number

  /// Whether the output is spikes; a rate model's is any number.
  static var isSpiking: Bool { get }

  /// The state of a neuron before the first step.
  var initialState: State { get }
  /// The adjoint after the last step.
  var initialAdjoint: Adjoint { get }

  /// How many numbers of a state, the first ones, say something to the next step. All by default.
  var carriedParts: Int { get }

  /// Advances the state by one step under the summed synaptic drive.
  func step(
    _ state: inout State, drive: Number, parameters: Parameters
  ) -> Emission<Number, Tape>

  /// The adjoint of `step`.
  ///
  /// - Parameters:
  ///   - adjoint: carried from step t + 1; becomes what step t hands to t - 1.
  ///   - output: derivative of the loss with respect to the output of step t.
  ///   - tape: what `step` left at t.
  ///   - gradient: the derivative of the loss with respect to the parameters, to be added to.
  /// - Returns: derivative of the loss with respect to the drive of step t.
  func adjointStep(
    _ adjoint: inout Adjoint, output: Number, tape: Tape, context: StepContext<Number>,
    parameters: Parameters, gradient: inout Parameters
  ) -> Number

  /// Adds to the gradient what is left once the adjoint has come to the first step of a trial that goes on
  /// from a state other than `initialState`; nothing by default.
  func finish(
    _ adjoint: Adjoint, from start: State, parameters: Parameters, gradient: inout Parameters)

  /// The numbers of a state, as in `carriedParts`, that `retrace` goes on from; nil, the default, where tapes are
  /// found again only by running steps again.
  var retracedParts: Range<Int>? { get }

  /// A number of the step that `retrace` needs, and the lanes that it needs it of.
  func kept(
    _ emission: Emission<Number, Tape>, parameters: Parameters
  ) -> (number: Number, lanes: Number.Mask)

  /// The tape that `step` left and the lanes that refractoriness held, without the drive, as far as the adjoint makes use
  /// of them.
  ///
  /// - Parameters:
  ///   - state: of which the `retracedParts` are known; advanced by the step.
  ///   - kept: the number of the step, with another in lanes that it was not kept of.
  ///   - isFirst: whether it is the first step from rest, which has none before it.
  func retrace(
    _ state: inout State, kept: (_ other: Number) -> Number, spikes: Number.Mask,
    previousSpikes: Number.Mask, isFirst: Bool, parameters: Parameters
  ) -> (tape: Tape, held: Number.Mask)

  /// The lanes in which `adjointStep` may depend on the derivative with respect to the output; elsewhere
  /// that need not be known. All by default.
  func sensitiveLanes(_ tape: Tape, held: Number.Mask, parameters: Parameters) -> Number.Mask

  /// The membrane potential in a state, for recordings.
  func potential(of state: State) -> Number
  /// The synaptic current in the state after a step with the given drive, for recordings; by default the
  /// drive itself.
  func current(of state: State, drive: Number) -> Number
}

extension NeuronKernel {
  @inlinable @inline(__always)
  public func current(of state: State, drive: Number) -> Number { drive }

  @inlinable @inline(__always)
  public func finish(
    _ adjoint: Adjoint, from start: State, parameters: Parameters, gradient: inout Parameters
  ) {}

  public var carriedParts: Int { MemoryLayout<State>.stride / MemoryLayout<Number>.stride }
}
