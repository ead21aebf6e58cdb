import SynfireCore

/// The path of a connection of few numbers: gathering, filter and latency, and what its gradient needs.
///
/// Generic, so that what is called at every step is known when it is compiled.
final class FactoredLanePath<Packed: FactoredLaneConnectivity>: LanePath {
  private let latency: Int
  private let filter: ExponentialFilter<Vector>?
  private let steps: Int
  private let spiking: Bool
  /// Whether numbers go straight into the drive: the inner numbers are the drive itself.
  private let isDirect: Bool
  let states: AlignedBuffer<ExponentialFilter<Vector>.State>
  /// The inner numbers: of all steps if they are expanded, else of one.
  private let inner: AlignedBuffer<Vector>
  private let innerStride: Int
  private let row: Int
  /// Adjoints of the states of the filter.
  private let adjointStates: AlignedBuffer<ExponentialFilter<Vector>.State>
  /// Their adjoints over the last eight steps, by step of the drive.
  private let innerAdjoints: AlignedBuffer<Vector>
  private let sums: AlignedBuffer<Vector>
  private let workspace: ConnectivityWorkspace

  private var connectivity: Packed
  /// The same, without counting references at every step.
  private var uncounted: Unmanaged<Packed>

  init(_ connectivity: Packed, _ wiring: LanePathWiring) {
    self.connectivity = connectivity
    uncounted = .passUnretained(connectivity)
    latency = wiring.latency
    filter = wiring.filter?.fast
    steps = wiring.steps
    spiking = wiring.isSpiking
    isDirect = filter == nil && !connectivity.expands && !spiking
    row = connectivity.width
    innerStride = connectivity.expands ? row : 0
    states = AlignedBuffer(count: filter == nil ? 0 : row)
    adjointStates = AlignedBuffer(count: states.count)
    inner = AlignedBuffer(count: connectivity.expands ? steps * row : row)
    innerAdjoints = AlignedBuffer(count: LaneSteps.most * row)
    sums = AlignedBuffer(count: connectivity.laneSumCount)
    workspace = connectivity.makeWorkspace(trials: 1)
  }

  var byteCount: Int {
    states.byteCount + inner.byteCount + innerAdjoints.byteCount + sums.byteCount
  }

  func begin(_ connectivity: any TrialLaneConnectivity) {
    self.connectivity = connectivity as! Packed
    uncounted = .passUnretained(self.connectivity)
    states.clear()
  }

  func resume(_ activity: LaneSequence, at time: Int) {}

  var leavesDrives: Bool { connectivity.expands }

  func beginBackward() { adjointStates.clear() }

  /// The filtered inner numbers at a step, from the activity `latency` steps before.
  private func inner(_ activity: LaneSequence, time: Int) -> UnsafeMutablePointer<Vector> {
    let target = inner.pointer + time * innerStride
    if time >= latency {
      uncounted._withUnsafeGuaranteedRef {
        $0.gather(activity.step(time - latency), into: target, adding: false)
      }
    } else {
      target.update(repeating: .zero, count: row)
    }
    filter?.step(states.pointer, target, count: row)
    return target
  }

  func drive(
    _ activity: LaneSequence, time: Int, into drive: UnsafeMutablePointer<Vector>, count: Int,
    overwriting: Bool
  ) {
    if isDirect, time >= latency {
      uncounted._withUnsafeGuaranteedRef {
        $0.gather(activity.step(time - latency), into: drive, adding: !overwriting)
      }
      return
    }
    if overwriting { drive.update(repeating: .zero, count: count) }
    guard !isDirect else { return }
    let inner = inner(activity, time: time)
    uncounted._withUnsafeGuaranteedRef { $0.expand(inner, into: drive) }
  }

  func receive(_ driveAdjoint: UnsafePointer<Vector>, time: Int) {
    guard !isDirect else { return }
    let target = slot(time)
    uncounted._withUnsafeGuaranteedRef { $0.contract(driveAdjoint, into: target) }
    filter?.adjointStep(adjointStates.pointer, target, count: row, into: target)
  }

  func scatter(
    time: Int, into presynaptic: UnsafeMutablePointer<Vector>, wanted: UnsafePointer<UInt8>,
    overwriting: Bool
  ) {
    uncounted._withUnsafeGuaranteedRef {
      if time + latency < steps {
        $0.scatter(slot(time + latency), into: presynaptic, overwriting: overwriting)
      } else if overwriting {
        presynaptic.update(repeating: .zero, count: $0.presynaptic)
      }
    }
  }

  func accumulate(
    _ activity: LaneSequence, time: Int, _ driveAdjoints: UnsafePointer<Vector>, stride: Int
  ) {
    guard time % LaneSteps.most == 0 else { return }
    let start = max(time, latency)
    let count = min(time + LaneSteps.most, steps) - start
    guard count > 0 else { return }
    let adjoints = driveAdjoints + start % LaneSteps.most * stride
    let steps = LaneSteps(
      count: count, activity: activity.step(start - latency),
      activityStride: activity.stepStride, inner: inner.pointer + start * innerStride,
      innerStride: innerStride,
      innerAdjoints: isDirect ? adjoints : UnsafePointer(slot(start)),
      innerAdjointStride: isDirect ? stride : row, driveAdjoints: adjoints,
      driveAdjointStride: stride)
    uncounted._withUnsafeGuaranteedRef { $0.accumulate(steps, into: sums.pointer) }
  }

  func gradient() -> AlignedBuffer<Float> {
    connectivity.reduce(sums.pointer, spiking: spiking, into: workspace.gradient.pointer)
    sums.clear()
    return workspace.gradient
  }

  private func slot(_ time: Int) -> UnsafeMutablePointer<Vector> {
    innerAdjoints.pointer + time % LaneSteps.most * row
  }
}
