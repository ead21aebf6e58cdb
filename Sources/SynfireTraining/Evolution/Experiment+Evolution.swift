import SynfireCore
import SynfireLearning
import SynfireNetworks
import SynfireTasks

extension Experiment {
  /// The network that acts in an environment, with its normaliser; nil for one of another form.
  func makeControlNetwork() throws -> ControlNetwork? {
    guard let control = network.control, case .evolution(let evolution) = learning.rule else {
      return nil
    }
    return ControlNetwork(
      network: try control.network(of: task).evolvable,
      normalized: evolution.normalizer == nil ? nil : task.inputChannels)
  }

  /// The rule that evolves it, at its first generation.
  func makeRule(
    _ control: ControlDescription, _ evolution: EvolutionDescription, task: any TrialTask,
    parameters: NamedTensors<Float>?, threads: Int
  ) throws -> any LearningRule {
    guard let task = task as? ControlTask else {
      throw TrainingError("\(task.name) is no environment", place: "task.kind")
    }
    let population = try SynfireLearning.Population(
      size: training.trialsPerBatch, evaluationMembers: evolution.evaluationMembers)
    let normalizer = evolution.normalizer.map {
      ObservationNormalizer(observations: task.inputChannels, source: $0)
    }
    func evolved<Network: RealNetwork>(
      _ network: Network, deviation: Double
    ) throws -> any LearningRule where Network.Individual: Controller {
      ControlEvolution(
        try DenseEvolution(
          network, population: population, noise: deviation, optimizer: learning.optimizer,
          shaping: evolution.shaping, normalizer: normalizer, seed: seed), task: task,
        plan: evolution.episodes, threads: threads
      ) { try network.load($0, into: $1) }
    }
    var rule: any LearningRule
    switch (evolution.variation, try control.network(of: self.task)) {
    case (.connectivity(let exploration, let sparsityDecay), .bernoulli(let network)):
      rule = ControlEvolution(
        try EvolvingConnectivity(
          network, population: population, optimizer: learning.optimizer,
          exploration: exploration, sparsityDecay: sparsityDecay, shaping: evolution.shaping,
          normalizer: normalizer, seed: seed), task: task, plan: evolution.episodes,
        threads: threads
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
  /// The network that sees and acts in the environment of a task.
  func network(of task: TaskDescription) throws -> ActingNetwork {
    let (inputs, outputs) = (task.inputChannels, task.outputs)
    switch kind {
    case .bernoulli:
      return .bernoulli(
        try BernoulliNetwork(
          observations: inputs, neurons: neurons, actions: outputs,
          excitatoryFraction: excitatoryFraction, expectedDensity: expectedDensity, neuron: neuron))
    case .weighted:
      return .weighted(
        try DenseSpikingNetwork(
          observations: inputs, neurons: neurons, actions: outputs, neuron: neuron))
    case .tanh:
      return .tanh(try TanhNetwork(observations: inputs, neurons: neurons, actions: outputs))
    case .gru:
      return .gru(try GRUNetwork(observations: inputs, neurons: neurons, actions: outputs))
    }
  }
}
