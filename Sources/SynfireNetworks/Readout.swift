import SynfireCore

/// Linear outputs of the last layer's activity, y_t = W_out r_t, and a bias if wanted.
public struct Readout: Sendable {
  /// What the loss sees.
  public enum Reduction: Sendable, Equatable {
    /// y_t at every step: [time, trial, output].
    case everyStep
    /// W_out applied to each neuron's maximum of r_t over time: [trial, output]. The gradient goes to
    /// the first time that attains it.
    case maximumOverTime
    /// The mean of y_t over each of the windows of so many steps: [window, trial, output].
    case meanOverWindows(steps: Int)
  }

  public let outputs: Int
  public let connection: Connection
  public let reduction: Reduction
  /// How the bias [output] starts; nil for none.
  public let bias: Initialization?

  public init(
    outputs: Int, connection: Connection, reduction: Reduction, bias: Initialization? = nil
  ) {
    self.outputs = outputs
    self.connection = connection
    self.reduction = reduction
    self.bias = bias
  }

  /// The tensor of the bias, by its full name.
  var biasSpecification: ParameterSpecification? {
    bias.map {
      ParameterSpecification(
        name: "readout.bias", axes: ["output"], shape: [outputs], initialization: $0)
    }
  }

  /// Steps that are averaged over.
  package var window: Int {
    if case .meanOverWindows(let steps) = reduction { steps } else { 1 }
  }

  /// The shape of what the loss sees, and its axes.
  public func shape(steps: Int, trials: Int) -> (axes: [String], shape: [Int]) {
    switch reduction {
    case .everyStep: (["time", "trial", "output"], [steps, trials, outputs])
    case .maximumOverTime: (["trial", "output"], [trials, outputs])
    case .meanOverWindows(let window):
      (["window", "trial", "output"], [steps / window, trials, outputs])
    }
  }

  /// Steps or windows of the readout that a trial of so many steps has.
  public func rows(steps: Int) -> Int {
    switch reduction {
    case .everyStep: steps
    case .maximumOverTime: 1
    case .meanOverWindows(let window): steps / window
    }
  }

  /// - Throws: `NetworkError` when the steps are no whole number of windows.
  public func validate(steps: Int) throws {
    guard case .meanOverWindows(let window) = reduction else { return }
    guard window > 0, steps % window == 0, steps > 0 else {
      throw NetworkError(
        "\(steps) steps are not a whole number of windows of \(window)", place: "readout",
        remedy: "Change the length of the trials or of the windows.")
    }
  }

  /// Room for the gradient of the bias, if there is one.
  func makeBiasGradient() -> AlignedBuffer<Float>? {
    bias.map { _ in AlignedBuffer(count: outputs) }
  }

  package func latency() throws -> Int {
    try connection.resolvedLatency(minimum: 0, place: "readout")
  }

  /// Bytes of the memory of one worker.
  func sweepByteCount(neurons: Int, steps: Int, trials: Int) -> Int {
    // Outputs and their adjoints, or what is kept of the filtered activity of each neuron.
    let everyStep = 2 * steps * trials * paddedToLanes(outputs) * 4
    switch reduction {
    case .everyStep: return everyStep
    case .meanOverWindows(let window):
      return everyStep + everyStep / max(window, 1) + 12 * trials * paddedToLanes(neurons)
    case .maximumOverTime: return 8 * trials * paddedToLanes(neurons) * 4
    }
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
    case .meanOverWindows(let window):
      let everyStep = EveryStepReadout(
        size: size, outputs: outputs, filter: filter, latency: try latency())
      return WindowReadout(everyStep, window: window, size: size)
    case .maximumOverTime:
      return MaximumReadout(
        size: size, outputs: outputs, filter: filter, latency: try latency(), spiking: spiking)
    }
  }
}
