import SynfireCore

/// Few channels into many neurons, whose inputs are numbers, or many neurons, whose outputs are spikes,
/// into few.
///
/// Sums of gradients are [postsynaptic, channel] of numbers, [presynaptic, output] of spikes.
extension PackedDense: FactoredLaneConnectivity {
  var width: Int { postsynaptic }
  var expands: Bool { false }

  var laneSumCount: Int { postsynaptic * presynaptic }

  func gather(_ activity: LaneActivity, into inner: UnsafeMutablePointer<Vector>, adding: Bool) {
    switch activity {
    case .spikes(let bits):
      precondition(!adding, "sums of spikes are kept in registers")
      LaneKernels.gather(
        bits, count: presynaptic, rows.pointer, stride: rowStride,
        width: postsynaptic, into: inner)
    case .analog(let values):
      LaneKernels.expand(
        values, width: presynaptic, rows.pointer, stride: rowStride,
        count: postsynaptic, into: inner, overwriting: !adding)
    }
  }

  func expand(_ inner: UnsafePointer<Vector>, into drive: UnsafeMutablePointer<Vector>) {
    for neuron in 0..<postsynaptic { drive[neuron] += inner[neuron] }
  }

  func contract(_ adjoint: UnsafePointer<Vector>, into inner: UnsafeMutablePointer<Vector>) {
    inner.update(from: adjoint, count: postsynaptic)
  }

  func scatter(
    _ inner: UnsafePointer<Vector>, into presynaptic: UnsafeMutablePointer<Vector>,
    overwriting: Bool
  ) {
    guard case .rows(let rows) = adjointWeights else {
      preconditionFailure("only connections to few neurons are taken back trial by trial")
    }
    LaneKernels.expand(
      inner, width: postsynaptic, rows.pointer, stride: presynapticLength,
      count: self.presynaptic, into: presynaptic, overwriting: overwriting)
  }

  func accumulate(_ steps: LaneSteps, into sums: UnsafeMutablePointer<Vector>) {
    let adjoints = NumberRows(
      first: steps.innerAdjoints, stepStride: steps.innerAdjointStride)
    switch steps.activity {
    case .spikes(let bits):
      LaneKernels.accumulate(
        steps: steps.count, SpikeRows(first: bits, stepStride: steps.activityStride),
        count: presynaptic, adjoints, count: postsynaptic, into: sums)
    case .analog(let values):
      LaneKernels.accumulate(
        steps: steps.count, adjoints, count: postsynaptic,
        NumberRows(first: values, stepStride: steps.activityStride), count: presynaptic,
        into: sums)
    }
  }

  func reduce(
    _ sums: UnsafePointer<Vector>, spiking: Bool, into gradient: UnsafeMutablePointer<Float>
  ) {
    for pre in 0..<presynaptic {
      for post in 0..<postsynaptic {
        let place = spiking ? pre * postsynaptic + post : post * presynaptic + pre
        gradient[pre * rowStride + post] += sums[place].sum()
      }
    }
  }
}
