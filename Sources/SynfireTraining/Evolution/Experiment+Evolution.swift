import SynfireCore
import SynfireLearning
import SynfireNetworks
import SynfireTasks

extension Experiment {
  /// The network that acts, with its normaliser; nil for one of another form.
  func makeControlNetwork() throws -> ControlNetwork? {
    guard let control = network.control, case .evolution(let evolution) = learning.rule else {
      return nil
    }
    return ControlNetwork(
      network: try control.network(of: task).evolvable,
      normalized: evolution.normalizer == nil ? nil : task.inputChannels)
  }

  /// The rule that evolves it, at its first generation.
  ///
  /// - Parameter task: the task made; an environment is made anew without.
  func makeRule(
    _ control: ControlDescription, _ evolution: EvolutionDescription, task: (any TrialTask)?,
    parameters: NamedTensors<Float>?, threads: Int
  ) throws -> any LearningRule {
    let population = try SynfireLearning.Population(
      size: evolution.population ?? training.trialsPerBatch,
      evaluationMembers: evolution.evaluationMembers)
    let normalizer = evolution.normalizer.map {
      ObservationNormalizer(observations: self.task.inputChannels, source: $0)
    }
    func judged<Rule: EvolutionRule>(
      _ rule: Rule,
      load: @escaping @Sendable (NamedTensors<Double>, Rule.Network.Individual) throws -> Void
    ) throws -> any LearningRule where Rule.Network.Individual: Controller {
      guard case .control = self.task else {
        return TrialEvolution(rule, presentation: presentation(control), threads: threads)
      }
      guard let task = try (task ?? makeTask(dataDirectory: nil)) as? ControlTask else {
        throw TrainingError("the task is no environment", place: "task.kind")
      }
      return ControlEvolution(
        rule, task: task, plan: evolution.episodes, threads: threads, load: load)
    }
    func evolved<Network: RealNetwork>(
      _ network: Network, deviation: Double
    ) throws -> any LearningRule where Network.Individual: Controller {
      try judged(
        DenseEvolution(
          network, population: population, noise: deviation, optimizer: learning.optimizer,
          shaping: evolution.shaping, normalizer: normalizer, seed: seed)
      ) { try network.load($0, into: $1) }
    }
    var rule: any LearningRule
    switch (evolution.variation, try control.network(of: self.task)) {
    case (.connectivity(let exploration, let sparsityDecay), .bernoulli(let network)):
      rule = try judged(
        EvolvingConnectivity(
          network, population: population, optimizer: learning.optimizer,
          exploration: exploration, sparsityDecay: sparsityDecay, shaping: evolution.shaping,
          normalizer: normalizer, seed: seed)
      ) { try network.load($0, into: $1) }
    case (.weights(let deviation), .weighted(let network)):
      rule = try evolved(network, deviation: deviation)
    case (.weights(let deviation), .tanh(let network)):
      rule = try evolved(network, deviation: deviation)
    case (.weights(let deviation), .gru(let network)):
      rule = try evolved(network, deviation: deviation)
    default: throw TrainingError("this rule does not evolve this network", place: "learning.rule")
    }
    if let parameters {
      try makeControlNetwork()?.validate(parameters)
      rule.parameters = parameters
    }
    return rule
  }

  /// How the trials of a task are shown to it.
  private func presentation(_ control: ControlDescription) -> TrialPresentation {
    TrialPresentation(
      binSteps: control.binSteps,
      answer: task.windowSteps.map { .windows(steps: $0) }
        ?? (task.isClassification ? .trials : .everyStep),
      loss: learning.loss, timeStep: timeStep)
  }
}

/// A network of one of the kinds that act.
enum ActingNetwork {
  case bernoulli(BernoulliNetwork)
  case weighted(DenseSpikingNetwork)
  case tanh(TanhNetwork)
  case gru(GRUNetwork)

  var evolvable: any EvolvableNetwork {
    switch self {
    case .bernoulli(let network): network
    case .weighted(let network): network
    case .tanh(let network): network
    case .gru(let network): network
    }
  }
}

extension ControlDescription {
  /// The network for a task: actions in an environment are clipped, answers to trials are not.
  func network(of task: TaskDescription) throws -> ActingNetwork {
    let (inputs, outputs) = (task.inputChannels, task.outputs)
    let range: ClosedRange<Float>? = if case .control = task { -1...1 } else { nil }
    switch kind {
    case .bernoulli:
      return .bernoulli(
        try BernoulliNetwork(
          observations: inputs, neurons: neurons, actions: outputs,
          excitatoryFraction: excitatoryFraction, expectedDensity: expectedDensity, neuron: neuron,
          actionRange: range))
    case .weighted:
      return .weighted(
        try DenseSpikingNetwork(
          observations: inputs, neurons: neurons, actions: outputs, neuron: neuron,
          actionRange: range))
    case .tanh:
      return .tanh(
        try TanhNetwork(
          observations: inputs, neurons: neurons, actions: outputs, actionRange: range))
    case .gru:
      return .gru(
        try GRUNetwork(
          observations: inputs, neurons: neurons, actions: outputs, actionRange: range))
    }
  }
}
