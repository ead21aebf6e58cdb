import SynfireCore

/// The name, axes and shape of one trainable tensor.
public struct ParameterSpecification: Sendable, Equatable {
  public let name: String
  public let axes: [String]
  public let shape: [Int]
  /// The standard deviation of the normal distribution that initial values are drawn from, or the
  /// constant that they all have.
  public let initialization: Initialization
  /// Whether learning rules change it.
  public let isTrainable: Bool

  public init(
    name: String, axes: [String], shape: [Int], initialization: Initialization,
    isTrainable: Bool = true
  ) {
    self.name = name
    self.axes = axes
    self.shape = shape
    self.initialization = initialization
    self.isTrainable = isTrainable
  }

  /// The same tensor as part of something with a name.
  func prefixed(_ prefix: String) -> ParameterSpecification {
    ParameterSpecification(
      name: "\(prefix).\(name)", axes: axes, shape: shape, initialization: initialization,
      isTrainable: isTrainable)
  }

  /// The same tensor, which no rule changes.
  var fixed: ParameterSpecification {
    ParameterSpecification(
      name: name, axes: axes, shape: shape, initialization: initialization, isTrainable: false)
  }

  /// Initial values: a pure function of seed and name.
  public func initialTensor(seed: UInt64) -> Tensor<Float> {
    let count = shape.reduce(1, *)
    switch initialization {
    case .values(let values):
      return Tensor(axes: axes, shape: shape, values: values.map { Float($0) })
    case .constant(let value):
      return Tensor(axes: axes, shape: shape, repeating: Float(value))
    case .normal(let deviation):
      var stream = RandomStream(seed: seed, stream: "initial \(name)")
      return Tensor(
        axes: axes, shape: shape, values: stream.normals(count).map { $0 * Float(deviation) })
    }
  }
}

/// How a parameter starts.
public enum Initialization: Sendable, Equatable {
  /// Independent normal numbers of mean 0.
  case normal(deviation: Double)
  case constant(Double)
  /// These values, in the order of the tensor.
  case values([Double])
}

/// A pattern of synapses from presynaptic to postsynaptic neurons, and its trainable tensors.
///
/// The reference engine knows a connectivity by its weight matrix only; the fast engine asks for a
/// packed form, made anew after every update.
public protocol Connectivity: Sendable {
  /// Trainable tensors with local names such as `weights`.
  func specifications(presynaptic: Int, postsynaptic: Int) -> [ParameterSpecification]

  /// The weights [postsynaptic, presynaptic] that the tensors stand for.
  func weights(
    _ parameters: NamedTensors<Double>, presynaptic: Int, postsynaptic: Int
  ) -> Tensor<Double>

  /// The gradient of the tensors from that of the weights [postsynaptic, presynaptic].
  func gradient(
    ofWeights gradient: Tensor<Double>, _ parameters: NamedTensors<Double>
  ) -> NamedTensors<Double>

  /// The form that the fast engine computes with, for inputs that are spikes or numbers.
  func packed(
    _ parameters: NamedTensors<Float>, presynaptic: Int, postsynaptic: Int, spiking: Bool
  ) -> any PackedConnectivity

  /// Steps that a spike takes to each postsynaptic neuron, beside the connection's latency
  /// [postsynaptic, presynaptic]; nil where all are 0.
  func delays(presynaptic: Int, postsynaptic: Int) -> [Int]?

  /// The largest of the delays, 0 for none.
  var largestDelay: Int { get }

  /// Whether so few numbers per neuron are computed with that trials fill the lanes of vectors better
  /// than neurons do (`LaneLayout`); its packed form can do it then.
  func suitsTrialLanes(presynaptic: Int, postsynaptic: Int) -> Bool
}

extension Connectivity {
  public var largestDelay: Int { 0 }

  public func delays(presynaptic: Int, postsynaptic: Int) -> [Int]? { nil }

  public func suitsTrialLanes(presynaptic: Int, postsynaptic: Int) -> Bool { false }
}

/// Presynaptic activity of a block of trials, read in place.
public enum BlockActivity {
  /// Bits; strides in words.
  case spikes(UnsafePointer<UInt64>, timeStride: Int, trialStride: Int)
  /// Numbers; strides in floats.
  case analog(UnsafePointer<Float>, timeStride: Int, trialStride: Int)
}

/// Connectivity in the layout of the kernels: what all trials of one update share.
///
/// Rows of neurons are padded to whole vectors (`paddedToLanes`). Calls from different threads work
/// on different workspaces. Steps may be run forward again between those of a backward sweep:
/// `propagate` leaves alone what `receive` keeps in a workspace.
public protocol PackedConnectivity: GradientLayout {
  /// Memory for one worker: scratch space and the sum of gradients.
  func makeWorkspace(trials: Int) -> ConnectivityWorkspace

  /// drive[trial, postsynaptic] += weights times the activity at `time`.
  func propagate(
    _ activity: BlockActivity, time: Int, trials: Int, into drive: UnsafeMutablePointer<Float>,
    _ workspace: ConnectivityWorkspace)

  /// drive[time, trial, postsynaptic] += weights times the activity at each of `times`, to the same bits as
  /// step by step; steps are `stepStride` floats apart.
  func propagate(
    _ activity: BlockActivity, times: Range<Int>, trials: Int,
    into drive: UnsafeMutablePointer<Float>, stepStride: Int, _ workspace: ConnectivityWorkspace)

  /// drives[trial, time % 64] = weights times the activity at `times` (at most 64 steps, within one
  /// aligned group of 64), in a ring as adjoints have; or false where `propagate` step by step is to do.
  func propagate(
    _ activity: BlockActivity, times: Range<Int>, trials: Int, into drives: AdjointRing,
    _ workspace: ConnectivityWorkspace
  ) -> Bool

  /// What does all but propagate activity, if that has less memory.
  func withoutPropagation() -> any PackedConnectivity

  /// Told that the adjoint drive of a step has been written, before it is used; for what is used twice.
  func receive(_ adjoint: AdjointRing, time: Int, trials: Int, _ workspace: ConnectivityWorkspace)

  /// presynaptic[trial, presynaptic] += transposed weights times the adjoint drive of a step.
  func backpropagate(
    _ adjoint: AdjointRing, time: Int, trials: Int,
    into presynaptic: UnsafeMutablePointer<Float>, stride: Int,
    _ workspace: ConnectivityWorkspace)

  /// Adds to the workspace's gradient what the activity in `times` (at most 64 steps, within one
  /// aligned group of 64) and the adjoint drive say.
  func accumulate(
    _ activity: BlockActivity, times: Range<Int>, trials: Int, _ adjoint: AdjointRing,
    _ workspace: ConnectivityWorkspace)
}

/// What lays out sums of gradients in its own way.
public protocol GradientLayout: AnyObject, Sendable {
  typealias Reader = @Sendable (AlignedBuffer<Float>) -> NamedTensors<Float>

  /// The gradient of the tensors, by local name, from a gradient summed over workspaces.
  func gradient(_ sum: AlignedBuffer<Float>) -> NamedTensors<Float>

  /// What does the same when the layout is gone, if that has much memory.
  var gradientReader: Reader { get }
}

extension GradientLayout {
  public var gradientReader: Reader { { self.gradient($0) } }
}

extension PackedConnectivity {
  public func withoutPropagation() -> any PackedConnectivity { self }

  public func propagate(
    _ activity: BlockActivity, times: Range<Int>, trials: Int,
    into drive: UnsafeMutablePointer<Float>, stepStride: Int, _ workspace: ConnectivityWorkspace
  ) {
    propagateStepByStep(
      activity, times: times, trials: trials, into: drive, stepStride: stepStride, workspace)
  }

  func propagateStepByStep(
    _ activity: BlockActivity, times: Range<Int>, trials: Int,
    into drive: UnsafeMutablePointer<Float>, stepStride: Int, _ workspace: ConnectivityWorkspace
  ) {
    for time in times {
      propagate(
        activity, time: time, trials: trials,
        into: drive + (time - times.lowerBound) * stepStride, workspace)
    }
  }

  public func propagate(
    _ activity: BlockActivity, times: Range<Int>, trials: Int, into drives: AdjointRing,
    _ workspace: ConnectivityWorkspace
  ) -> Bool { false }

  public func receive(
    _ adjoint: AdjointRing, time: Int, trials: Int, _ workspace: ConnectivityWorkspace
  ) {}
}
