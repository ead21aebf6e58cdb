import SynfireCore

/// Activity of sixteen trials at every step.
struct LaneSequence {
  /// The activity at step 0, and the elements between steps.
  let first: LaneActivity
  let stepStride: Int

  func step(_ time: Int) -> LaneActivity {
    switch first {
    case .spikes(let bits): .spikes(bits + time * stepStride)
    case .analog(let values): .analog(values + time * stepStride)
    }
  }
}

/// How a connection is used in a sweep with trials as lanes.
struct LanePathWiring {
  let filter: ExponentialFilter<Double>?
  let latency: Int
  /// Steps of a sweep.
  let steps: Int
  /// Whether the presynaptic activity is spikes; if not, it is numbers.
  let isSpiking: Bool
  /// Whether the adjoint of the presynaptic activity is wanted.
  let isBackpropagated: Bool
  /// Turned adjoints of the drive, for connections without a filter to share.
  var shared: TurnedAdjoints?
}

/// One connection over time, with sixteen trials as lanes: its filter, latency and delays, and what its
/// gradient needs.
protocol LanePath: AnyObject {
  var byteCount: Int { get }

  /// Forgets the past, before the first step, and takes the weights of an update.
  func begin(_ connectivity: any TrialLaneConnectivity)

  /// drive += what the connection brings at a step, or = with `overwriting`; for rising times.
  ///
  /// - Parameter count: of postsynaptic neurons.
  func drive(
    _ activity: LaneSequence, time: Int, into drive: UnsafeMutablePointer<Vector>, count: Int,
    overwriting: Bool)

  /// The states of the filter after the last step, which are all of the past that `resume` cannot find in
  /// the activity; none without a filter.
  var states: AlignedBuffer<ExponentialFilter<Vector>.State> { get }

  /// Goes on at a step as if all before had been run; `states` are set by the caller.
  func resume(_ activity: LaneSequence, at time: Int)

  /// Whether the gradient makes use of what `drive` left at each step.
  var leavesDrives: Bool { get }

  /// Forgets all adjoints, after the last step.
  func beginBackward()

  /// Takes the adjoint of the drive of a step, behind which there is room for sixteen vectors; for falling
  /// times.
  func receive(_ driveAdjoint: UnsafePointer<Vector>, time: Int)

  /// presynaptic += the adjoint of the activity of a step, through the steps that it reached, or = with
  /// `overwriting`.
  ///
  /// - Parameter wanted: 0 for neurons that may be left out, else 1.
  func scatter(
    time: Int, into presynaptic: UnsafeMutablePointer<Vector>, wanted: UnsafePointer<UInt8>,
    overwriting: Bool)

  /// Adds to the gradient when as many steps as are summed together have their adjoints.
  ///
  /// - Parameter driveAdjoints: of the last eight steps, step t at t % 8, `stride` vectors apart.
  func accumulate(
    _ activity: LaneSequence, time: Int, _ driveAdjoints: UnsafePointer<Vector>, stride: Int)

  /// The gradient summed so far, in the layout of the connectivity; the caller sets it to zero.
  func gradient() -> AlignedBuffer<Float>
}
