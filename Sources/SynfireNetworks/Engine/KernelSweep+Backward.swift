import SynfireCore

extension KernelSweep {
  @usableFromInline
  func backward(
    _ layer: PackedLayer, _ inputs: BlockActivity, trials: Int, outputAdjoint: any OutputAdjoint,
    constantAdjoint: UnsafePointer<Float>?, inputAdjoint: StoredAdjoint?
  ) {
    for cell in 0..<trials * vectors { adjoints.pointer[cell] = kernel.initialAdjoint }
    inputFilterStates.clear()
    recurrentFilterStates.clear()
    for time in (0..<size.steps).reversed() {
      collectOutputAdjoint(
        layer, time: time, trials: trials, from: outputAdjoint, constant: constantAdjoint)
      retreat(time: time, trials: trials)
      finish(layer, inputs, time: time, trials: trials, inputAdjoint: inputAdjoint)
    }
  }

  @usableFromInline var inputAdjointRing: AdjointRing { ring(inputRing) }
  @usableFromInline var recurrentAdjointRing: AdjointRing { ring(recurrentRing) }

  private func ring(_ buffer: AlignedBuffer<Float>) -> AdjointRing {
    AdjointRing(
      base: buffer.pointer, stepStride: size.trials * size.rowLength, trialStride: size.rowLength)
  }

  /// dL/d(output of a step): from above, from the constant, and through recurrent synapses.
  private func collectOutputAdjoint(
    _ layer: PackedLayer, time: Int, trials: Int, from outputAdjoint: any OutputAdjoint,
    constant: UnsafePointer<Float>?
  ) {
    outputAdjoints.clear()
    if let constant {
      for trial in 0..<trials {
        RowKernels.addScaled(
          constant, scale: 1, into: outputAdjoints.pointer + trial * size.rowLength,
          vectors: vectors)
      }
    }
    outputAdjoint.add(time: time, trials: trials, into: outputAdjoints.pointer)
    if let recurrent = layer.recurrent, time + wiring.recurrentLatency < size.steps {
      recurrent.backpropagate(
        recurrentAdjointRing, time: time, trials: trials, into: outputAdjoints.pointer,
        stride: size.rowLength, workspaces(layer).1!)
    }
  }

  @inlinable
  func retreat(time: Int, trials: Int) {
    let kernel = self.kernel
    let vectors = self.vectors
    let group = size.words * 4
    let inputRow = vectorRow(inputAdjointRing, time - wiring.inputLatency)
    let recurrentRow = vectorRow(recurrentAdjointRing, time - wiring.recurrentLatency)
    let outputAdjoint = UnsafeRawPointer(outputAdjoints.pointer)
      .assumingMemoryBound(to: SIMD16<Float>.self)
    let outputRows = UnsafeRawPointer(outputs.pointer).assumingMemoryBound(to: SIMD16<Float>.self)
    for trial in 0..<trials {
      let row = time * size.trials + trial
      let previous = row - size.trials
      for vector in 0..<vectors {
        let cell = trial * vectors + vector
        let context: StepContext<SIMD16<Float>>
        if Kernel.isSpiking {
          let mask = FloatLaneMask(bits: time > 0 ? spikes.pointer[previous * group + vector] : 0)
          context = StepContext(
            previousOutput: SIMD16<Float>(mask), previousSpikes: mask,
            held: FloatLaneMask(bits: held.pointer[row * group + vector]))
        } else {
          let none = FloatLaneMask(bits: 0)
          context = StepContext(
            previousOutput: time > 0 ? outputRows[previous * vectors + vector] : .zero,
            previousSpikes: none, held: none)
        }
        let drive = kernel.adjointStep(
          &adjoints.pointer[cell], output: outputAdjoint[cell],
          tape: tape.pointer[row * vectors + vector], context: context)
        if let inputRow {
          var adjoint = drive
          if let inputFilter {
            adjoint = inputFilter.adjointStep(&inputFilterStates.pointer[cell], drive)
          }
          inputRow[cell] = adjoint
        }
        if let recurrentRow {
          var adjoint = drive
          if let recurrentFilter {
            adjoint = recurrentFilter.adjointStep(&recurrentFilterStates.pointer[cell], drive)
          }
          recurrentRow[cell] = adjoint
        }
      }
    }
  }

  /// The vectors of a step in a ring; nil before the first step, where there are no spikes to blame.
  @usableFromInline
  func vectorRow(_ ring: AdjointRing, _ time: Int) -> UnsafeMutablePointer<SIMD16<Float>>? {
    guard time >= 0 else { return nil }
    return UnsafeMutableRawPointer(ring.row(time, 0)).assumingMemoryBound(to: SIMD16<Float>.self)
  }

  /// Hands the adjoint of the inputs down, and gathers gradients when 64 steps are complete.
  private func finish(
    _ layer: PackedLayer, _ inputs: BlockActivity, time: Int, trials: Int,
    inputAdjoint: StoredAdjoint?
  ) {
    let (inputWorkspace, recurrentWorkspace) = workspaces(layer)
    let inputTime = time - wiring.inputLatency
    if inputTime >= 0, let inputAdjoint {
      let row = inputAdjoint.step(inputTime)
      row.update(repeating: 0, count: trials * inputAdjoint.rowLength)
      layer.input.backpropagate(
        inputAdjointRing, time: inputTime, trials: trials, into: row,
        stride: inputAdjoint.rowLength, inputWorkspace)
    }
    if inputTime >= 0, inputTime & 63 == 0 {
      let end = min(inputTime + 64, size.steps - wiring.inputLatency)
      layer.input.accumulate(
        inputs, times: inputTime..<end, trials: trials, inputAdjointRing, inputWorkspace)
    }
    guard let recurrent = layer.recurrent, let recurrentWorkspace else { return }
    let recurrentTime = time - wiring.recurrentLatency
    if recurrentTime >= 0, recurrentTime & 63 == 0 {
      let end = min(recurrentTime + 64, size.steps - wiring.recurrentLatency)
      recurrent.accumulate(
        activity, times: recurrentTime..<end, trials: trials, recurrentAdjointRing,
        recurrentWorkspace)
    }
  }
}
