import SynfireLearning
import SynfireTasks

/// How a network is evolved, as an experiment file says it (`evolving-connectivity.md` 3). A generation is an update.
/// In an environment the trials of a batch are the population; otherwise every member is shown all of them.
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
  /// Members of a generation; nil for as many as a batch has trials.
  public let population: Int?
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
    guard case .control = task else {
      population = try mapping.value("population") { try $0.integer(in: 2...1_000_000) }
      // Where all are shown the same trials from rest, those with the same network do the same.
      evaluationMembers = try mapping.value("evaluationMembers", default: "1") {
        try $0.integer(in: 0...1_000_000)
      }
      shaping = try mapping.value("ties", default: "stable") { try $0.choice() }
      normalizer = try mapping.value("normalizer", default: "none") { scalar in
        guard scalar.text != "last" else {
          throw scalar.rejected(
            "all members are shown the same, so that there are no last observations",
            remedy: "use visited or none")
        }
        return scalar.text == "none" ? nil : try scalar.choice()
      }
      episodes = EpisodePlan()
      return
    }
    population = nil
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
        try $0.integer(in: 1...1_000_000)
      },
      limitDuration: try mapping.value("limitDuration", default: "100") {
        try $0.integer(in: 1...1_000_000)
      })
  }
}
