import SynfireCore

/// Few modes: spikes are summed in the space of the P modes, and the adjoint goes through it too.
///
///     kappa = sum of Xi_out rows of the spikes      drive += sum over mu of lambda kappa Xi_in[:, mu]
///     z = lambda Xi_in^T adjoint                    presynaptic += Xi_out z
///     dXi_in += adjoint (lambda kappa)^T            dXi_out[j] += z for each spike j
///     dlambda += kappa Xi_in^T adjoint
///
/// Cost per step and trial: spikes x P + N P, instead of N squared.
final class PackedModes: PackedConnectivity {
  private let presynaptic: Int
  private let postsynaptic: Int
  private let modes: Int
  /// Floats in a row of modes, of postsynaptic and of presynaptic neurons.
  private let modeLength: Int
  private let rowLength: Int
  private let presynapticLength: Int
  /// Xi_in^T [mode, postsynaptic padded], Xi_out [presynaptic, mode padded], Xi_out^T
  /// [mode, presynaptic padded], lambda [mode padded].
  private let inputModes: AlignedBuffer<Float>
  private let outputModes: AlignedBuffer<Float>
  private let outputModesTransposed: AlignedBuffer<Float>
  private let scores: AlignedBuffer<Float>

  init(_ factors: ModeFactors<Float>) {
    modes = factors.modes
    postsynaptic = factors.inputModes.shape[0]
    presynaptic = factors.outputModes.shape[0]
    modeLength = paddedToLanes(modes)
    rowLength = paddedToLanes(postsynaptic)
    presynapticLength = paddedToLanes(presynaptic)
    inputModes = AlignedBuffer(count: modes * rowLength + 128)
    outputModes = AlignedBuffer(count: presynaptic * modeLength + 128)
    outputModesTransposed = AlignedBuffer(count: modes * presynapticLength + 128)
    scores = AlignedBuffer(count: modeLength)
    for mode in 0..<modes {
      scores.pointer[mode] = factors.scores.values[mode]
      for neuron in 0..<postsynaptic {
        inputModes.pointer[mode * rowLength + neuron] =
          factors.inputModes.values[neuron * modes + mode]
      }
      for neuron in 0..<presynaptic {
        let value = factors.outputModes.values[neuron * modes + mode]
        outputModes.pointer[neuron * modeLength + mode] = value
        outputModesTransposed.pointer[mode * presynapticLength + neuron] = value
      }
    }
  }

  func makeWorkspace(trials: Int) -> ConnectivityWorkspace {
    ConnectivityWorkspace(
      gradient: modes * rowLength + presynaptic * modeLength + modeLength,
      offsets: max(64, presynapticLength), scratch: 3 * modeLength)
  }

  func propagate(
    _ activity: BlockActivity, time: Int, trials: Int, into drive: UnsafeMutablePointer<Float>,
    _ workspace: ConnectivityWorkspace
  ) {
    let kappa = workspace.scratch.pointer
    for trial in 0..<trials {
      guard project(activity, time, trial, into: kappa, workspace) > 0 else { continue }
      for mode in 0..<modes { kappa[mode] *= scores.pointer[mode] }
      RowKernels.addScaled(
        inputModes.pointer, stride: rowLength, scales: kappa, count: modes,
        into: drive + trial * rowLength, vectors: rowLength / 16)
    }
  }

  func backpropagate(
    _ adjoint: AdjointRing, time: Int, trials: Int,
    into presynapticAdjoint: UnsafeMutablePointer<Float>, stride: Int,
    _ workspace: ConnectivityWorkspace
  ) {
    let scaled = workspace.scratch.pointer
    for trial in 0..<trials {
      let row = adjoint.row(time, trial)
      for mode in 0..<modes { scaled[mode] = scores.pointer[mode] * modeAdjoint(mode, row) }
      RowKernels.addScaled(
        outputModesTransposed.pointer, stride: presynapticLength, scales: scaled, count: modes,
        into: presynapticAdjoint + trial * stride, vectors: presynapticLength / 16)
    }
  }

  func accumulate(
    _ activity: BlockActivity, times: Range<Int>, trials: Int, _ adjoint: AdjointRing,
    _ workspace: ConnectivityWorkspace
  ) {
    let kappa = workspace.scratch.pointer
    let scaled = kappa + modeLength
    let inputGradient = workspace.gradient.pointer
    let outputGradient = inputGradient + modes * rowLength
    let scoreGradient = outputGradient + presynaptic * modeLength
    for time in times {
      for trial in 0..<trials {
        let spikes = project(activity, time, trial, into: kappa, workspace)
        guard spikes > 0 else { continue }
        let row = adjoint.row(time, trial)
        for mode in 0..<modes {
          let projected = modeAdjoint(mode, row)
          scoreGradient[mode] += kappa[mode] * projected
          scaled[mode] = scores.pointer[mode] * projected
          RowKernels.addScaled(
            row, scale: scores.pointer[mode] * kappa[mode],
            into: inputGradient + mode * rowLength, vectors: rowLength / 16)
        }
        for spike in 0..<spikes {
          RowKernels.addScaled(
            scaled, scale: 1, into: outputGradient + Int(workspace.offsets.pointer[spike]),
            vectors: modeLength / 16)
        }
      }
    }
  }

  func gradient(_ sum: AlignedBuffer<Float>) -> NamedTensors<Float> {
    let outputGradient = sum.pointer + modes * rowLength
    let scoreGradient = outputGradient + presynaptic * modeLength
    var input = Tensor<Float>(axes: ["neuron", "mode"], shape: [postsynaptic, modes])
    var output = Tensor<Float>(axes: ["presynaptic", "mode"], shape: [presynaptic, modes])
    var score = Tensor<Float>(axes: ["mode"], shape: [modes])
    for mode in 0..<modes {
      score.values[mode] = scoreGradient[mode]
      for neuron in 0..<postsynaptic {
        input.values[neuron * modes + mode] = sum.pointer[mode * rowLength + neuron]
      }
      for neuron in 0..<presynaptic {
        output.values[neuron * modes + mode] = outputGradient[neuron * modeLength + mode]
      }
    }
    return NamedTensors([("inputModes", input), ("outputModes", output), ("scores", score)])
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

  private func modeAdjoint(_ mode: Int, _ row: UnsafePointer<Float>) -> Float {
    RowKernels.dot(inputModes.pointer + mode * rowLength, row, vectors: rowLength / 16)
  }
}
