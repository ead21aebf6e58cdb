import SynfireLearning
import SynfireNetworks

/// The learning rule, the loss and the optimizer of an experiment.
public struct LearningDescription: Sendable, Equatable {
  /// What parameters are changed by.
  public enum Rule: Sendable, Equatable {
    /// Back-propagation through time.
    case backpropagation
    /// e-prop; what adaptive feedback and its readout lose at each update, as a fraction.
    case eligibility(feedback: EligibilityPropagation.Feedback, decay: Double)
    case leastSquares(RecursiveLeastSquares.Constants)
    case constrainedLeastSquares(ConstrainedLeastSquares)
    case evolution(EvolutionDescription)

    /// The `rule` of the file.
    public enum Kind: String, Sendable, CaseIterable {
      case bptt, eProp, recursiveLeastSquares, constrainedLeastSquares
      case evolvingConnectivity, denseEvolution

      /// The networks that it teaches.
      var form: NetworkDescription.Form {
        switch self {
        case .recursiveLeastSquares, .constrainedLeastSquares: .feedback
        case .bptt, .eProp: .layers
        case .evolvingConnectivity, .denseEvolution: .control
        }
      }
    }

  }

  public let rule: Rule
  public let loss: Loss
  /// With its schedule; recursive least squares has no use for it.
  public let optimizer: Optimizer
  /// Largest L2 norm of the gradient of all parameters together; nil does not clip.
  public let clipGlobalNorm: Double?
  public let regularizers: [Regularizer]
  /// How sparse connections are moved; nil leaves them where they are.
  public let rewiring: RewiringDescription?
}

/// DEEP R over all sparse connections under one bound.
public struct RewiringDescription: Sendable, Equatable {
  /// The `kind` of the file.
  enum Kind: String, CaseIterable {
    case deepR
  }

  /// Times the learning rate, what each weight loses at an update.
  public let l1: Double
  public let temperature: Double
}

extension LearningDescription {
  /// - Parameter form: of the network that is to be taught.
  init(
    from mapping: ConfigurationMapping, task: TaskDescription, form: NetworkDescription.Form,
    timeStep: Double
  ) throws {
    rule = try Rule(from: mapping, task: task, form: form)
    switch (form, task) {
    case (.feedback, _), (.control, .control): loss = .meanSquaredError
    default: loss = try mapping.loss(of: task)
    }
    if form == .feedback {
      optimizer = Optimizer(.gradientDescent(momentum: 0), learningRate: 1)
    } else {
      var optimizer = try mapping.nested(
        "optimizer", default: form == .control ? rule.usualOptimizer : nil
      ) { try Optimizer(from: $0) }
      optimizer.schedule = try mapping.nested("schedule", default: "{kind: constant}") {
        try Schedule(from: $0)
      }
      self.optimizer = optimizer
    }
    guard form == .layers else {
      clipGlobalNorm = nil
      regularizers = []
      rewiring = nil
      return
    }
    clipGlobalNorm = try mapping.optional("clipGlobalNorm") { try $0.number(.positive) }
    regularizers = try mapping.list("regularizers", default: "[]") {
      try Regularizer(from: $0, timeStep: timeStep)
    }
    rewiring = try mapping.optionalNested("rewiring") { try RewiringDescription(from: $0) }
  }

  /// Checks rule and rewiring against the network that they are for.
  ///
  /// - Throws: `ExperimentError` at the line of what cannot be done.
  func check(
    _ mapping: ConfigurationMapping, control: ControlDescription?, network: () throws -> Network
  ) throws {
    if case .evolution(let evolution) = rule, let control {
      guard evolution.variation.isOfBits == (control.kind == .bernoulli) else {
        throw mapping.rejected(
          "rule",
          evolution.variation.isOfBits
            ? "only synapses of one bit have probabilities to evolve"
            : "synapses of one bit have no weights to evolve",
          remedy: evolution.variation.isOfBits
            ? "write network: {kind: bernoulli}, or dense-evolution"
            : "write evolving-connectivity, or another kind of network")
      }
    }
    func explaining(_ key: String, _ body: (Network) throws -> Void) throws {
      let network = try network()
      do { try body(network) } catch let error as LearningError {
        throw mapping.rejected(key, error.what, remedy: error.remedy)
      }
    }
    if case .eligibility = rule {
      try explaining("rule") { try EligibilityPropagation.model(of: $0) }
    }
    if rewiring != nil {
      try explaining("rewiring") { _ = try DeepRewiring(of: $0, seed: 0) }
    }
  }
}

extension LearningDescription.Rule {
  /// That of the published code where there is one.
  fileprivate var usualOptimizer: String {
    if case .evolution(let evolution) = self, !evolution.variation.isOfBits {
      return "{kind: adamw, learningRate: 0.15, weightDecay: 0.1}"
    }
    return "{kind: adam, learningRate: 0.15}"
  }

  fileprivate init(
    from mapping: ConfigurationMapping, task: TaskDescription, form: NetworkDescription.Form
  ) throws {
    let kind: Kind = try mapping.value("rule") { try $0.choice() }
    guard kind.form == form else { throw kind.rejected(mapping, form: form) }
    switch kind {
    case .bptt: self = .backpropagation
    case .evolvingConnectivity, .denseEvolution:
      self = .evolution(try EvolutionDescription(kind, from: mapping, task: task))
    case .eProp:
      let feedback: EligibilityPropagation.Feedback =
        try mapping.value("feedback", default: "symmetric") { try $0.choice() }
      self = .eligibility(
        feedback: feedback,
        decay: feedback == .adaptive
          ? try mapping.value("feedbackDecay", default: "1 %") { try $0.fraction() } : 0)
    case .recursiveLeastSquares:
      self = .leastSquares(try RecursiveLeastSquares.Constants(from: mapping))
    case .constrainedLeastSquares:
      self = .constrainedLeastSquares(try ConstrainedLeastSquares(from: mapping))
    }
  }
}

extension LearningDescription.Rule.Kind {
  /// An error of a rule that does not teach such networks.
  fileprivate func rejected(
    _ mapping: ConfigurationMapping, form: NetworkDescription.Form
  ) -> ExperimentError {
    switch (form, self) {
    case (.feedback, _):
      mapping.rejected(
        "rule", "a network with feedback learns by recursive or constrained least squares",
        remedy: "write recursive-least-squares")
    case (.control, _):
      mapping.rejected(
        "rule", "a network that acts is evolved",
        remedy: "write evolving-connectivity for kind: bernoulli, dense-evolution for the others")
    case (.layers, .evolvingConnectivity), (.layers, .denseEvolution):
      mapping.rejected(
        "rule", "evolution is for a network that acts",
        remedy: "write network: {kind: bernoulli, neurons: 256}, or learn by bptt")
    case (.layers, _):
      mapping.rejected(
        "rule",
        (self == .constrainedLeastSquares ? "constrained" : "recursive")
          + " least squares is for a network with feedback",
        remedy: "write network: {kind: feedback, ...}, or learn by bptt")
    }
  }
}

extension ConfigurationMapping {
  /// A loss that suits the task.
  fileprivate func loss(of task: TaskDescription) throws -> Loss {
    try value("loss") { scalar in
      let loss: Loss = try scalar.choice()
      guard loss.wantsClasses == task.isClassification else {
        let fitting = Loss.allCases.filter { $0.wantsClasses == task.isClassification }
        throw scalar.rejected(
          "\(scalar.text) does not suit the task, whose targets are "
            + (task.isClassification ? "classes" : "values at every step"),
          remedy: "use " + fitting.map(\.rawValue.hyphenated).joined(separator: " or "))
      }
      return loss
    }
  }
}

extension RecursiveLeastSquares.Constants {
  fileprivate init(from mapping: ConfigurationMapping) throws {
    self.init()
    settling = try mapping.value("settlingTrials", default: "50") {
      try $0.integer(in: 0...1_000_000)
    }
    averaging = try mapping.value("averagingTrials", default: "300") {
      try $0.integer(in: 0...1_000_000)
    }
    warmUpSteps = try mapping.optional("warmUpSteps") { try $0.integer(in: 0...1_000_000) }
    updateProbability = try mapping.value("updateProbability", default: "50 %") { scalar in
      let fraction = try scalar.fraction()
      guard fraction > 0 else {
        throw scalar.rejected("with a probability of 0 nothing is learned")
      }
      return fraction
    }
    initialValue = try mapping.value("initialValue", default: "1") { try $0.number(.positive) }
    forgetting = try mapping.value("forgetting", default: "1") { scalar in
      let factor = try scalar.number(.positive)
      guard factor <= 1 else {
        throw scalar.rejected("\(scalar.text) is above 1", remedy: "1 forgets nothing")
      }
      return factor
    }
    blockSize = try mapping.value("blockSize", default: "32") { try $0.integer(in: 1...1024) }
  }
}

extension RewiringDescription {
  fileprivate init(from mapping: ConfigurationMapping) throws {
    let _: Kind = try mapping.value("kind") { try $0.choice() }
    l1 = try mapping.value("l1", default: "0.01") { try $0.number(.nonNegative) }
    temperature = try mapping.value("temperature", default: "0") { try $0.number(.nonNegative) }
  }
}

extension Optimizer {
  /// The `kind` of the file.
  private enum Kind: String, CaseIterable {
    case adam, adamw, sgd
  }

  fileprivate init(from mapping: ConfigurationMapping) throws {
    let kind: Kind = try mapping.value("kind") { try $0.choice() }
    let learningRate = try mapping.value("learningRate") { try $0.number(.positive) }
    if kind == .sgd {
      let momentum = try mapping.value("momentum", default: "0") { try $0.number(.belowOne) }
      self.init(.gradientDescent(momentum: momentum), learningRate: learningRate)
      return
    }
    let beta1 = try mapping.value("beta1", default: "0.9") { try $0.number(.belowOne) }
    let beta2 = try mapping.value("beta2", default: "0.999") { try $0.number(.belowOne) }
    let epsilon = try mapping.value("epsilon", default: "1e-8") { try $0.number(.positive) }
    let convention: EpsilonConvention = try mapping.value(
      "epsilonConvention", default: "corrected"
    ) { try $0.choice() }
    if kind == .adam {
      self.init(
        .adam(beta1: beta1, beta2: beta2, epsilon: epsilon, convention: convention),
        learningRate: learningRate)
    } else {
      let decay = try mapping.value("weightDecay") { try $0.number(.nonNegative) }
      self.init(
        .adamW(
          beta1: beta1, beta2: beta2, epsilon: epsilon, convention: convention,
          weightDecay: decay), learningRate: learningRate)
    }
  }
}

extension Schedule {
  /// The `kind` of the file.
  private enum Kind: String, CaseIterable {
    case constant, step, exponential, cosine
  }

  fileprivate init(from mapping: ConfigurationMapping) throws {
    let kind: Kind = try mapping.value("kind") { try $0.choice() }
    let warmUp = try mapping.value("warmUpUpdates", default: "0") { try $0.integer(0...) }
    switch kind {
    case .constant: self.init(.constant, warmUp: warmUp)
    case .step, .exponential:
      let factor = try mapping.value("factor") { try $0.number(.positive) }
      let interval = try mapping.value("every") { try $0.integer(1...) }
      self.init(
        kind == .step
          ? .step(factor: factor, interval: interval)
          : .exponential(factor: factor, interval: interval), warmUp: warmUp)
    case .cosine:
      let length = try mapping.value("updates") { try $0.integer(1...) }
      let floor = try mapping.value("finalFraction", default: "0") { try $0.fraction() }
      self.init(.cosine(length: length, floor: floor), warmUp: warmUp)
    }
  }
}

extension Regularizer {
  /// The `kind` of the file.
  private enum Kind: String, CaseIterable {
    case squaredWeights, firingRate
  }

  fileprivate init(from mapping: ConfigurationMapping, timeStep: Double) throws {
    let kind: Kind = try mapping.value("kind") { try $0.choice() }
    let strength = try mapping.value("strength") { try $0.number(.nonNegative) }
    switch kind {
    case .squaredWeights:
      let names = try mapping.values("parameters", default: "[]") { try $0.string() }
      self = .squaredWeights(strength: strength, names: names)
    case .firingRate:
      let target = try mapping.value("target") { try $0.spikesPerStep(timeStep: timeStep) }
      self = .firingRate(strength: strength, target: target)
    }
  }
}

extension ConfigurationScalar {
  /// A firing rate, as the mean number of spikes in a time step.
  func spikesPerStep(timeStep: Double) throws -> Double {
    let rate = try frequency(.nonNegative)
    guard rate * timeStep <= 1 else {
      throw rejected(
        "\(text) is more than one spike every time step of \(timeStep.inMilliseconds)")
    }
    return rate * timeStep
  }
}
