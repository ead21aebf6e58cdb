import SynfireCore
import SynfireLearning
import SynfireNetworks
import SynfireTasks

/// A network that acts in an environment and is evolved, as the training loop takes it: a batch is a generation.
struct ControlEvolution<Rule: EvolutionRule>: EvolvedRule
where Rule.Network.Individual: Controller {
  var rule: Rule
  let task: ControlTask
  private let plan: EpisodePlan
  let load: @Sendable (NamedTensors<Double>, Rule.Network.Individual) throws -> Void
  let pool: WorkerPool

  /// - Parameter load: gives an individual the parameters that have been learned.
  init(
    _ rule: Rule, task: ControlTask, plan: EpisodePlan, threads: Int,
    load: @escaping @Sendable (NamedTensors<Double>, Rule.Network.Individual) throws -> Void
  ) {
    self.rule = rule
    self.task = task
    self.plan = plan
    self.load = load
    pool = WorkerPool(threads: threads)
  }

  var updates = 0

  // MARK: Learning

  mutating func step(_ batch: TrialBatch) throws -> StepMetrics {
    let outcome =
      switch plan.ending {
      case .first: try firstEpisodes().outcome
      case .everyMember: try allEpisodes()
      }
    let generation = try rule.update(outcome, on: pool)
    updates += 1
    var metrics = StepMetrics(generation, of: "Return", sign: 1)
    metrics.others["meanReturn"] = generation.meanFitness
    return metrics
  }

  /// Steps after which an episode of a member is cut off.
  private func stepLimit(of member: Member<Rule.Network.Individual>) -> Int {
    let limit = member.isEvaluation ? nil : plan.stepLimit(inGeneration: member.generation)
    return min(limit ?? .max, task.stepLimit)
  }

  private var isLast: Bool { rule.normalizer?.source == .last }

  private var world: @Sendable () throws -> Rollout {
    let task = task
    return { Rollout(try task.environment.make(), stepLimit: task.stepLimit) }
  }

  /// The first episode of every member, and the steps of the longest.
  ///
  /// - Parameter states: what members that go on are left in.
  private func firstEpisodes(
    keeping states: MemberStates? = nil
  ) throws -> (outcome: PopulationOutcome, longest: Int) {
    let (plan, isLast, longest) = (plan, isLast, Largest())
    let outcome = try rule.evaluate(on: pool, world: world) { world, member in
      world.stepLimit = stepLimit(of: member)
      world.begin(member.randomness("episodes", everyGeneration: plan.startsAnew))
      while !world.step({ member.act($0, into: $1) }) {}
      if isLast { member.observe(world.seen) }
      longest.take(world.episode.steps)
      states?.save(world, member.individual, of: member.index)
      return world.episode.total
    }
    return (outcome, longest.value)
  }

  /// Goes on until every member has completed an episode.
  private func allEpisodes() throws -> PopulationOutcome {
    let states = MemberStates(
      members: rule.population.size, world: try world(), individual: rule.network.makeIndividual())
    let (first, longest) = try firstEpisodes(keeping: states)
    let (plan, isLast) = (plan, isLast)
    var all = try rule.evaluate(on: pool, world: world) { world, member in
      world.stepLimit = stepLimit(of: member)
      states.restore(world, member.individual, of: member.index)
      var (sum, completed, steps) = (world.episode.total, 1, world.episode.steps)
      var hasEnded = true
      while steps < longest {
        if hasEnded {
          world.begin(member.randomness("episodes", everyGeneration: plan.startsAnew))
        }
        hasEnded = world.step { member.act($0, into: $1) }
        steps += 1
        if hasEnded {
          sum += world.episode.total
          completed += 1
        }
      }
      if isLast { member.observe(world.seen) }
      return sum / Double(completed)
    }
    if !isLast {
      var observed = first.observed
      observed.add(all.observed)
      all.observed = observed
    }
    return all
  }
}
