import SynfireCore

/// The P modes are the inner numbers: kappa is filtered, not the drive of N neurons.
///
/// Sums of gradients are A [postsynaptic, mode padded], then B [presynaptic, mode padded].
extension PackedModes: FactoredLaneConnectivity {
  var width: Int { modes }
  var expands: Bool { true }
  var laneSumCount: Int { (postsynaptic + presynaptic) * paddedWidth(modes) }

  func gather(_ activity: LaneActivity, into inner: UnsafeMutablePointer<Vector>, adding: Bool) {
    guard case .spikes(let bits) = activity, !adding else {
      preconditionFailure("modes gather spikes, into sums of their own")
    }
    LaneKernels.gather(
      bits, count: presynaptic, outputModes.pointer, stride: modeLength, width: paddedWidth(modes),
      into: inner)
  }

  func expand(_ inner: UnsafePointer<Vector>, into drive: UnsafeMutablePointer<Vector>) {
    LaneKernels.expand(
      inner, width: paddedWidth(modes), scaledInputModes.pointer, stride: rowLength,
      count: postsynaptic, into: drive)
  }

  func contract(_ adjoint: UnsafePointer<Vector>, into inner: UnsafeMutablePointer<Vector>) {
    LaneKernels.contract(
      adjoint, count: postsynaptic, inputModes.pointer, stride: rowLength,
      width: paddedWidth(modes), into: inner)
  }

  func scatter(_ inner: UnsafePointer<Vector>, into presynaptic: UnsafeMutablePointer<Vector>) {
    LaneKernels.expand(
      inner, width: paddedWidth(modes), scaledOutputModes.pointer, stride: presynapticLength,
      count: self.presynaptic, into: presynaptic)
  }

  func accumulate(_ steps: LaneSteps, into sums: UnsafeMutablePointer<Vector>) {
    guard case .spikes(let bits) = steps.activity else {
      preconditionFailure("modes gather spikes")
    }
    let (adjoints, adjointStride) = (steps.driveAdjoints, steps.driveAdjointStride)
    LaneKernels.accumulate(
      steps: steps.count, rowCount: postsynaptic,
      { step, neuron in adjoints[step * adjointStride + neuron] },
      steps.inner, columnStride: steps.innerStride, columnCount: paddedWidth(modes), into: sums)
    let stride = steps.activityStride
    LaneKernels.accumulate(
      steps: steps.count, rowCount: presynaptic,
      { step, neuron in LaneKernels.spikes(bits[step * stride + neuron]) },
      steps.innerAdjoints, columnStride: steps.innerAdjointStride,
      columnCount: paddedWidth(modes), into: sums + postsynaptic * paddedWidth(modes))
  }

  func reduce(
    _ sums: UnsafePointer<Vector>, spiking: Bool, into gradient: UnsafeMutablePointer<Float>
  ) {
    let width = paddedWidth(modes)
    let outputGradient = gradient + modes * rowLength
    for mode in 0..<modes {
      for neuron in 0..<postsynaptic {
        gradient[mode * rowLength + neuron] += sums[neuron * width + mode].sum()
      }
      for neuron in 0..<presynaptic {
        outputGradient[neuron * modeLength + mode] +=
          sums[(postsynaptic + neuron) * width + mode].sum()
      }
    }
  }
}
