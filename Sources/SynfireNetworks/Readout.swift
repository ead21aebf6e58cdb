import SynfireCore

/// Linear outputs of the last layer's activity, y_t = W_out r_t, without bias.
public struct Readout: Sendable {
  /// What the loss sees.
  public enum Reduction: Sendable, Equatable {
    /// y_t at every step: [time, trial, output].
    case everyStep
    /// W_out applied to each neuron's maximum of r_t over time: [trial, output]. The gradient goes to
    /// the first time that attains it.
    case maximumOverTime
  }

  public let outputs: Int
  public let connection: Connection
  public let reduction: Reduction

  public init(outputs: Int, connection: Connection, reduction: Reduction) {
    self.outputs = outputs
    self.connection = connection
    self.reduction = reduction
  }

  func latency() throws -> Int {
    try connection.resolvedLatency(minimum: 0, place: "readout")
  }

  func makeSweep(
    neurons: Int, spiking: Bool, steps: Int, trials: Int, timeStep: Double
  ) throws -> any ReadoutSweep {
    let filter = try connection.filter.coefficients(timeStep: timeStep)?.fast
    let size = SweepSize(steps: steps, trials: trials, neurons: neurons)
    switch reduction {
    case .everyStep:
      return EveryStepReadout(
        size: size, outputs: outputs, filter: filter, latency: try latency())
    case .maximumOverTime:
      return MaximumReadout(
        size: size, outputs: outputs, filter: filter, latency: try latency(), spiking: spiking)
    }
  }
}
