import SynfireCore
import SynfireNetworks

/// The constants of a layer of `AdaptiveLIF` neurons for e-prop, neuron by neuron.
package struct EligibilityConstants<Scalar: TensorScalar>: Sendable {
  let convention: AdaptiveLIF.Convention
  let surrogate: Surrogate
  let refractorySteps: Int
  let threshold: [Scalar]
  /// beta, alpha, rho.
  let strength: [Scalar]
  let membraneDecay: [Scalar]
  let adaptationDecay: [Scalar]
  /// What the current and the last spike are scaled by.
  let gain: [Scalar]
  let jump: [Scalar]

  package init(_ model: AdaptiveLIF, _ parameters: [[Double]]) {
    convention = model.convention
    surrogate = model.surrogate
    refractorySteps = model.refractorySteps
    threshold = parameters[0].map { Scalar($0) }
    strength = parameters[1].map { Scalar($0) }
    membraneDecay = parameters[2].map { Scalar($0) }
    adaptationDecay = parameters[3].map { Scalar($0) }
    let scalesCurrent = model.convention.scalesCurrent
    let scalesAdaptation = model.convention.scalesAdaptation
    gain = parameters[2].map { Scalar(scalesCurrent ? 1 - $0 : 1) }
    jump = parameters[3].map { Scalar(scalesAdaptation ? 1 - $0 : 1) }
  }
}

/// The synapses from one presynaptic population: eligibility traces and what they add up to, each
/// [presynaptic][postsynaptic].
///
///     ev_t = alpha ev_{t-1} + x_t                  dv / dW
///     ea_t = rho ea_{t-1} + e_{t-1}                db / dW
///     e_t = psi_t (ev_t - beta ea_t)               dz / dW, of the forward paths within the neuron
///     ebar_t = kappa ebar_{t-1} + e_t              as the readout's filter sees it
///     gradient += L_t ebar_t                       L: the learning signal of the postsynaptic neuron
///
/// with x the presynaptic activity (Bellec et al. 2020, eqs. 22 to 25), and for other conventions with
/// their scales and with ev_{t-1} in e_t where spikes come of the previous potential.
package struct EligibilityTraces<Scalar: TensorScalar> {
  let presynaptic: Int
  let postsynaptic: Int
  private var potential: [Scalar]
  private var adaptation: [Scalar]
  private var eligibility: [Scalar]
  private var filtered: [Scalar]
  /// Sum over steps of L ebar.
  package private(set) var gradient: [Scalar]
  /// Sum over steps of e, for terms that do not depend on the step.
  package private(set) var total: [Scalar]

  init(presynaptic: Int, postsynaptic: Int) {
    self.presynaptic = presynaptic
    self.postsynaptic = postsynaptic
    let zeros = [Scalar](repeating: 0, count: presynaptic * postsynaptic)
    potential = zeros
    adaptation = zeros
    eligibility = zeros
    filtered = zeros
    gradient = zeros
    total = zeros
  }

  /// One step: `slopes` are dz/du over the scale of u, and `thresholdSlopes` that times beta and times
  /// the derivative of u by the threshold.
  mutating func step(
    _ inputs: [Scalar], _ constants: EligibilityConstants<Scalar>, slopes: [Scalar],
    thresholdSlopes: [Scalar], readoutDecay: Scalar, readoutGain: Scalar
  ) {
    let usesNew = constants.convention.spikesFromNewPotential
    for pre in 0..<presynaptic {
      let input = inputs[pre]
      let start = pre * postsynaptic
      for post in 0..<postsynaptic {
        let index = start + post
        let before = potential[index]
        let after = constants.membraneDecay[post] * before + constants.gain[post] * input
        let risen =
          constants.adaptationDecay[post] * adaptation[index]
          + constants.jump[post] * eligibility[index]
        let eligible = slopes[post] * (usesNew ? after : before) - thresholdSlopes[post] * risen
        potential[index] = after
        adaptation[index] = risen
        eligibility[index] = eligible
        filtered[index] = readoutDecay * filtered[index] + readoutGain * eligible
        total[index] += eligible
      }
    }
  }

  /// gradient += the learning signal [postsynaptic] times the filtered eligibility.
  mutating func learn(_ signal: [Scalar]) {
    for pre in 0..<presynaptic {
      let start = pre * postsynaptic
      for post in 0..<postsynaptic {
        gradient[start + post] += signal[post] * filtered[start + post]
      }
    }
  }
}
