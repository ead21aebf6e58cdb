import SynfireTasks

/// An oscillation without input (`rate-to-spike.md` 4.1).
public struct OscillationTaskDescription: Sendable, Equatable {
  public let waveform: OscillationTask.Waveform
  public let steps: Int
}

/// Integration of noise in a context (`rate-to-spike.md` 4.4).
public struct NoiseIntegrationTaskDescription: Sendable, Equatable {
  public let stepsPerSlot: Int
  /// Slots at the beginning in which both streams are 0.
  public let silentSlots: Int
  /// Whether there is an input that is always 1, and one that is 1 at the first step.
  public let hasConstantInputs: Bool

  static let slotDuration = 0.01
  var channels: Int { hasConstantInputs ? 6 : 4 }
  var steps: Int { NoiseIntegrationTask.slots * stepsPerSlot }
}

extension OscillationTaskDescription {
  init(from mapping: ConfigurationMapping, timeStep: Double) throws {
    waveform = try mapping.value("waveform") { try $0.choice() }
    let shortest = Int((0.05 / timeStep).rounded()) + 1
    steps = try mapping.value("duration", default: "2000 ms") {
      try $0.wholeSteps(timeStep: timeStep, in: shortest...1_000_000).steps
    }
  }
}

extension NoiseIntegrationTaskDescription {
  init(from mapping: ConfigurationMapping, timeStep: Double) throws {
    let ratio = Self.slotDuration / timeStep
    stepsPerSlot = Int(ratio.rounded())
    guard stepsPerSlot > 0, abs(ratio - ratio.rounded()) < 1e-9 else {
      throw mapping.rejected(
        "kind", "a slot of 10 ms is no whole number of steps", remedy: "set timeStep: 1 ms")
    }
    silentSlots = try mapping.value("silentSlots", default: "6") {
      try $0.integer(in: 0...NoiseIntegrationTask.slots - 1)
    }
    hasConstantInputs = try mapping.value("constantInputs", default: "false") { try $0.boolean() }
  }
}

extension TaskDescription {
  /// Outputs that are factors of a population, before those that are what the population does.
  public var factors: Int {
    switch self {
    case .cycling, .reachingOrCycling: CyclingTask.factors
    case .custom(let task): task.sizes.factors
    default: 0
    }
  }

  /// The inputs and the outputs, the first ones behind the factors, that a teacher has to do with; none of a
  /// task of classes.
  var taught: (inputs: Int, outputs: Int) {
    switch self {
    case .reachingOrCycling: (ReachingTask.channels, ReachingTask.outputs)
    case .control: (0, 0)
    default: isClassification || hasSpikes ? (0, 0) : (inputChannels, outputs - factors)
    }
  }

  /// The tasks whose recordings, or delays, are in milliseconds.
  static func requireMilliseconds(_ mapping: ConfigurationMapping, timeStep: Double) throws {
    guard abs(timeStep - 0.001) < 1e-12 else {
      throw mapping.rejected(
        "kind", "the recordings of this task have steps of 1 ms", remedy: "set timeStep: 1 ms")
    }
  }
}
