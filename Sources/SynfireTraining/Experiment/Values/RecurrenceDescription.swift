import SynfireLearning
import SynfireNetworks

/// Trained synapses of a network with feedback that are not of the rank of its factors.
public struct RecurrenceDescription: Sendable, Equatable {
  /// The `kind` of the file.
  enum Kind: String, CaseIterable {
    case sparse
  }

  /// That a neuron is connected to another.
  public let probability: Double
  /// Of all neurons; nil without Dale's law.
  public let excitatoryFraction: Double?
  /// Inputs of each neuron.
  public let inputs: Int
}

extension RecurrenceDescription {
  init(
    from mapping: ConfigurationMapping, neurons: Int, traces: Int, budget: MemoryBudget
  ) throws {
    let _: Kind = try mapping.value("kind", default: "sparse") { try $0.choice() }
    var inputs = 0
    probability = try mapping.value("probability") { scalar in
      let probability = try scalar.fraction()
      inputs = SparseRecurrence.inputs(of: neurons, probability: probability)
      guard inputs > 0 else {
        throw scalar.rejected(
          "with a probability of \(scalar.text), none of \(neurons) neurons has an input",
          remedy: "use a probability of \(1 / Double(neurons)) or more")
      }
      return probability
    }
    self.inputs = inputs
    excitatoryFraction = try mapping.optional("excitatoryFraction") { try $0.fraction() }
    // Of recursive least squares a matrix a neuron; of the constrained kind one for all.
    let (all, own) = (Double(neurons * traces), Double(inputs * traces))
    try budget.claim(
      excitatoryFraction == nil ? Double(neurons) * own * own : all * all,
      for: "the correlations of \(Int(own)) traces of the inputs of each of \(neurons) neurons",
      of: mapping, "probability")
  }

  func recurrence(neurons: Int, seed: UInt64) throws -> SparseRecurrence {
    try SparseRecurrence.drawn(
      neurons: neurons, probability: probability, excitatory: excitatoryFraction, seed: seed)
  }
}

extension LearningDescription {
  /// Checks the rule against the trained synapses of a network with feedback.
  ///
  /// - Throws: `ExperimentError` at the line of what cannot be done.
  func check(_ mapping: ConfigurationMapping, recurrence: RecurrenceDescription?) throws {
    switch rule {
    case .constrainedLeastSquares where recurrence == nil:
      throw mapping.rejected(
        "rule", "constrained least squares trains the synapses of a sparse recurrence",
        remedy: "write network.recurrence: {kind: sparse, probability: 10 %}")
    case .leastSquares where recurrence?.excitatoryFraction != nil:
      throw mapping.rejected(
        "rule", "recursive least squares does not keep Dale's law",
        remedy: "write constrained-least-squares, or leave out "
          + "network.recurrence.excitatoryFraction")
    default: return
    }
  }
}

extension ConstrainedLeastSquares {
  init(from mapping: ConfigurationMapping) throws {
    self.init()
    func trials(_ key: String, _ value: Int, from least: Int) throws -> Int {
      try mapping.value(key, default: "\(value)") { try $0.integer(in: least...1_000_000) }
    }
    func noise(_ key: String, _ value: Double) throws -> Double {
      try mapping.value(key, default: "\(value)") { try $0.number(.nonNegative) }
    }
    func factor(_ key: String, _ value: Double) throws -> Double {
      try mapping.value(key, default: "\(value)") { scalar in
        let factor = try scalar.number(.positive)
        guard factor <= 1 else { throw scalar.rejected("\(scalar.text) is above 1") }
        return factor
      }
    }
    settling = try trials("settlingTrials", settling, from: 0)
    averaging = try trials("averagingTrials", averaging, from: 0)
    warmUpSteps = try mapping.optional("warmUpSteps") { try $0.integer(in: 0...1_000_000) }
    ridge = try mapping.value("ridge", default: "\(ridge)") { try $0.number(.positive) }
    forgetting = try factor("forgetting", forgetting)
    limits.tolerance = try mapping.value("tolerance", default: "\(limits.tolerance)") {
      try $0.number(.positive)
    }
    limits.sweeps = try trials("sweeps", limits.sweeps, from: 1)
    blendedTrials = try trials("blendedTrials", blendedTrials, from: 0)
    teacherDecay = try factor("teacherDecay", teacherDecay)
    trialsPerLongerRun = try trials("trialsPerLongerRun", trialsPerLongerRun, from: 1)
    longestRun = try trials("longestRun", longestRun, from: 1)
    factorNoise = try noise("factorNoise", factorNoise)
    neuronNoise = try noise("neuronNoise", neuronNoise)
    commonNoise = try noise("commonNoise", commonNoise)
  }
}
