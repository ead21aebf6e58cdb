import SynfireCore

/// Few channels into many neurons, whose inputs are numbers, or many neurons, whose outputs are spikes,
/// into few.
///
/// Sums of gradients are [postsynaptic, channel padded] of numbers, [presynaptic, width padded] of spikes.
extension PackedDense: FactoredLaneConnectivity {
  var width: Int { postsynaptic }
  var expands: Bool { false }

  var laneSumCount: Int {
    max(postsynaptic * paddedWidth(presynaptic), presynaptic * paddedWidth(postsynaptic))
  }

  func gather(_ activity: LaneActivity, into inner: UnsafeMutablePointer<Vector>, adding: Bool) {
    switch activity {
    case .spikes(let bits):
      precondition(!adding, "sums of spikes are kept in registers")
      LaneKernels.gather(
        bits, count: presynaptic, rows.pointer, stride: rowStride,
        width: paddedWidth(postsynaptic), into: inner)
    case .analog(let values):
      LaneKernels.expand(
        values, width: paddedWidth(presynaptic), rows.pointer, stride: rowStride,
        count: postsynaptic, into: inner, overwriting: !adding)
    }
  }

  func expand(_ inner: UnsafePointer<Vector>, into drive: UnsafeMutablePointer<Vector>) {
    for neuron in 0..<postsynaptic { drive[neuron] += inner[neuron] }
  }

  func contract(_ adjoint: UnsafePointer<Vector>, into inner: UnsafeMutablePointer<Vector>) {
    inner.update(from: adjoint, count: postsynaptic)
  }

  func scatter(_ inner: UnsafePointer<Vector>, into presynaptic: UnsafeMutablePointer<Vector>) {
    guard case .rows(let rows) = adjointWeights else {
      preconditionFailure("only connections to few neurons are taken back trial by trial")
    }
    LaneKernels.expand(
      inner, width: paddedWidth(postsynaptic), rows.pointer, stride: presynapticLength,
      count: self.presynaptic, into: presynaptic)
  }

  func accumulate(_ steps: LaneSteps, into sums: UnsafeMutablePointer<Vector>) {
    switch steps.activity {
    case .spikes(let bits):
      let stride = steps.activityStride
      LaneKernels.accumulate(
        steps: steps.count, rowCount: presynaptic,
        { step, neuron in LaneKernels.spikes(bits[step * stride + neuron]) },
        steps.innerAdjoints, columnStride: steps.innerAdjointStride,
        columnCount: paddedWidth(postsynaptic), into: sums)
    case .analog(let values):
      let (adjoints, stride) = (steps.innerAdjoints, steps.innerAdjointStride)
      LaneKernels.accumulate(
        steps: steps.count, rowCount: postsynaptic,
        { step, neuron in adjoints[step * stride + neuron] },
        values, columnStride: steps.activityStride, columnCount: paddedWidth(presynaptic),
        into: sums)
    }
  }

  func reduce(
    _ sums: UnsafePointer<Vector>, spiking: Bool, into gradient: UnsafeMutablePointer<Float>
  ) {
    for pre in 0..<presynaptic {
      for post in 0..<postsynaptic {
        let place =
          spiking
          ? pre * paddedWidth(postsynaptic) + post : post * paddedWidth(presynaptic) + pre
        gradient[pre * rowStride + post] += sums[place].sum()
      }
    }
  }
}
