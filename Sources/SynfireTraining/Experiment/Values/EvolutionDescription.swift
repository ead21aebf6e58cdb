import SynfireLearning
import SynfireTasks

/// How a network is evolved, as an experiment file says it (`evolving-connectivity.md` 3). The population are the
/// trials of a batch, a generation is a batch.
public struct EvolutionDescription: Sendable, Equatable {
  /// What changes from member to member.
  public enum Variation: Sendable, Equatable {
    /// Which connections there are, with probabilities that are learned.
    case connectivity(exploration: Double, sparsityDecay: Double)
    /// All weights, by normal noise of this deviation that half of the members have with the other sign.
    case weights(deviation: Double)

    /// Whether it is the variation of connections.
    var isOfBits: Bool { if case .connectivity = self { true } else { false } }
  }

  public let variation: Variation
  /// Members of the population that have the network learned so far, and are not learned from.
  public let evaluationMembers: Int
  public let shaping: RankShaping
  /// What observations are normalised by; nil leaves them as they are.
  public let normalizer: ObservationNormalizer.Source?
  public let episodes: EpisodePlan
}

extension EvolutionDescription {
  init(
    _ kind: LearningDescription.Rule.Kind, from mapping: ConfigurationMapping,
    task: TaskDescription
  ) throws {
    guard case .control(let control) = task else {
      throw mapping.rejected(
        "rule", "evolution learns by what members get in an environment",
        remedy: "write task: {kind: control, environment: CartPole-v1}, or learn by bptt")
    }
    if kind == .denseEvolution {
      variation = .weights(
        deviation: try mapping.value("deviation", default: "0.3") { try $0.number(.positive) })
    } else {
      variation = .connectivity(
        exploration: try mapping.value("exploration", default: "0.1 %") { scalar in
          let fraction = try scalar.fraction()
          guard fraction < 0.5 else {
            throw scalar.rejected("probabilities cannot stay that far from 0 and 1 both")
          }
          return fraction
        },
        sparsityDecay: try mapping.value("sparsityDecay", default: "0") {
          try $0.number(.nonNegative)
        })
    }
    evaluationMembers = try mapping.value("evaluationMembers", default: "128") {
      try $0.integer(in: 0...1_000_000)
    }
    shaping = try mapping.value("ties", default: "stable") { try $0.choice() }
    normalizer = try mapping.value("normalizer", default: "visited") {
      $0.text == "none" ? nil : try $0.choice()
    }
    episodes = EpisodePlan(
      ending: try mapping.value("episodes", default: "first") { try $0.choice() },
      startsAnew: try mapping.value("freshStarts", default: "false") { try $0.boolean() },
      stepLimits: try mapping.values("stepLimits", default: "[]") {
        try $0.integer(in: 1...control.stepLimit)
      },
      limitDuration: try mapping.value("limitDuration", default: "100") {
        try $0.integer(in: 1...1_000_000)
      })
  }
}
