import SynfireCore

/// Weighted inputs of 64 steps that are found together, before the steps are run.
extension KernelSweep {
  /// Copies the weighted inputs of a step to `drive` [trial][neuron padded] from those of 64 steps, which are
  /// found together when the first of them is due; false if they are not known together.
  func collectKnownDrive(
    _ layer: PackedLayer, _ inputs: BlockActivity, time: Int, trials: Int,
    _ inputWorkspace: ConnectivityWorkspace, into drive: UnsafeMutablePointer<Float>
  ) -> Bool {
    let source = time - wiring.input.latency
    guard source >= 0 else { return false }
    if source >> 6 != driveGroup {
      driveGroup = source >> 6
      knowsDrives = findDrives(
        layer, inputs, from: driveGroup << 6, trials: trials, inputWorkspace)
    }
    guard knowsDrives else { return false }
    for trial in 0..<trials {
      (drive + trial * size.rowLength).update(
        from: driveRing.row(source, trial), count: size.rowLength)
    }
    return true
  }

  /// Runs a segment again, of which all outputs are known.
  func runAgain(_ segment: Int, _ layer: PackedLayer, _ inputs: BlockActivity, trials: Int) {
    guard inputFilter == nil, recurrent.allSatisfy({ $0.filter == nil }), !lengths.areRagged else {
      return run(segment, layer, inputs, trials: trials)
    }
    let times = tape(segment)
    var drive = UnsafeMutableRawPointer(
      findDrives(ofSegment: times, layer, inputs, trials: trials)
    ).assumingMemoryBound(to: SIMD16<Float>.self)
    for time in times {
      model.advance(kernel, memory.reading(drive: drive), time: time, trials: trials)
      drive += size.trials * size.vectors
    }
  }

  /// Finds the weighted inputs and outputs of the steps of a segment, of which all outputs are known and none
  /// is filtered: [time][trial][neuron padded], to the bits that `collectDrive` finds.
  private func findDrives(
    ofSegment times: Range<Int>, _ layer: PackedLayer, _ inputs: BlockActivity, trials: Int
  ) -> UnsafeMutablePointer<Float> {
    let drives = buffers.segmentDrives.pointer
    let stride = size.trials * size.rowLength
    let inputWorkspace = inputWorkspace(layer)
    drives.update(repeating: 0, count: times.count * stride)
    func drive(_ time: Int) -> UnsafeMutablePointer<Float> {
      drives + (time - times.lowerBound) * stride
    }
    /// Adds what goes through a connection at steps none of which lies before all that is known.
    func add(
      _ connection: any PackedConnectivity, _ activity: BlockActivity, _ times: Range<Int>,
      latency: Int, _ workspace: ConnectivityWorkspace
    ) {
      let known = times.clamped(to: max(times.lowerBound, latency - past)..<times.upperBound)
      guard !known.isEmpty else { return }
      let source = known.lowerBound + past - latency
      connection.propagate(
        activity.from(step: -past), times: source..<source + known.count, trials: trials,
        into: drive(known.lowerBound), stepStride: stride, workspace)
    }
    var unknown = times.lowerBound
    for time in times
    where collectKnownDrive(
      layer, inputs, time: time, trials: trials, inputWorkspace, into: drive(time))
    {
      add(
        layer.input, inputs, unknown..<time, latency: wiring.input.latency, inputWorkspace)
      unknown = time + 1
    }
    add(
      layer.input, inputs, unknown..<times.upperBound, latency: wiring.input.latency,
      inputWorkspace)
    forEachKind(layer) { path, synapses, workspace in
      add(synapses, activity, times, latency: path.latency, workspace)
    }
    return drives
  }

  /// Finds the weighted inputs of a group of 64 steps, each trial's up to its end, as if it ran alone; false
  /// if they are not to be found together.
  private func findDrives(
    _ layer: PackedLayer, _ inputs: BlockActivity, from first: Int, trials: Int,
    _ inputWorkspace: ConnectivityWorkspace
  ) -> Bool {
    let inputs = inputs.from(step: -past)
    func times(_ trial: Int) -> Range<Int> {
      first + past..<min(first + 64, lengths[trial] - wiring.input.latency) + past
    }
    guard lengths.areRagged else {
      return layer.input.propagate(
        inputs, times: times(0), trials: trials, into: driveRing, inputWorkspace)
    }
    for trial in 0..<trials where !times(trial).isEmpty {
      let own = inputs.from(trial: trial)
      let ring = AdjointRing(base: driveRing.row(0, trial), rowLength: size.rowLength)
      let isFound = layer.input.propagate(
        own, times: times(trial), trials: 1, into: ring, inputWorkspace)
      if isFound { continue }
      for time in times(trial) {
        ring.row(time, 0).update(repeating: 0, count: size.rowLength)
        layer.input.propagate(
          own, time: time, trials: 1, into: ring.row(time, 0), inputWorkspace)
      }
    }
    return true
  }
}
