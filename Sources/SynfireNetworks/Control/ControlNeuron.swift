import SynfireCore

/// The neurons of networks that act in closed loop, and the scales of what connects them: many short steps
/// for each step of the environment, the input being constant meanwhile (Wang et al. 2023, 2.2 and 2.3).
///
/// One sub-step of dt, sigma being the signed spikes of the one before:
///
///     i <- a_s i + R_h (sigma W_h)                    a_s = exp(-dt / tau_syn)
///     v <- a_m v + (1 - a_m) (i + i_in)               a_m = exp(-dt / tau_mem)
///     spike where v > threshold (strict), and v <- 0 there
///     sigma <- + spike (excitatory), - spike (inhibitory)
///     r <- a_o r + (1 - a_o) sigma / dt               a_o = exp(-dt / tau_out), spikes per millisecond
///
/// The authors' code calls it "ExpLIF": it is a leaky integrate-and-fire neuron with an exponential synapse,
/// without an exponential term, a refractory period or a delay beyond one sub-step.
public struct ControlNeuron: Sendable, Equatable {
  /// dt, in seconds.
  public var timeStep: Double
  /// The time that the network has for one step of the environment, in seconds.
  public var stepDuration: Double
  /// tau_syn, in seconds.
  public var synapticTimeConstant: Double
  /// tau_mem, in seconds.
  public var membraneTimeConstant: Double
  /// tau_out of the rates that are read out, in seconds.
  public var outputTimeConstant: Double
  public var threshold: Double
  /// K_in, K_h and K_out.
  public var inputGain: Double
  public var recurrentGain: Double
  public var outputGain: Double

  /// The constants of the authors' code and supplement for all their tasks.
  public init(
    timeStep: Double = 0.0005, stepDuration: Double = 0.0166, synapticTimeConstant: Double = 0.005,
    membraneTimeConstant: Double = 0.01, outputTimeConstant: Double = 0.01, threshold: Double = 1,
    inputGain: Double = 0.1, recurrentGain: Double = 1, outputGain: Double = 5
  ) {
    self.timeStep = timeStep
    self.stepDuration = stepDuration
    self.synapticTimeConstant = synapticTimeConstant
    self.membraneTimeConstant = membraneTimeConstant
    self.outputTimeConstant = outputTimeConstant
    self.threshold = threshold
    self.inputGain = inputGain
    self.recurrentGain = recurrentGain
    self.outputGain = outputGain
  }

  /// How many sub-steps a step of the environment has: 33 unless said otherwise.
  public var subSteps: Int { Int((stepDuration / timeStep).rounded()) }

  /// R_in = K_in threshold tau_mem sqrt(2 / (s D)), tau_mem in milliseconds, s the expected density.
  ///
  /// It has D and not 2 D for mirrored inputs too: of each pair at density 0.5, half cancels.
  public func inputScale(observations: Int, density: Double) -> Double {
    inputGain * threshold * membraneTimeConstant * 1000
      * (2 / (density * Double(max(1, observations)))).squareRoot()
  }

  /// R_h = K_h threshold (tau_mem / tau_syn) sqrt(2 / (s N)).
  public func recurrentScale(neurons: Int, density: Double) -> Double {
    recurrentGain * threshold * membraneTimeConstant / synapticTimeConstant
      * (2 / (density * Double(neurons))).squareRoot()
  }

  /// R_out = K_out sqrt(1 / (s N)).
  public func outputScale(neurons: Int, density: Double) -> Double {
    outputGain * (1 / (density * Double(neurons))).squareRoot()
  }

  /// - Throws: `NetworkError` for constants that make no sense.
  func validate(place: String) throws {
    try TimeConstants.validate(
      timeStep: timeStep,
      [
        ("stepDuration", stepDuration), ("synapticTimeConstant", synapticTimeConstant),
        ("membraneTimeConstant", membraneTimeConstant), ("outputTimeConstant", outputTimeConstant),
      ], place: place)
    guard stepDuration / timeStep < 1e6 else {
      throw NetworkError(
        "a step of \(stepDuration) s has more than a million sub-steps of \(timeStep) s",
        place: place, remedy: "Use a longer time step.")
    }
    guard threshold > 0, threshold.isFinite else {
      throw NetworkError("the threshold \(threshold) is not above 0", place: place)
    }
    for (name, gain) in [
      ("inputGain", inputGain), ("recurrentGain", recurrentGain), ("outputGain", outputGain),
    ] where !gain.isFinite {
      throw NetworkError("\(name) of \(gain) is not a number", place: place)
    }
  }
}

/// The sub-step of `ControlNeuron`, on one `Double` or on sixteen `Float`s.
struct ControlNeuronKernel<Number: Lanes>: Sendable {
  let synapticDecay: Number
  let membraneDecay: Number
  let membraneGain: Number
  let outputDecay: Number
  let threshold: Number

  init(_ neuron: ControlNeuron) {
    func number(_ value: Double) -> Number { Number(repeating: Number.Scalar(value)) }
    let decay = exp(-neuron.timeStep / neuron.membraneTimeConstant)
    synapticDecay = number(exp(-neuron.timeStep / neuron.synapticTimeConstant))
    membraneDecay = number(decay)
    membraneGain = number(1 - decay)
    outputDecay = number(exp(-neuron.timeStep / neuron.outputTimeConstant))
    threshold = number(neuron.threshold)
  }

  /// What a spike adds to a rate, in spikes per millisecond: (1 - a_o) / dt.
  static func rateIncrement(_ neuron: ControlNeuron) -> Double {
    (1 - exp(-neuron.timeStep / neuron.outputTimeConstant)) / (neuron.timeStep * 1000)
  }

  /// - Parameters:
  ///   - drive: R_h (sigma W_h).
  ///   - input: i_in.
  @inline(__always)
  func step(
    current: inout Number, potential: inout Number, drive: Number, input: Number
  ) -> Number.Mask {
    current = drive.addingProduct(synapticDecay, current)
    potential = (membraneGain * (current + input)).addingProduct(membraneDecay, potential)
    let spikes = potential.isGreater(than: threshold)
    potential = potential.replacing(with: .zero, where: spikes)
    return spikes
  }

  /// The rate after a sub-step.
  ///
  /// - Parameter increment: what a spike adds to the rate, with the sign of the neuron.
  @inline(__always)
  func rate(_ rate: Number, spikes: Number.Mask, increment: Number) -> Number {
    increment.kept(where: spikes).addingProduct(outputDecay, rate)
  }
}
