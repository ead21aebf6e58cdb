import SynfireCore

/// Which sixteen numbers share a vector.
public enum LaneLayout: Sendable, Hashable {
  /// Sixteen neurons of one trial: spikes add rows of weights.
  case neurons
  /// Sixteen trials of one neuron: weights are numbers that all lanes share, so that synapses may be
  /// few, or factored, without lanes that idle.
  case trials
}

/// Spikes or numbers of sixteen trials at one step.
enum LaneActivity {
  /// For each neuron the bits of its sixteen trials.
  case spikes(UnsafePointer<UInt16>)
  /// For each channel a vector; up to a multiple of four channels there are vectors of zeros.
  case analog(UnsafePointer<Vector>)
}

/// Connectivity packed for sixteen trials as lanes.
protocol TrialLaneConnectivity: GradientLayout {
  /// Whether it reads nothing but spikes; others read numbers, too.
  var readsOnlySpikes: Bool { get }
  /// The memory of one worker.
  func makeLanePath(_ wiring: LanePathWiring) -> any LanePath
}

/// Connectivity that computes in two halves with the spike filter between: presynaptic activity is
/// gathered into `width` numbers a trial, and these are expanded into the drive.
///
/// A mode matrix has its modes between; all else has the drive itself, and no second half.
protocol FactoredLaneConnectivity: TrialLaneConnectivity, PackedConnectivity {
  /// Presynaptic neurons or channels.
  var presynaptic: Int { get }
  /// Inner numbers.
  var width: Int { get }
  /// Whether the inner numbers are not the drive itself.
  var expands: Bool { get }
  /// Vectors of the sums of gradients of `accumulate`.
  var laneSumCount: Int { get }

  /// inner = first half times the activity, or inner += it.
  func gather(_ activity: LaneActivity, into inner: UnsafeMutablePointer<Vector>, adding: Bool)
  /// drive += second half times inner.
  func expand(_ inner: UnsafePointer<Vector>, into drive: UnsafeMutablePointer<Vector>)
  /// inner = transposed second half times the adjoint of the drive.
  func contract(_ adjoint: UnsafePointer<Vector>, into inner: UnsafeMutablePointer<Vector>)
  /// presynaptic += transposed first half times the adjoint of the inner numbers, or = with `overwriting`.
  func scatter(
    _ inner: UnsafePointer<Vector>, into presynaptic: UnsafeMutablePointer<Vector>,
    overwriting: Bool)
  /// sums += the gradient of both halves, each lane its own, over a few steps.
  func accumulate(_ steps: LaneSteps, into sums: UnsafeMutablePointer<Vector>)
  /// gradient, in the layout of the workspaces, += the lanes of the sums, which are of spikes or numbers.
  func reduce(
    _ sums: UnsafePointer<Vector>, spiking: Bool, into gradient: UnsafeMutablePointer<Float>)
}

extension FactoredLaneConnectivity {
  var readsOnlySpikes: Bool { false }

  func makeLanePath(_ wiring: LanePathWiring) -> any LanePath {
    FactoredLanePath(self, wiring)
  }
}

/// Up to eight steps of a connection, for gradients.
struct LaneSteps {
  /// Steps together.
  static let most = 8
  let count: Int
  /// The presynaptic activity at the first step, and the elements between steps.
  let activity: LaneActivity
  let activityStride: Int
  /// The inner numbers as they were expanded, and the vectors between steps.
  let inner: UnsafePointer<Vector>
  let innerStride: Int
  /// The adjoints of the inner numbers, and the vectors between steps.
  let innerAdjoints: UnsafePointer<Vector>
  let innerAdjointStride: Int
  /// The adjoints of the drive, and the vectors between steps.
  let driveAdjoints: UnsafePointer<Vector>
  let driveAdjointStride: Int
}
