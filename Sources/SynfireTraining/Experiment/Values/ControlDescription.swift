import SynfireNetworks
import SynfireTasks

/// A world to act in (`evolving-connectivity.md` 4).
public struct ControlTaskDescription: Sendable, Equatable {
  public let space: EnvironmentSpace
  /// Steps after which an episode is cut off, at most those of the environment.
  public let stepLimit: Int
}

/// A network that acts, in closed loop with an environment or shown the trials of a task, as an experiment file says it (`evolving-connectivity.md` 2).
public struct ControlDescription: Sendable, Equatable {
  /// The `kind` of the file.
  public enum Kind: String, Sendable, CaseIterable {
    /// Spiking neurons with synapses of one bit.
    case bernoulli
    /// Spiking neurons with weights.
    case weighted
    /// Rate units with weights.
    case tanh
    /// Gated recurrent units with weights.
    case gru

    var isSpiking: Bool { self == .bernoulli || self == .weighted }
  }

  public let kind: Kind
  public let neurons: Int
  /// The part of the neurons whose spikes count as +1, the others counting as -1.
  public let excitatoryFraction: Double
  /// The part of the connections that scales expect to be there.
  public let expectedDensity: Double
  public let neuron: ControlNeuron
  /// Steps of a task of trials that are one step of the network.
  public let binSteps: Int
}

extension ControlTaskDescription {
  init(from mapping: ConfigurationMapping) throws {
    space = try mapping.value("environment") { scalar in
      do { return try EnvironmentCatalogue.standard.environment(scalar.text).space } catch let error
        as TasksError
      {
        throw scalar.rejected(error.what, remedy: error.remedy)
      }
    }
    let most = space.stepLimit
    stepLimit = try mapping.value("stepLimit", default: "\(most)") { try $0.integer(in: 1...most) }
  }
}

extension ControlDescription {
  init(
    _ kind: Kind, from mapping: ConfigurationMapping, task: TaskDescription, timeStep: Double,
    budget: MemoryBudget
  ) throws {
    self.kind = kind
    let neurons = try mapping.value("neurons", default: "256") { try $0.integer(in: 1...32_768) }
    self.neurons = neurons
    let inputs = Double(2 * task.inputChannels + neurons + task.outputs)
    try budget.claim(inputs * Double(neurons), for: "\(neurons) neurons", of: mapping, "neurons")
    if case .control = task {
      binSteps = 1
    } else {
      binSteps = try mapping.value("binSteps", default: "1") { scalar in
        let steps = try scalar.integer(in: 1...task.steps)
        if let window = task.windowSteps, window % steps != 0 {
          throw scalar.rejected(
            "\(steps) steps do not divide the \(window) steps for which a class is asked",
            remedy: "use a divisor of \(window)")
        }
        return steps
      }
    }
    let isBernoulli = kind == .bernoulli
    excitatoryFraction =
      isBernoulli
      ? try mapping.value("excitatoryFraction", default: "50 %") { try $0.fraction() } : 1
    expectedDensity =
      isBernoulli
      ? try mapping.value("expectedDensity", default: "50 %") { scalar in
        let density = try scalar.fraction()
        guard density > 0 else { throw scalar.rejected("a density of 0 connects nothing") }
        return density
      } : 1
    guard kind.isSpiking else {
      neuron = ControlNeuron()
      return
    }
    func time(_ key: String, _ standard: String) throws -> Double {
      try mapping.value(key, default: standard) { scalar in
        let time = try scalar.time(.positive)
        guard time >= timeStep else {
          throw scalar.rejected(
            "\(scalar.text) is shorter than the time step of \(timeStep.inMilliseconds)",
            remedy: "lengthen it, or shorten timeStep")
        }
        return time
      }
    }
    func number(_ key: String, _ standard: String) throws -> Double {
      try mapping.value(key, default: standard) { try $0.number(.positive) }
    }
    neuron = ControlNeuron(
      timeStep: timeStep, stepDuration: try time("stepDuration", "16.6 ms"),
      synapticTimeConstant: try time("synapticTimeConstant", "5 ms"),
      membraneTimeConstant: try time("membraneTimeConstant", "10 ms"),
      outputTimeConstant: try time("outputTimeConstant", "10 ms"),
      threshold: try number("threshold", "1"), inputGain: try number("inputGain", "0.1"),
      recurrentGain: try number("recurrentGain", "1"),
      outputGain: try number("outputGain", "5"))
  }
}
