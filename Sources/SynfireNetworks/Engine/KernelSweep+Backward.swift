import SynfireCore

/// Back over the tape: adjoints of states and drives, and the sums of gradients.
extension KernelSweep {
  func beginBackward(trials: Int) {
    buffers.adjoints.pointer.update(
      repeating: kernel.initialAdjoint, count: trials * size.vectors)
    buffers.inputFilterAdjoints.clear()
    // Trials that have not ended alone write the adjoints of their drives, here if inputs are filtered; those of
    // others stay 0.
    if lengths.areRagged { buffers.driveAdjoints.clear() }
    for path in recurrent { path.filterAdjoints.clear() }
  }

  /// Forgets the adjoints of drives past the end, which are looked up too with delays or ends of trials' own; the
  /// last segment may have been run again, and have left drives in their place.
  private func clearAhead() {
    guard wiring.hasDelays || lengths.areRagged else { return }
    buffers.inputRing.clear()
    for path in recurrent { path.clearRing() }
  }

  func backward(
    segment: Int, _ layer: PackedLayer, _ inputs: BlockActivity, trials: Int,
    outputAdjoint: any OutputAdjoint, constantAdjoint: UnsafePointer<Float>?,
    inputAdjoint: StoredAdjoint?
  ) {
    let times = times(ofSegment: segment)
    guard !times.isEmpty else { return }
    if taped != segment {
      snapshots.restore(buffers, recurrent, from: segment)
      if let kept {
        if segment == 0 { setInitialStates(trials: trials) }
        retrace(segment, kept, trials: trials)
      } else {
        runAgain(segment, layer, inputs, trials: trials)
      }
    }
    if times.upperBound == lengths.longest { clearAhead() }
    let inputWorkspace = inputWorkspace(layer)
    for time in times.reversed() {
      collectOutputAdjoint(
        layer, time: time, trials: trials, from: outputAdjoint, constant: constantAdjoint)
      let memory = writingDriveAdjoints(time)
      // With a past, the first step has one before it.
      model.retreat(
        kernel, memory.earlier(by: past), time: time + past,
        trials: lengths.active(at: time, of: trials))
      finish(
        layer, inputs, time: time, trials: trials, memory, inputWorkspace,
        inputAdjoint: inputAdjoint)
    }
    if segment == 0 { finishBackward(trials: trials) }
  }

  /// Finds the tape of a segment again.
  private func retrace(_ segment: Int, _ kept: KeptNumbers, trials: Int) {
    kept.go(to: segment)
    for time in tape(segment) {
      kept.withStep(time) {
        model.retrace(
          kernel, memory, time: time, trials: lengths.active(at: time, of: trials), from: $0)
      }
    }
  }

  /// The memory with the adjoints of a step's drive written where the connections look for them: without a filter
  /// of the inputs they are those of the weighted inputs.
  private func writingDriveAdjoints(_ time: Int) -> SweepMemory<Model.Fast> {
    guard inputFilter == nil else { return memory }
    return memory.writing(
      driveAdjoints: inputRing.vectors(time - wiring.input.latency, 0),
      trialStride: inputRing.trialStride / 16)
  }

  /// dL/d(output of a step): from above, from the constant, and through recurrent synapses.
  private func collectOutputAdjoint(
    _ layer: PackedLayer, time: Int, trials: Int, from outputAdjoint: any OutputAdjoint,
    constant: UnsafePointer<Float>?
  ) {
    let adjoints = buffers.outputAdjoints
    if let constant {
      for trial in 0..<trials {
        (adjoints.pointer + trial * size.rowLength).update(from: constant, count: size.rowLength)
      }
    } else {
      adjoints.pointer.update(repeating: 0, count: trials * size.rowLength)
    }
    outputAdjoint.add(time: time, trials: trials, into: adjoints.pointer)
    forEachKind(layer) { path, synapses, workspace in
      guard time + path.latency < lengths.longest else { return }
      synapses.backpropagate(
        path.ring, time: time, trials: trials, into: adjoints.pointer, stride: size.rowLength,
        workspace)
    }
  }

  /// Hands the adjoint of the inputs down, and gathers gradients when 64 steps are complete.
  private func finish(
    _ layer: PackedLayer, _ inputs: BlockActivity, time: Int, trials: Int,
    _ memory: SweepMemory<Model.Fast>, _ inputWorkspace: ConnectivityWorkspace,
    inputAdjoint: StoredAdjoint?
  ) {
    let inputTime = time - wiring.input.latency
    let (rows, stride) = (memory.driveAdjoints, memory.driveAdjointStride)
    if inputTime + past >= 0 {
      if let inputFilter {
        inputRing.write(
          inputTime, rows, stride: stride, trials: trials, vectors: size.vectors,
          filter: inputFilter, buffers.inputFilterAdjoints.pointer)
      }
      layer.input.receive(inputRing, time: inputTime, trials: trials, inputWorkspace)
    }
    if inputTime >= 0, let inputAdjoint {
      let row = inputAdjoint.step(inputTime)
      row.update(repeating: 0, count: trials * inputAdjoint.rowLength)
      layer.input.backpropagate(
        inputRing, time: inputTime, trials: trials, into: row,
        stride: inputAdjoint.rowLength, inputWorkspace)
    }
    if let times = completed(time, latency: wiring.input.latency) {
      layer.input.accumulate(
        inputs.from(step: -past), times: times, trials: trials, inputRing, inputWorkspace)
    }
    forEachKind(layer) { path, synapses, workspace in
      let recurrentTime = time - path.latency
      if recurrentTime + past >= 0 {
        if !path.sharesRing {
          path.ring.write(
            recurrentTime, rows, stride: stride, trials: trials, vectors: size.vectors,
            filter: path.filter, path.filterAdjoints.pointer)
        }
        synapses.receive(path.ring, time: recurrentTime, trials: trials, workspace)
      }
      if let times = completed(time, latency: path.latency) {
        synapses.accumulate(
          activity.from(step: -past), times: times, trials: trials, path.ring, workspace)
      }
    }
  }

  /// The steps of activity, counted from the past on, whose group of 64 is complete once a step has its
  /// adjoint.
  private func completed(_ time: Int, latency: Int) -> Range<Int>? {
    lengths.completedGroup(time, latency: latency, past: past)
  }
}
