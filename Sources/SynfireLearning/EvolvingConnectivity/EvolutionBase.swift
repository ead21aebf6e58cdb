import SynfireCore
import SynfireNetworks

/// What the rules that learn from ranks have in common: parameters, an optimizer and its state.
struct EvolutionBase: Sendable {
  let specifications: [ParameterSpecification]
  let optimizer: Optimizer
  var parameters: NamedTensors<Double>
  var moments: NamedTensors<Double>
  var generation = 0

  init(_ network: some EvolvableNetwork, seed: UInt64, optimizer: Optimizer) {
    specifications = network.parameterSpecifications
    self.optimizer = optimizer
    parameters = network.initialParameters(seed: seed).converted()
    moments = optimizer.initialState(parameters)
  }

  /// Goes along a descent gradient.
  mutating func apply(_ gradient: NamedTensors<Double>) {
    optimizer.apply(
      gradient, scale: 1, update: generation, trainable: parameters.names, to: &parameters,
      &moments)
  }

  /// `NAME` of the parameters, moments as the optimizer names them, `generation`, and the normaliser's.
  func state(_ normalizer: ObservationNormalizer?) -> NamedTensors<Double> {
    let count = Tensor<Double>(axes: ["value"], shape: [1], values: [Double(generation)])
    return NamedTensors(
      parameters.pairs.map { ($0.name, $0.tensor) } + moments.pairs.map { ($0.name, $0.tensor) }
        + [("generation", count)]
        + (normalizer?.state.pairs.map { ($0.name, $0.tensor) } ?? []))
  }

  mutating func restore(
    _ state: NamedTensors<Double>, _ normalizer: inout ObservationNormalizer?
  ) throws {
    func taken(_ own: NamedTensors<Double>) throws -> NamedTensors<Double> {
      NamedTensors(
        try own.pairs.map { name, tensor in
          guard let found = state[name], found.shape == tensor.shape, found.firstNonFinite == nil
          else {
            throw LearningError(
              "the state has no finite tensor \(name) of shape \(tensor.shape)",
              place: "evolution",
              remedy: "Resume with the network and the optimizer that the state is from.")
          }
          return (name, found)
        })
    }
    let (parameters, moments) = (try taken(parameters), try taken(moments))
    guard let count = state["generation"]?.values.first, let generation = Int(exactly: count),
      generation >= 0
    else {
      throw LearningError("the state has no number of generations", place: "evolution")
    }
    try normalizer?.restore(state)
    (self.parameters, self.moments, self.generation) = (parameters, moments, generation)
  }

  /// What a generation was like, before it counts.
  func metrics(
    fitness: [Double], population: Population, gradient: NamedTensors<Double>
  ) -> GenerationMetrics {
    let training = fitness[..<population.trainingMembers].filter { !$0.isNaN }
    let evaluation = fitness[population.trainingMembers...].filter { !$0.isNaN }
    func mean(_ values: some Collection<Double>) -> Double {
      values.reduce(0, +) / Double(values.count)
    }
    let squares = gradient.pairs.reduce(0.0) { sum, pair in
      pair.tensor.values.reduce(sum) { $0 + $1 * $1 }
    }
    return GenerationMetrics(
      generation: generation, meanFitness: mean(training), bestFitness: training.max() ?? .nan,
      evaluationFitness: evaluation.isEmpty ? nil : mean(evaluation),
      withoutFitness: fitness.count { $0.isNaN }, density: nil,
      gradientNorm: squares.squareRoot(),
      learningRate: optimizer.learningRate(update: generation))
  }

  static func require(_ fitness: [Double], of population: Population) throws {
    guard fitness.count == population.size else {
      throw LearningError(
        "there is a fitness for \(fitness.count) members of \(population.size)",
        place: "evolution", remedy: "Give one number for every member, NaN where there is none.")
    }
  }
}
