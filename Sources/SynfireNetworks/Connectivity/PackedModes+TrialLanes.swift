import SynfireCore

/// The P modes are the inner numbers: kappa is filtered, not the drive of N neurons.
///
/// Sums of gradients are A [postsynaptic, mode], then B [presynaptic, mode].
extension PackedModes: FactoredLaneConnectivity {
  var width: Int { modes }
  var expands: Bool { true }
  var laneSumCount: Int { (postsynaptic + presynaptic) * modes }

  func gather(_ activity: LaneActivity, into inner: UnsafeMutablePointer<Vector>, adding: Bool) {
    guard case .spikes(let bits) = activity, !adding else {
      preconditionFailure("modes gather spikes, into sums of their own")
    }
    LaneKernels.gather(
      bits, count: presynaptic, outputModes.pointer, stride: modeLength, width: modes,
      into: inner)
  }

  func expand(_ inner: UnsafePointer<Vector>, into drive: UnsafeMutablePointer<Vector>) {
    LaneKernels.expand(
      inner, width: modes, scaledInputModes.pointer, stride: rowLength,
      count: postsynaptic, into: drive)
  }

  func contract(_ adjoint: UnsafePointer<Vector>, into inner: UnsafeMutablePointer<Vector>) {
    LaneKernels.contract(
      adjoint, count: postsynaptic, inputModes.pointer, stride: rowLength,
      width: modes, into: inner)
  }

  func scatter(
    _ inner: UnsafePointer<Vector>, into presynaptic: UnsafeMutablePointer<Vector>,
    overwriting: Bool
  ) {
    LaneKernels.expand(
      inner, width: modes, scaledOutputModes.pointer, stride: presynapticLength,
      count: self.presynaptic, into: presynaptic, overwriting: overwriting)
  }

  func accumulate(_ steps: LaneSteps, into sums: UnsafeMutablePointer<Vector>) {
    guard case .spikes(let bits) = steps.activity else {
      preconditionFailure("modes gather spikes")
    }
    LaneKernels.accumulate(
      steps: steps.count,
      NumberRows(first: steps.driveAdjoints, stepStride: steps.driveAdjointStride),
      count: postsynaptic, NumberRows(first: steps.inner, stepStride: steps.innerStride),
      count: modes, into: sums)
    LaneKernels.accumulate(
      steps: steps.count, SpikeRows(first: bits, stepStride: steps.activityStride),
      count: presynaptic,
      NumberRows(first: steps.innerAdjoints, stepStride: steps.innerAdjointStride), count: modes,
      into: sums + postsynaptic * modes)
  }

  func reduce(
    _ sums: UnsafePointer<Vector>, spiking: Bool, into gradient: UnsafeMutablePointer<Float>
  ) {
    let outputGradient = gradient + modes * rowLength
    for mode in 0..<modes {
      for neuron in 0..<postsynaptic {
        gradient[mode * rowLength + neuron] += sums[neuron * modes + mode].sum()
      }
      for neuron in 0..<presynaptic {
        outputGradient[neuron * modeLength + mode] +=
          sums[(postsynaptic + neuron) * modes + mode].sum()
      }
    }
  }
}
