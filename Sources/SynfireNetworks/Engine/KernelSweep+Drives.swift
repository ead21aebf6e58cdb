import SynfireCore

/// Weighted inputs of 64 steps that are found together, before the steps are run.
extension KernelSweep {
  /// Copies the weighted inputs of a step from those of 64 steps, which are found together when the first
  /// of them is due; false if they are not known together.
  func collectKnownDrive(
    _ layer: PackedLayer, _ inputs: BlockActivity, time: Int, trials: Int, isWhole: Bool
  ) -> Bool {
    let source = time - wiring.inputLatency
    guard isWhole, source >= 0 else { return false }
    if source >> 6 != driveGroup {
      driveGroup = source >> 6
      knowsDrives = findDrives(layer, inputs, from: driveGroup << 6, trials: trials)
    }
    guard knowsDrives else { return false }
    for trial in 0..<trials {
      (buffers.drive.pointer + trial * size.rowLength).update(
        from: driveRing.row(source, trial), count: size.rowLength)
    }
    return true
  }

  /// Finds the weighted inputs of a group of 64 steps, each trial's up to its end, as if it ran alone; false
  /// if they are not to be found together.
  private func findDrives(
    _ layer: PackedLayer, _ inputs: BlockActivity, from first: Int, trials: Int
  ) -> Bool {
    let inputs = inputs.from(step: -past)
    func times(_ trial: Int) -> Range<Int> {
      first + past..<min(first + 64, lengths[trial] - wiring.inputLatency) + past
    }
    guard lengths.areRagged else {
      return layer.input.propagate(
        inputs, times: times(0), trials: trials, into: driveRing, workspaces(layer).0)
    }
    for trial in 0..<trials where !times(trial).isEmpty {
      let own = inputs.from(trial: trial)
      let ring = AdjointRing(base: driveRing.row(0, trial), rowLength: size.rowLength)
      let isFound = layer.input.propagate(
        own, times: times(trial), trials: 1, into: ring, workspaces(layer).0)
      if isFound { continue }
      for time in times(trial) {
        ring.row(time, 0).update(repeating: 0, count: size.rowLength)
        layer.input.propagate(
          own, time: time, trials: 1, into: ring.row(time, 0), workspaces(layer).0)
      }
    }
    return true
  }
}
