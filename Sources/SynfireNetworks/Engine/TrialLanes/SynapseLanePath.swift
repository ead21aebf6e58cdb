import CIntrinsics
import SynfireCore

/// The path of a connection synapse by synapse, with delays or without.
///
/// Forward, a spike adds weights to the drive of the steps to come, which lie in a ring. Backward, a
/// neuron collects weighted adjoints from a ring of those of the last steps. Lanes are trials in both.
final class SynapseLanePath: LanePath {
  private let latency: Int
  private let steps: Int
  private let filter: ExponentialFilter<Vector>?
  private let isBackpropagated: Bool
  private let map: SynapseMap
  private var packed: PackedSynapses
  let states: AlignedBuffer<ExponentialFilter<Vector>.State>
  /// Adjoints of the states of the filter.
  private let adjointStates: AlignedBuffer<ExponentialFilter<Vector>.State>
  /// The drive of steps to come, step t at t modulo rows.
  private let drives: AlignedBuffer<Vector>
  private let driveRows: Int
  /// Adjoints of the drive, step t at t modulo rows; of one step only where nothing is handed down.
  private let adjoints: AlignedBuffer<Vector>
  private let adjointRows: Int
  /// Neurons whose adjoint is wanted.
  private let chosen: AlignedBuffer<Int32>
  private let events: SpikeEventGradient
  private let ownsTurned: Bool

  init(_ packed: PackedSynapses, _ wiring: LanePathWiring) {
    self.packed = packed
    map = packed.map
    latency = wiring.latency
    steps = wiring.steps
    filter = wiring.filter?.fast
    isBackpropagated = wiring.isBackpropagated
    driveRows = map.ringRows(steps: 1)
    adjointRows = isBackpropagated ? map.ringRows(steps: latency + 1) : 1
    states = AlignedBuffer(count: filter == nil ? 0 : map.postsynaptic)
    adjointStates = AlignedBuffer(count: states.count)
    drives = AlignedBuffer(count: driveRows << map.rowShift)
    chosen = AlignedBuffer(count: map.presynaptic)
    // The last vectors of sixteen neurons may have fewer.
    adjoints = AlignedBuffer(count: adjointRows << map.rowShift + 16)
    // A filter of its own gives a connection adjoints of its own.
    ownsTurned = filter != nil || wiring.shared == nil
    events = SpikeEventGradient(
      map, latency: latency,
      adjoints: ownsTurned ? TurnedAdjoints([map]) : wiring.shared!)
  }

  var byteCount: Int {
    states.byteCount + drives.byteCount + adjoints.byteCount + events.byteCount
      + (ownsTurned ? events.adjoints.byteCount : 0)
  }

  func begin(_ connectivity: any TrialLaneConnectivity) {
    packed = connectivity as! PackedSynapses
    states.clear()
    drives.clear()
  }

  func drive(
    _ activity: LaneSequence, time: Int, into drive: UnsafeMutablePointer<Vector>, count: Int,
    overwriting: Bool
  ) {
    if time >= latency { deposit(activity.step(time - latency), time: time) }
    let row = drives.pointer + (time & (driveRows - 1)) << map.rowShift
    let states = states.pointer
    if let filter {
      for neuron in 0..<count { row[neuron] = filter.step(&states[neuron], row[neuron]) }
    }
    if overwriting {
      for neuron in 0..<count {
        drive[neuron] = row[neuron]
        row[neuron] = .zero
      }
    } else {
      for neuron in 0..<count {
        drive[neuron] += row[neuron]
        row[neuron] = .zero
      }
    }
  }

  /// Adds the weights of the neurons that spike to the drives of the steps that they reach.
  private func deposit(_ activity: LaneActivity, time: Int) {
    guard case .spikes(let bits) = activity else {
      preconditionFailure("synapses are swept with spikes")
    }
    let (drives, base) = (drives.pointer, time << map.rowShift)
    let inside = driveRows << map.rowShift &- 1
    let (starts, counts, synapses) = (
      packed.starts.pointer, packed.counts.pointer, packed.synapses.pointer
    )
    for block in stride(from: 0, to: map.presynaptic, by: 32) {
      var spiking = synfire_nonzero32(bits + block)
      if block + 32 > map.presynaptic { spiking &= (1 << UInt32(map.presynaptic & 31)) &- 1 }
      while spiking != 0 {
        let neuron = block &+ spiking.trailingZeroBitCount
        spiking &= spiking &- 1
        let spikes = FloatLaneMask(bits: bits[neuron])
        let first = synapses + Int(starts[neuron])
        for index in 0..<Int(counts[neuron]) {
          let target = drives + (base &+ Int(first[index].offset)) & inside
          let before = target.pointee
          target.pointee = before.replacing(
            with: before + Vector(repeating: first[index].weight), where: spikes)
        }
      }
    }
  }

  func resume(_ activity: LaneSequence, at time: Int) {
    drives.clear()
    for past in max(latency, time - map.largestDelay)..<max(latency, time) {
      deposit(activity.step(past - latency), time: past)
      (drives.pointer + (past & (driveRows - 1)) << map.rowShift)
        .update(repeating: .zero, count: map.postsynaptic)
    }
  }

  var leavesDrives: Bool { false }

  func beginBackward() {
    adjointStates.clear()
    adjoints.clear()
    events.adjoints.begin()
  }

  func receive(_ driveAdjoint: UnsafePointer<Vector>, time: Int) {
    var adjoint = driveAdjoint
    if isBackpropagated || filter != nil {
      let row = adjoints.pointer + (time & (adjointRows - 1)) << map.rowShift
      if let filter {
        filter.adjointStep(
          adjointStates.pointer, driveAdjoint, count: map.postsynaptic, into: row)
      } else {
        row.update(from: driveAdjoint, count: map.postsynaptic)
      }
      adjoint = UnsafePointer(row)
    }
    events.adjoints.receive(adjoint, time: time)
  }

  func scatter(
    time: Int, into presynaptic: UnsafeMutablePointer<Vector>, wanted: UnsafePointer<UInt8>,
    overwriting: Bool
  ) {
    if overwriting { presynaptic.update(repeating: .zero, count: map.presynaptic) }
    guard time + latency < steps else { return }
    let (adjoints, base) = (adjoints.pointer, (time + latency) << map.rowShift)
    let inside = adjointRows << map.rowShift &- 1
    let (starts, order, synapses) = (
      packed.starts.pointer, packed.order.pointer, packed.synapses.pointer
    )
    @inline(__always) func product(_ synapse: PackedSynapses.Synapse, _ sum: Vector) -> Vector {
      sum.addingProduct(
        adjoints[(base &+ Int(synapse.offset)) & inside], Vector(repeating: synapse.weight))
    }
    let chosen = chosen.pointer
    var count = 0
    for place in 0..<map.presynaptic {
      chosen[count] = order[place]
      count &+= Int(wanted[Int(order[place])])
    }
    for place in 0..<count {
      let neuron = Int(chosen[place])
      var (a, b, c, d) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
      var index = Int(starts[neuron])
      let end = Int(starts[neuron &+ 1])
      while index < end {
        a = product(synapses[index], a)
        b = product(synapses[index &+ 1], b)
        c = product(synapses[index &+ 2], c)
        d = product(synapses[index &+ 3], d)
        index &+= 4
      }
      presynaptic[neuron] += (a + b) + (c + d)
    }
  }

  func accumulate(
    _ activity: LaneSequence, time: Int, _ driveAdjoints: UnsafePointer<Vector>, stride: Int
  ) {
    guard case .spikes(let bits) = activity.first else { return }
    events.accumulate(bits, stride: activity.stepStride, time: time, steps: steps)
  }

  func gradient() -> AlignedBuffer<Float> { events.gradient }
}
