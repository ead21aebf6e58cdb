import SynfireCore
import SynfireLearning
import SynfireNetworks
import SynfireTasks

/// A rule whose network can be watched in an episode.
protocol ActingRule: LearningRule {
  /// Runs an episode of the network that has been learned so far, the one that `evaluate` runs by this number.
  ///
  /// - Parameter observer: called at the beginning and after every step.
  func watch(
    episode: Int, observer: (_ rollout: Rollout, _ network: any Controller) throws -> Void
  ) throws
}

extension ControlEvolution: ActingRule {
  /// The network that has been learned so far, in the episodes of a batch: see `ControlTask`.
  func evaluate(_ batch: TrialBatch) throws -> Evaluation {
    guard let episodes = batch.conditions["episode"] else {
      throw LearningError(
        "the batch does not say which episodes", place: "\(task.name)",
        remedy: "Use the batches of a ControlTask.")
    }
    let columns = ControlTask.Column.allCases.count
    let result = AlignedBuffer<Double>(count: episodes.count * columns)
    // Each shard makes a world of its own.
    let shards = min(episodes.count, 16)
    try pool.run(shards: shards) { shard in
      let player = try Player(self)
      for index in shard * episodes.count / shards..<(shard + 1) * episodes.count / shards {
        player.begin(episode: episodes[index])
        while !player.step() {}
        let episode = player.rollout.episode
        let row = result.pointer + index * columns
        row[ControlTask.Column.total.rawValue] = episode.total
        row[ControlTask.Column.steps.rawValue] = Double(episode.steps)
        row[ControlTask.Column.distance.rawValue] = episode.distance ?? .nan
      }
    }
    let readout = Tensor<Float>(
      axes: ["trial", "column"], shape: [episodes.count, columns],
      values: (0..<result.count).map { Float(result.pointer[$0]) })
    let mean = task.metrics(readout: readout, of: batch)["meanReturn"] ?? .nan
    return Evaluation(loss: -mean, readout: readout, firingRate: .nan)
  }

  func watch(
    episode: Int, observer: (_ rollout: Rollout, _ network: any Controller) throws -> Void
  ) throws {
    let player = try Player(self)
    player.begin(episode: episode)
    try observer(player.rollout, player.individual)
    var hasEnded = false
    while !hasEnded {
      hasEnded = player.step()
      try observer(player.rollout, player.individual)
    }
  }

  /// The network that has been learned so far, with a world of its own.
  private final class Player {
    let rollout: Rollout
    let individual: Rule.Network.Individual
    private let actor: Actor<Rule.Network.Individual>
    private let rule: Rule

    init(_ evolution: ControlEvolution) throws {
      rule = evolution.rule
      rollout = Rollout(
        try evolution.task.environment.make(), stepLimit: evolution.task.stepLimit)
      individual = rule.network.makeIndividual()
      try evolution.load(rule.parameters, individual)
      actor = Actor(individual, rule.normalizer)
    }

    func begin(episode: Int) {
      func stream(_ name: String) -> RandomStream {
        RandomStream(seed: rule.seed, stream: name, trial: UInt64(episode))
      }
      var randomness = stream("evaluation: initial state")
      rule.network.reset(individual, &randomness)
      rollout.begin(stream("evaluation: episode"))
    }

    /// Acts for one step, and says whether the episode has ended.
    func step() -> Bool { rollout.step { actor.act($0, into: $1) } }
  }
}
