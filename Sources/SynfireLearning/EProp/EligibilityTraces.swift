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
///
/// The memory of one trial; sixteen postsynaptic neurons are worked on at a time.
package final class EligibilityTraces<Scalar: TensorScalar> {
  fileprivate typealias Vector = SIMD16<Scalar>

  let presynaptic: Int
  let postsynaptic: Int
  /// Vectors of a row of postsynaptic neurons.
  private let width: Int
  /// Vectors of one value of all synapses.
  private let count: Int
  private let potential: UnsafeMutablePointer<Vector>
  private let adaptation: UnsafeMutablePointer<Vector>
  private let eligibility: UnsafeMutablePointer<Vector>
  private let filtered: UnsafeMutablePointer<Vector>
  /// Sum of ebar since the last learning signal, for signals that come at the end of windows.
  private let pending: UnsafeMutablePointer<Vector>?
  private let gradients: UnsafeMutablePointer<Vector>
  private let totals: UnsafeMutablePointer<Vector>
  /// alpha, rho, and what current and spike are scaled by.
  private let membraneDecay: [Vector]
  private let adaptationDecay: [Vector]
  private let gain: [Vector]
  private let jump: [Vector]
  private let usesNew: Bool

  /// - Parameter sums: whether a learning signal is for all steps since the last one.
  init(
    presynaptic: Int, postsynaptic: Int, _ constants: EligibilityConstants<Scalar>, sums: Bool
  ) {
    self.presynaptic = presynaptic
    self.postsynaptic = postsynaptic
    width = paddedToLanes(postsynaptic) / 16
    count = presynaptic * width
    let count = count
    func zeros() -> UnsafeMutablePointer<Vector> {
      let memory = UnsafeMutablePointer<Vector>.allocate(capacity: max(1, count))
      memory.initialize(repeating: .zero, count: count)
      return memory
    }
    potential = zeros()
    adaptation = zeros()
    eligibility = zeros()
    filtered = zeros()
    pending = sums ? zeros() : nil
    gradients = zeros()
    totals = zeros()
    membraneDecay = constants.membraneDecay.vectors
    adaptationDecay = constants.adaptationDecay.vectors
    gain = constants.gain.vectors
    jump = constants.jump.vectors
    usesNew = constants.convention.spikesFromNewPotential
  }

  /// Bytes of the traces of a trial.
  static func byteCount(presynaptic: Int, postsynaptic: Int, sums: Bool) -> Int {
    (sums ? 7 : 6) * presynaptic * paddedToLanes(postsynaptic) * MemoryLayout<Scalar>.stride
  }

  deinit {
    for memory in [potential, adaptation, eligibility, filtered, pending, gradients, totals] {
      memory?.deallocate()
    }
  }

  /// Sum over steps of L ebar, [presynaptic][postsynaptic].
  package var gradient: [Scalar] { numbers(gradients) }
  /// Sum over steps of e, for terms that do not depend on the step, [presynaptic][postsynaptic].
  package var total: [Scalar] { numbers(totals) }

  /// One step: `slopes` are dz/du over the scale of u, and `thresholdSlopes` that times beta and times
  /// the derivative of u by the threshold.
  func step(
    _ inputs: [Scalar], slopes: [Scalar], thresholdSlopes: [Scalar], readoutDecay: Scalar,
    readoutGain: Scalar
  ) {
    let (slopes, thresholdSlopes) = (slopes.vectors, thresholdSlopes.vectors)
    let (decay, response) = (Vector(repeating: readoutDecay), Vector(repeating: readoutGain))
    for column in 0..<width {
      let (alpha, rho) = (membraneDecay[column], adaptationDecay[column])
      let (gain, jump) = (gain[column], jump[column])
      let (slope, thresholdSlope) = (slopes[column], thresholdSlopes[column])
      for pre in 0..<presynaptic {
        let index = pre * width + column
        let before = potential[index]
        let after = (gain * inputs[pre]).addingProduct(alpha, before)
        let risen =
          (jump * eligibility[index]).addingProduct(rho, adaptation[index])
        let eligible = slope * (usesNew ? after : before) - thresholdSlope * risen
        let seen = (response * eligible).addingProduct(decay, filtered[index])
        potential[index] = after
        adaptation[index] = risen
        eligibility[index] = eligible
        filtered[index] = seen
        totals[index] += eligible
        if let pending { pending[index] += seen }
      }
    }
  }

  /// gradient += the learning signal [postsynaptic] times the filtered eligibility.
  func learn(_ signal: [Scalar]) {
    let signal = signal.vectors
    let eligible = pending ?? filtered
    for index in 0..<count {
      gradients[index].addProduct(signal[index % width], eligible[index])
    }
  }

  /// Begins a window.
  func forget() { pending?.update(repeating: .zero, count: count) }

  private func numbers(_ buffer: UnsafeMutablePointer<Vector>) -> [Scalar] {
    (0..<presynaptic * postsynaptic).map { index in
      let (pre, post) = index.quotientAndRemainder(dividingBy: postsynaptic)
      return buffer[pre * width + post / 16][post % 16]
    }
  }
}

extension Array where Element: TensorScalar {
  /// The numbers sixteen at a time, the last ones filled up with zeros.
  fileprivate var vectors: [SIMD16<Element>] {
    stride(from: 0, to: count, by: 16).map { start in
      var vector = SIMD16<Element>.zero
      for lane in 0..<Swift.min(16, count - start) { vector[lane] = self[start + lane] }
      return vector
    }
  }
}
