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

/// One connection over time, with sixteen trials as lanes: gathering, filter and latency, and what its
/// gradient needs.
final class LanePath {
  let latency: Int
  private let filter: ExponentialFilter<Vector>?
  private let steps: Int
  private let spiking: Bool
  /// Whether numbers go straight into the drive: the inner numbers are the drive itself.
  private let isDirect: Bool
  private let states: AlignedBuffer<ExponentialFilter<Vector>.State>
  /// The inner numbers: of all steps if they are expanded, else of one.
  private let inner: AlignedBuffer<Vector>
  private let innerStride: Int
  private let row: Int
  /// Their adjoints over the last eight steps, by step of the drive.
  private let innerAdjoints: AlignedBuffer<Vector>
  private let sums: AlignedBuffer<Vector>
  private let workspace: ConnectivityWorkspace

  /// - Parameter spiking: whether the presynaptic activity is spikes; if not, it is numbers.
  init(
    _ connectivity: any TrialLaneConnectivity, filter: ExponentialFilter<Double>?, latency: Int,
    steps: Int, spiking: Bool
  ) {
    self.latency = latency
    self.filter = filter?.fast
    self.steps = steps
    self.spiking = spiking
    isDirect = filter == nil && !connectivity.expands && !spiking
    row = paddedWidth(connectivity.width)
    innerStride = connectivity.expands ? row : 0
    states = AlignedBuffer(count: row)
    inner = AlignedBuffer(count: connectivity.expands ? steps * row : row)
    innerAdjoints = AlignedBuffer(count: LaneSteps.most * row)
    sums = AlignedBuffer(count: connectivity.laneSumCount)
    workspace = connectivity.makeWorkspace(trials: 1)
  }

  var byteCount: Int {
    states.byteCount + inner.byteCount + innerAdjoints.byteCount + sums.byteCount
  }

  /// Forgets the past of the filter.
  func begin() { states.clear() }

  /// The filtered inner numbers at a step, from the activity `latency` steps before.
  func inner(
    _ connectivity: any TrialLaneConnectivity, _ activity: LaneSequence, time: Int
  ) -> UnsafeMutablePointer<Vector> {
    let target = inner.pointer + time * innerStride
    if time >= latency {
      connectivity.gather(activity.step(time - latency), into: target, adding: false)
    } else {
      target.update(repeating: .zero, count: row)
    }
    filter?.step(states.pointer, target, count: row)
    return target
  }

  /// drive += what the connection brings at a step, or = with `overwriting`.
  func drive(
    _ connectivity: any TrialLaneConnectivity, _ activity: LaneSequence, time: Int,
    into drive: UnsafeMutablePointer<Vector>, count: Int, overwriting: Bool
  ) {
    if isDirect, time >= latency {
      connectivity.gather(activity.step(time - latency), into: drive, adding: !overwriting)
      return
    }
    if overwriting { drive.update(repeating: .zero, count: count) }
    if !isDirect { connectivity.expand(inner(connectivity, activity, time: time), into: drive) }
  }

  /// The adjoint of the inner numbers at a step, from that of the drive; for falling times.
  func receive(
    _ connectivity: any TrialLaneConnectivity, _ driveAdjoint: UnsafePointer<Vector>, time: Int
  ) {
    guard !isDirect else { return }
    let target = slot(time)
    connectivity.contract(driveAdjoint, into: target)
    filter?.adjointStep(states.pointer, target, count: row, into: target)
  }

  /// presynaptic += the adjoint of the activity of a step, through the step that it reached.
  func scatter(
    _ connectivity: any TrialLaneConnectivity, time: Int,
    into presynaptic: UnsafeMutablePointer<Vector>
  ) {
    guard time + latency < steps else { return }
    connectivity.scatter(slot(time + latency), into: presynaptic)
  }

  /// Adds to the gradient when the first of eight steps has its adjoint.
  ///
  /// - Parameter driveAdjoints: of the last eight steps, step t at t % 8, `stride` vectors apart.
  func accumulate(
    _ connectivity: any TrialLaneConnectivity, _ activity: LaneSequence, time: Int,
    _ driveAdjoints: UnsafePointer<Vector>, stride: Int
  ) {
    guard time % LaneSteps.most == 0 else { return }
    let start = max(time, latency)
    let count = min(time + LaneSteps.most, steps) - start
    guard count > 0 else { return }
    let adjoints = driveAdjoints + start % LaneSteps.most * stride
    connectivity.accumulate(
      LaneSteps(
        count: count, activity: activity.step(start - latency),
        activityStride: activity.stepStride, inner: inner.pointer + start * innerStride,
        innerStride: innerStride,
        innerAdjoints: isDirect ? adjoints : UnsafePointer(slot(start)),
        innerAdjointStride: isDirect ? stride : row, driveAdjoints: adjoints,
        driveAdjointStride: stride),
      into: sums.pointer)
  }

  /// The gradient summed so far, in the layout of the connectivity.
  func gradient(_ connectivity: any TrialLaneConnectivity) -> AlignedBuffer<Float> {
    connectivity.reduce(sums.pointer, spiking: spiking, into: workspace.gradient.pointer)
    sums.clear()
    return workspace.gradient
  }

  private func slot(_ time: Int) -> UnsafeMutablePointer<Vector> {
    innerAdjoints.pointer + time % LaneSteps.most * row
  }
}
