import SynfireCore

/// Few modes: spikes are summed in the space of the P modes, and the adjoint goes through it too.
///
///     kappa = sum of Xi_out rows of the spikes      drive += sum over mu of lambda kappa Xi_in[:, mu]
///     z = Xi_in^T adjoint                           presynaptic += Xi_out diag(lambda) z
///
/// Two sums give all gradients, A = sum of adjoint kappa^T and, for each spike j, B[j] = sum of z:
/// dXi_in = A diag(lambda), dXi_out = B diag(lambda), dlambda[mu] = Xi_in[:, mu]^T A[:, mu].
/// Cost per step and trial: spikes x P + N P, instead of N squared.
final class PackedModes: PackedConnectivity {
  private let factors: ModeFactors<Float>
  let presynaptic: Int
  let postsynaptic: Int
  let modes: Int
  /// Floats in a row of modes, of postsynaptic and of presynaptic neurons.
  let modeLength: Int
  let rowLength: Int
  let presynapticLength: Int
  /// Xi_in^T and diag(lambda) Xi_in^T [mode, postsynaptic padded], Xi_out [presynaptic, mode padded],
  /// diag(lambda) Xi_out^T [mode, presynaptic padded].
  let inputModes: AlignedBuffer<Float>
  let scaledInputModes: AlignedBuffer<Float>
  let outputModes: AlignedBuffer<Float>
  let scaledOutputModes: AlignedBuffer<Float>

  init(_ factors: ModeFactors<Float>) {
    self.factors = factors
    modes = factors.modes
    postsynaptic = factors.inputModes.shape[0]
    presynaptic = factors.outputModes.shape[0]
    modeLength = paddedToLanes(modes)
    rowLength = paddedToLanes(postsynaptic)
    presynapticLength = paddedToLanes(presynaptic)
    inputModes = AlignedBuffer(count: modes * rowLength + 128)
    scaledInputModes = AlignedBuffer(count: modes * rowLength + 128)
    outputModes = AlignedBuffer(count: presynaptic * modeLength + 128)
    scaledOutputModes = AlignedBuffer(count: modes * presynapticLength + 128)
    for mode in 0..<modes {
      let score = factors.scores.values[mode]
      for neuron in 0..<postsynaptic {
        let value = factors.inputModes.values[neuron * modes + mode]
        inputModes.pointer[mode * rowLength + neuron] = value
        scaledInputModes.pointer[mode * rowLength + neuron] = score * value
      }
      for neuron in 0..<presynaptic {
        let value = factors.outputModes.values[neuron * modes + mode]
        outputModes.pointer[neuron * modeLength + mode] = value
        scaledOutputModes.pointer[mode * presynapticLength + neuron] = score * value
      }
    }
  }

  /// The gradient is A^T [mode, postsynaptic padded], then B [presynaptic, mode padded]; the scratch is
  /// kappa of 64 steps of a trial, then z of 64 steps of all trials.
  func makeWorkspace(trials: Int) -> ConnectivityWorkspace {
    ConnectivityWorkspace(
      gradient: modes * rowLength + presynaptic * modeLength,
      offsets: max(64, presynapticLength), scratch: 64 * (1 + trials) * modeLength)
  }

  func propagate(
    _ activity: BlockActivity, time: Int, trials: Int, into drive: UnsafeMutablePointer<Float>,
    _ workspace: ConnectivityWorkspace
  ) {
    let kappa = workspace.scratch.pointer
    for trial in 0..<trials {
      guard project(activity, time, trial, into: kappa, workspace) > 0 else { continue }
      RowKernels.addScaled(
        scaledInputModes.pointer, stride: rowLength, scales: kappa, count: modes,
        into: drive + trial * rowLength, vectors: rowLength / 16)
    }
  }

  /// Projects the adjoint drive on the modes, for both uses.
  func receive(
    _ adjoint: AdjointRing, time: Int, trials: Int, _ workspace: ConnectivityWorkspace
  ) {
    for trial in 0..<trials {
      let row = adjoint.row(time, trial)
      let z = projected(time, trial, workspace)
      for mode in 0..<modes {
        z[mode] = RowKernels.dot(
          inputModes.pointer + mode * rowLength, row, vectors: rowLength / 16)
      }
    }
  }

  func backpropagate(
    _ adjoint: AdjointRing, time: Int, trials: Int,
    into presynapticAdjoint: UnsafeMutablePointer<Float>, stride: Int,
    _ workspace: ConnectivityWorkspace
  ) {
    for trial in 0..<trials {
      RowKernels.addScaled(
        scaledOutputModes.pointer, stride: presynapticLength,
        scales: projected(time, trial, workspace), count: modes,
        into: presynapticAdjoint + trial * stride, vectors: presynapticLength / 16)
    }
  }

  func accumulate(
    _ activity: BlockActivity, times: Range<Int>, trials: Int, _ adjoint: AdjointRing,
    _ workspace: ConnectivityWorkspace
  ) {
    let kappa = workspace.scratch.pointer
    let inputGradient = workspace.gradient.pointer
    let outputGradient = inputGradient + modes * rowLength
    for trial in 0..<trials {
      for (slot, time) in times.enumerated() {
        let spikes = project(
          activity, time, trial, into: kappa + slot * modeLength, workspace)
        let z = projected(time, trial, workspace)
        for spike in 0..<spikes {
          RowKernels.addScaled(
            z, scale: 1, into: outputGradient + Int(workspace.offsets.pointer[spike]),
            vectors: modeLength / 16)
        }
      }
      adjoint.forEachRun(of: times) { run in
        RowKernels.addOuter(
          adjoint.row(run.lowerBound, trial), stride: adjoint.stepStride, count: run.count,
          scales: kappa + (run.lowerBound - times.lowerBound) * modeLength,
          scaleStride: modeLength, channels: modes, into: inputGradient,
          destinationStride: rowLength, vectors: rowLength / 16)
      }
    }
  }

  func gradient(_ sum: AlignedBuffer<Float>) -> NamedTensors<Float> {
    let outputGradient = sum.pointer + modes * rowLength
    var input = Tensor<Float>(axes: ["neuron", "mode"], shape: [postsynaptic, modes])
    var output = Tensor<Float>(axes: ["presynaptic", "mode"], shape: [presynaptic, modes])
    var scores = Tensor<Float>(axes: ["mode"], shape: [modes])
    for mode in 0..<modes {
      let score = factors.scores.values[mode]
      for neuron in 0..<postsynaptic {
        let value = sum.pointer[mode * rowLength + neuron]
        input.values[neuron * modes + mode] = score * value
        scores.values[mode] += factors.inputModes.values[neuron * modes + mode] * value
      }
      for neuron in 0..<presynaptic {
        output.values[neuron * modes + mode] = score * outputGradient[neuron * modeLength + mode]
      }
    }
    return NamedTensors([("inputModes", input), ("outputModes", output), ("scores", scores)])
  }

  /// Where z of a step and trial is kept as long as the adjoint itself: [trial, step % 64, mode padded].
  private func projected(
    _ time: Int, _ trial: Int, _ workspace: ConnectivityWorkspace
  ) -> UnsafeMutablePointer<Float> {
    workspace.scratch.pointer + ((1 + trial) * 64 + time & 63) * modeLength
  }

  /// kappa = Xi_out^T times the spikes of a step; returns how many there were, their offsets in Xi_out
  /// left in the workspace.
  private func project(
    _ activity: BlockActivity, _ time: Int, _ trial: Int, into kappa: UnsafeMutablePointer<Float>,
    _ workspace: ConnectivityWorkspace
  ) -> Int {
    guard case .spikes(let words, let timeStride, let trialStride) = activity else {
      preconditionFailure("few modes of a rate network are expanded")
    }
    for vector in 0..<modeLength { kappa[vector] = 0 }
    let count = RowKernels.offsets(
      ofSetBits: words + time * timeStride + trial * trialStride, count: (presynaptic + 63) >> 6,
      stride: modeLength, into: workspace.offsets.pointer)
    RowKernels.add(
      outputModes.pointer, workspace.offsets.pointer, count, into: kappa,
      vectors: modeLength / 16)
    return count
  }
}
