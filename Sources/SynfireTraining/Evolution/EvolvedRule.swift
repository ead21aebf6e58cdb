import SynfireCore
import SynfireLearning
import SynfireNetworks

/// A rule that evolves a network, as the training loop takes it: what it has learned, and what checkpoints hold.
protocol EvolvedRule: LearningRule {
  associatedtype Rule: EvolutionRule

  var rule: Rule { get set }
}

extension EvolvedRule {
  /// The network's, and what observations are normalised by.
  var parameters: NamedTensors<Float> {
    get {
      NamedTensors(
        rule.parameters.pairs.map { ($0.name, $0.tensor.converted()) }
          + ControlNetwork.normalizer(rule.normalizer).pairs.map { ($0.name, $0.tensor) })
    }
    set {
      var state = rule.state
      for name in rule.parameters.names { newValue[name].map { state[name] = $0.converted() } }
      for (name, tensor) in ControlNetwork.state(of: newValue).pairs { state[name] = tensor }
      // A state is refused for its shapes alone, and parameters were checked.
      try? rule.restore(state)
    }
  }

  /// Everything is in double precision.
  var state: NamedTensors<Float> {
    get { NamedTensors() }
    set {}
  }

  var preciseState: NamedTensors<Double> { rule.state }

  mutating func restore(preciseState: NamedTensors<Double>) throws {
    try rule.restore(preciseState)
  }
}

extension StepMetrics {
  /// What a generation says of itself.
  ///
  /// - Parameters:
  ///   - name: what members got, such as `Return`: `evaluationReturn`, `bestReturn`, `withoutReturn`.
  ///   - sign: times the fitness, it is that.
  init(_ generation: GenerationMetrics, of name: String, sign: Double) {
    self.init(
      loss: -generation.meanFitness, gradientNorm: generation.gradientNorm,
      learningRate: generation.learningRate, firingRate: 0, silentFraction: 0,
      saturatedFraction: 0)
    others = [
      "best\(name)": sign * generation.bestFitness,
      "without\(name)": Double(generation.withoutFitness),
    ]
    others["evaluation\(name)"] = generation.evaluationFitness.map { sign * $0 }
    others["density"] = generation.density
    probabilityCounts = generation.probabilityCounts
  }
}
