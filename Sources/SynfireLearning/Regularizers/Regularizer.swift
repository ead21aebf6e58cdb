import SynfireCore
import SynfireNetworks

/// A term added to the loss.
public enum Regularizer: Sendable, Equatable {
  /// (strength / 2) times the sum of squares of the tensors whose names contain `names`; of all tensors
  /// when `names` is empty.
  case squaredWeights(strength: Double, names: [String] = [])
  /// strength times the sum over neurons of (mean rate - target)^2, rates in spikes a step, means over
  /// steps and trials (Bellec et al. 2018, code).
  case firingRate(strength: Double, target: Double)
}

extension [Regularizer] {
  /// Whether any term needs the spike counts of the whole batch before the backward sweep.
  public var needsRates: Bool {
    contains { if case .firingRate = $0 { true } else { false } }
  }

  /// The terms that depend on weights: adds their gradient, returns their value.
  public func addWeightTerms<Scalar: TensorScalar>(
    _ parameters: NamedTensors<Scalar>, to gradient: inout NamedTensors<Scalar>
  ) -> Double {
    var value = 0.0
    for case .squaredWeights(let strength, let names) in self {
      for (name, tensor) in parameters.pairs
      where names.isEmpty || names.contains(where: { name.contains($0) }) {
        value += strength / 2 * tensor.values.reduce(0) { $0 + Double($1) * Double($1) }
        gradient.update(name) { gradient in
          for index in tensor.values.indices {
            gradient.values[index] += Scalar(strength) * tensor.values[index]
          }
        }
      }
    }
    return value
  }

  /// The terms that depend on rates in a run of the reference engine: their value, and the adjoint that
  /// each output of each neuron gets, by layer.
  public func rateTerms(
    of run: ReferenceEngine.Run
  ) -> (value: Double, adjoints: [[Double]]) {
    let terms = run.traces.map { trials in
      let neurons = trials[0].outputs[0].count
      let counts = (0..<neurons).map { neuron in
        trials.reduce(0.0) { $0 + $1.outputs.reduce(0) { $0 + $1[neuron] } }
      }
      return rateTerms(
        counts: counts, samples: trials.reduce(0) { $0 + $1.outputs.count })
    }
    return (terms.reduce(0) { $0 + $1.value }, terms.map(\.adjoints))
  }

  /// The terms that depend on rates: their value, and the adjoint that each output of each neuron gets.
  ///
  /// - Parameter samples: steps of all trials together.
  func rateTerms(
    counts: [Double], samples: Int
  ) -> (value: Double, adjoints: [Double]) {
    var value = 0.0
    var adjoints = [Double](repeating: 0, count: counts.count)
    let samples = Double(samples)
    for case .firingRate(let strength, let target) in self {
      for (neuron, count) in counts.enumerated() {
        let excess = count / samples - target
        value += strength * excess * excess
        adjoints[neuron] += 2 * strength * excess / samples
      }
    }
    return (value, adjoints)
  }
}
