import SynfireCore

/// Synapses of one kind as e-prop sees them: weights, and a leaky filter of presynaptic activity.
package struct LeakySynapses<Scalar: TensorScalar>: Sendable {
  /// [postsynaptic, presynaptic].
  let weights: Tensor<Scalar>
  /// x_t = decay x_{t-1} + response s_t; 0 and 1 without a filter.
  let decay: Scalar
  let response: Scalar

  package init(weights: Tensor<Scalar>, decay: Scalar = 0, response: Scalar = 1) {
    self.weights = weights
    self.decay = decay
    self.response = response
  }
}

/// The same synapses in one trial: what they see of the activity, and the traces of their weights.
///
/// A filter acts before the weights, so that dv/dW has the filtered activity in the place of spikes, and
/// nothing else changes: the forward paths within a neuron are the same.
package struct EligibleSynapses<Scalar: TensorScalar> {
  private let synapses: LeakySynapses<Scalar>
  package let traces: EligibilityTraces<Scalar>
  /// x [presynaptic].
  private(set) var seen: [Scalar]

  init(
    _ synapses: LeakySynapses<Scalar>, _ constants: EligibilityConstants<Scalar>, sums: Bool
  ) {
    self.synapses = synapses
    let (postsynaptic, presynaptic) = (synapses.weights.shape[0], synapses.weights.shape[1])
    traces = EligibilityTraces(
      presynaptic: presynaptic, postsynaptic: postsynaptic, constants, sums: sums)
    seen = [Scalar](repeating: 0, count: presynaptic)
  }

  /// Takes the activity of a step.
  mutating func see(_ activity: [Scalar]) {
    for index in seen.indices {
      seen[index] = synapses.decay * seen[index] + synapses.response * activity[index]
    }
  }

  /// drive [postsynaptic] += weights times what is seen.
  func add(to drive: inout [Scalar]) {
    let active = seen.indices.filter { seen[$0] != 0 }
    for neuron in drive.indices {
      for other in active {
        drive[neuron] += synapses.weights.values[neuron * seen.count + other] * seen[other]
      }
    }
  }
}
