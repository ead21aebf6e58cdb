import SynfireCore
import SynfireLearning
import SynfireNetworks

/// A network that acts and is evolved on the trials of a task, as the training loop takes it: an update is a
/// generation, whose members all see the same trials, and the fitness of a member is minus its loss.
struct TrialEvolution<Rule: EvolutionRule>: EvolvedRule
where Rule.Network.Individual: Controller {
  var rule: Rule
  private let presentation: TrialPresentation
  private let pool: WorkerPool
  private let sizes: (channels: Int, outputs: Int)

  init(_ rule: Rule, presentation: TrialPresentation, threads: Int) {
    self.rule = rule
    self.presentation = presentation
    pool = WorkerPool(threads: threads)
    let individual = rule.network.makeIndividual()
    sizes = (individual.observations, individual.actions)
  }

  var updates = 0

  private func shown(_ batch: TrialBatch) throws -> ShownTrials {
    try presentation.shown(
      batch, normalizer: rule.normalizer, channels: sizes.channels, outputs: sizes.outputs)
  }

  mutating func step(_ batch: TrialBatch) throws -> StepMetrics {
    let trials = try shown(batch)
    let (blank, network, tally) = (trials.unanswered, rule.network, SharedTally())
    var outcome = try rule.evaluate(
      on: pool, world: { TrialPlace(network.makeIndividual(), answers: blank) }
    ) { place, member in
      place.answers.values.withUnsafeMutableBufferPointer { answers in
        answers.update(repeating: 0)
        var spikes = SpikeTally()
        trials.show(
          0..<trials.batch.trials, to: member.individual, place, answers: answers.baseAddress!
        ) { if member.isEvaluation { spikes.add(member.individual) } }
        tally.add(spikes)
      }
      return -(try trials.loss(place.answers))
    }
    // All members see the same.
    outcome.observed = trials.observed
    let generation = try rule.update(outcome, on: pool)
    updates += 1
    var metrics = StepMetrics(generation, of: "Loss", sign: -1)
    // Of the evaluation members, which have the network that is learned.
    metrics.firingRate = tally.value.firingRate(timeStep: presentation.timeStep)
    return metrics
  }

  /// The network that has been learned so far, without chance.
  func evaluate(_ batch: TrialBatch) throws -> Evaluation {
    let trials = try shown(batch)
    let (rule, count, tally) = (rule, batch.trials, SharedTally())
    var readout = trials.unanswered
    let shards = min(count, 16)
    try readout.values.withUnsafeMutableBufferPointer { values in
      let answers = SharedAnswers(pointer: values.baseAddress!)
      try pool.run(shards: shards) { shard in
        let individual = rule.network.makeIndividual()
        rule.loadLearned(into: individual)
        var spikes = SpikeTally()
        trials.show(
          shard * count / shards..<(shard + 1) * count / shards, to: individual,
          TrialPlace(individual, answers: Tensor(axes: ["none"], shape: [0])),
          answers: answers.pointer
        ) { spikes.add(individual) }
        tally.add(spikes)
      }
    }
    return Evaluation(
      loss: try trials.loss(readout), readout: readout,
      firingRate: tally.value.firingRate(timeStep: presentation.timeStep))
  }

  /// Every shard writes its own trials.
  private struct SharedAnswers: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<Float>
  }
}
