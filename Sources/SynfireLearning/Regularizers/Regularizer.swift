import SynfireCore

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
  var needsRates: Bool {
    contains { if case .firingRate = $0 { true } else { false } }
  }

  /// The terms that depend on weights: adds their gradient, returns their value.
  func addWeightTerms(
    _ parameters: NamedTensors<Float>, to gradient: inout NamedTensors<Float>
  ) -> Double {
    var value = 0.0
    for case .squaredWeights(let strength, let names) in self {
      for (name, tensor) in parameters.pairs
      where names.isEmpty || names.contains(where: { name.contains($0) }) {
        value += strength / 2 * tensor.values.reduce(0) { $0 + Double($1) * Double($1) }
        gradient.update(name) { gradient in
          for index in tensor.values.indices {
            gradient.values[index] += Float(strength) * tensor.values[index]
          }
        }
      }
    }
    return value
  }

  /// The terms that depend on rates: their value, and the adjoint that each output of each neuron gets.
  func rateTerms(
    counts: [Int], steps: Int, trials: Int
  ) -> (value: Double, adjoints: [Double]) {
    var value = 0.0
    var adjoints = [Double](repeating: 0, count: counts.count)
    let samples = Double(steps * trials)
    for case .firingRate(let strength, let target) in self {
      for (neuron, count) in counts.enumerated() {
        let excess = Double(count) / samples - target
        value += strength * excess * excess
        adjoints[neuron] += 2 * strength * excess / samples
      }
    }
    return (value, adjoints)
  }
}
