import Foundation
import SynfireCore
import SynfireLearning
import SynfireNetworks
import SynfireTasks

extension Experiment {
  /// The task, its data found and checked.
  ///
  /// - Parameters:
  ///   - dataDirectory: where data sets are; generated tasks need none.
  ///   - workers: threads that may share the making of trials.
  /// - Throws: `TasksError` when data are missing or broken.
  public func makeTask(dataDirectory: String?, workers: WorkerPool? = nil) throws -> any TrialTask {
    let base = try makeBaseTask(dataDirectory: dataDirectory, workers: workers)
    guard let teacher else { return base }
    return try taught(
      base, by: teacher, dataDirectory: dataDirectory,
      threads: ProcessInfo.processInfo.activeProcessorCount)
  }

  /// The task without factors of a teacher.
  private func makeBaseTask(dataDirectory: String?, workers: WorkerPool?) throws -> any TrialTask {
    switch task {
    case .images(let images):
      return try MNISTTask(
        directory: dataDirectory, dataSet: images.dataSet.rawValue, steps: images.steps,
        validationCount: images.validationImages, encoding: images.encoding,
        pooling: images.pooling, workers: workers)
    case .contextIntegration(let context):
      return try ContextIntegrationTask(
        steps: context.steps, stimulus: context.stimulus, response: context.response,
        offset: context.offset, noise: context.noiseDeviation, workers: workers)
    case .contextSwitch(let context, let switching):
      return try ContextSwitchTask(
        steps: context.steps, stimulus: context.stimulus, response: context.response,
        offset: context.offset, noise: context.noiseDeviation,
        switchProbability: switching.probability, switchedSteps: switching.steps,
        workers: workers)
    case .sequentialImages(let images):
      return try SequentialMNISTTask(
        directory: dataDirectory, stepsPerPixel: images.stepsPerPixel, encoding: images.encoding,
        validationCount: images.validationImages, workers: workers)
    case .storeRecall(let recall):
      return try StoreRecallTask(
        slots: recall.slots, stepsPerSlot: recall.stepsPerSlot,
        commandProbability: recall.commandProbability, flipProbability: recall.flipProbability,
        neuronsPerPopulation: recall.neuronsPerPopulation,
        spikeProbability: recall.spikeProbability, workers: workers)
    case .cycling: return try CyclingTask(directory: dataDirectory)
    case .oscillation(let oscillation):
      return try OscillationTask(
        oscillation.waveform, steps: oscillation.steps, timeStep: timeStep)
    case .reaching: return try ReachingTask(directory: dataDirectory)
    case .noiseIntegration(let integration):
      return try NoiseIntegrationTask(
        stepsPerSlot: integration.stepsPerSlot, silentSlots: integration.silentSlots,
        hasConstantInputs: integration.hasConstantInputs)
    case .reachingOrCycling: return try ReachingOrCyclingTask(directory: dataDirectory)
    case .readySetGo: return try ReadySetGoTask(timeStep: timeStep)
    case .custom(let custom): return try custom.task(dataDirectory: dataDirectory)
    case .control(let control):
      return try ControlTask(
        EnvironmentCatalogue.standard.environment(control.space.name),
        stepLimit: control.stepLimit)
    }
  }

  /// The network of layers.
  ///
  /// - Throws: `TrainingError` for a network that is no stack of layers.
  public func makeNetwork() throws -> Network {
    guard network.form == .layers else {
      throw TrainingError(
        "this is for networks of layers, and \(name) has one \(network.form.text)",
        place: "network.kind",
        remedy: "train, evaluate, describe, analyze, report or export it")
    }
    return try network.network(of: task, timeStep: timeStep, seed: seed)
  }

  /// The network with feedback; nil for one of layers.
  ///
  /// - Parameter task: the task made, whose teacher spreads its factors over the neurons; where there is a
  ///   teacher and no task is given, encoders and input weights are 0.
  /// - Throws: `TrainingError` for a number of components that is not known yet.
  public func makeFeedbackNetwork(for task: (any TrialTask)? = nil) throws -> FeedbackNetwork? {
    if case .holding(let fraction) = teacher?.components, task != nil {
      throw TrainingError(
        "how many components hold \(100 * fraction) % is not known", place: "teacher.components",
        remedy: "use what `settled` returns", isUserMistake: false)
    }
    return try network.feedback?.network(
      of: self.task, timeStep: timeStep, seed: seed,
      mixing: (task as? TaughtTask).map { taught in
        { try $0.mixing(of: taught, seed: seed) }
      })
  }

  /// The network, of whatever form.
  public func makeAnyNetwork() throws -> any ParameterizedNetwork {
    if let network = try makeFeedbackNetwork() { return network }
    if let network = try makeControlNetwork() { return network }
    return try makeNetwork()
  }

  /// The learning rule, at its first update.
  ///
  /// - Parameters:
  ///   - task: the task made, which a rule that a teacher makes factors for needs to draw parameters.
  ///   - parameters: initial ones, unless given.
  ///   - threads: worker threads; results do not depend on their number.
  /// - Throws: `NetworkError` listing the parameters that do not fit.
  public func makeRule(
    for task: (any TrialTask)? = nil, parameters: NamedTensors<Float>? = nil, threads: Int
  ) throws -> any LearningRule {
    if let feedback = network.feedback, let network = try makeFeedbackNetwork(for: task) {
      return try makeRule(
        feedback, network, parameters: parameters ?? network.initialParameters(seed: seed),
        threads: threads)
    }
    if case .evolution(let evolution) = learning.rule, let control = network.control {
      return try makeRule(
        control, evolution, task: task, parameters: parameters, threads: threads)
    }
    let network = try makeNetwork()
    let memory = training.memory == nil ? nil : try requireMemory(threads: threads)
    let parameters = parameters ?? network.initialParameters(seed: seed)
    let rewiring = try learning.rewiring.map {
      try DeepRewiring(of: network, l1: $0.l1, temperature: $0.temperature, seed: seed)
    }
    switch learning.rule {
    case .backpropagation:
      return try BackpropagationThroughTime(
        network: network, parameters: parameters, loss: learning.loss,
        regularizers: learning.regularizers, optimizer: learning.optimizer,
        clipNorm: learning.clipGlobalNorm, rewiring: rewiring, threads: threads,
        sweepMemory: memory?.sweepMemory)
    case .eligibility(let feedback, let decay):
      return try EligibilityPropagation(
        network: network, parameters: parameters, loss: learning.loss,
        regularizers: learning.regularizers, optimizer: learning.optimizer,
        clipNorm: learning.clipGlobalNorm, feedback: feedback, feedbackDecay: decay, seed: seed,
        rewiring: rewiring, threads: threads)
    case .leastSquares, .constrainedLeastSquares, .evolution:
      throw TrainingError("this rule is not for a network of layers", place: "learning.rule")
    }
  }

  /// The learning rule of a network with feedback.
  private func makeRule(
    _ description: FeedbackDescription, _ network: FeedbackNetwork,
    parameters: NamedTensors<Float>, threads: Int
  ) throws -> any LearningRule {
    let method: RowwiseLeastSquares.Method
    switch learning.rule {
    case .leastSquares(let constants) where network.recurrence == nil:
      return try RecursiveLeastSquares(
        network: network, parameters: parameters, constants: constants,
        initialPotentialDeviation: description.initialDeviation, seed: seed, threads: threads)
    case .leastSquares(let constants): method = .recursive(constants)
    case .constrainedLeastSquares(let constants): method = .constrained(constants)
    case .backpropagation, .eligibility, .evolution:
      throw TrainingError(
        "a network with feedback learns by least squares", place: "learning.rule")
    }
    return try RowwiseLeastSquares(
      network: network, parameters: parameters, method: method,
      initialPotentialDeviation: description.initialDeviation, seed: seed, threads: threads)
  }

  /// How training fits in the memory that the experiment allows, or that there is.
  ///
  /// - Throws: `TrainingError` if it does not fit.
  @discardableResult
  func requireMemory(threads: Int) throws -> MemoryPlan {
    let plan =
      try makeFeedbackNetwork().map { MemoryPlan(self, network: $0) }
      ?? makeControlNetwork().map { MemoryPlan(self, network: $0, threads: threads) }
      ?? MemoryPlan(self, network: try makeNetwork(), threads: threads)
    try plan.requireFit()
    return plan
  }
}

extension ContextTaskDescription {
  var stimulus: Range<Int> { stimulusStart..<stimulusEnd }
  var response: Range<Int> { stimulusEnd..<steps }
}
