import SynfireCore
import SynfireNetworks

/// A rate network that the wanted output drives: its activity is what a spiking network is taught
/// (DePasquale et al. 2018, 2023).
///
/// The network is a `FeedbackNetwork` of rate units, whose encoders bring in the wanted output f in place of
/// its own. Trials follow each other without a gap.
public struct TargetGenerator: Sendable {
  /// What is recorded.
  public enum Quantity: String, Sendable, CaseIterable {
    /// The outputs before each step, r_{n-1} (DePasquale et al. 2023, reaching).
    case activity
    /// The current of the recurrent synapses and the wanted output, without that of the inputs (full-FORCE).
    case currents
  }

  public let network: FeedbackNetwork
  public let quantity: Quantity
  /// All that the past can still do to the future, see `FeedbackStepper`.
  public var state: NamedTensors<Double>
  private let parameters: NamedTensors<Double>

  /// - Parameter initialDeviation: of the normal numbers that the units' states start with.
  /// - Throws: `LearningError` for a network of spiking neurons, `NetworkError` for parameters that do not
  ///   fit.
  public init(
    network: FeedbackNetwork, parameters: NamedTensors<Double>, quantity: Quantity,
    initialDeviation: Double = 0, seed: UInt64 = 0
  ) throws {
    let stepper = try FeedbackStepper(network, parameters)
    guard !stepper.isSpiking, network.traces.isEmpty, network.outputs == 0 else {
      throw LearningError(
        "a network of rate units without traces and outputs makes targets",
        place: "target generator")
    }
    self.network = network
    self.parameters = parameters
    self.quantity = quantity
    state = stepper.state
    var stream = RandomStream(seed: seed, stream: "initial rates")
    state.update("neurons") { tensor in
      for unit in 0..<network.neurons { tensor.values[unit] += initialDeviation * stream.normal() }
    }
  }

  /// Runs the trials of a batch, whose targets [time, trial, output] are f.
  ///
  /// - Parameter body: called with step, trial and what is recorded of each unit.
  /// - Throws: `LearningError` when the batch does not fit.
  public mutating func run(
    _ batch: TrialBatch, _ body: (Int, Int, UnsafePointer<Double>) throws -> Void
  ) throws {
    let presentation = try Presentation(batch, network)
    let stepper = try FeedbackStepper(network, parameters)
    stepper.state = state
    for trial in 0..<batch.trials {
      for time in 0..<presentation.steps(ofTrial: trial) {
        presentation.take(time, trial: trial)
        if quantity == .activity { try body(time, trial, stepper.traces.pointer) }
        stepper.step(
          inputs: presentation.input.pointer, factors: presentation.target.pointer)
        if quantity == .currents { try body(time, trial, stepper.meanDrive.pointer) }
      }
    }
    state = stepper.state
  }

  /// The batch with targets [time, trial, factor, then output]: the coordinates of what is recorded along
  /// components [unit, factor], and f.
  public mutating func teach(
    _ batch: TrialBatch, components: Tensor<Double>
  ) throws -> TrialBatch {
    let (units, factors) = (components.shape[0], components.shape[1])
    guard units == network.neurons else {
      throw LearningError(
        "components of \(units) units for \(network.neurons)", place: "target generator")
    }
    let outputs = network.factors
    var targets = Tensor<Float>(
      axes: ["time", "trial", "output"], shape: [batch.steps, batch.trials, factors + outputs])
    try run(batch) { time, trial, recorded in
      let start = (time * batch.trials + trial) * (factors + outputs)
      var sums = [Double](repeating: 0, count: factors)
      for unit in 0..<units {
        for factor in 0..<factors {
          sums[factor] += components.values[unit * factors + factor] * recorded[unit]
        }
      }
      for factor in 0..<factors { targets.values[start + factor] = Float(sums[factor]) }
    }
    if case .values(let wanted) = batch.targets {
      for row in 0..<batch.steps * batch.trials {
        for output in 0..<outputs {
          targets.values[row * (factors + outputs) + factors + output] =
            wanted.values[row * outputs + output]
        }
      }
    }
    return TrialBatch(
      inputs: batch.inputs, targets: .values(targets), conditions: batch.conditions,
      lengths: batch.lengths)
  }
}
