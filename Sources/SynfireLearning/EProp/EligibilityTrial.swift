import SynfireCore
import SynfireNetworks

/// One trial of e-prop, forward in time only; its memory does not depend on the number of steps.
package struct EligibilityTrial<Scalar: TensorScalar> {
  private let constants: EligibilityConstants<Scalar>
  /// [output, neuron], and the matrix that sends errors back, of the same shape.
  private let readoutWeights: [Scalar]
  private let feedback: [Scalar]
  private let bias: [Scalar]?
  private let readoutDecay: Scalar
  private let readoutGain: Scalar
  private let neurons: Int
  private let outputs: Int

  package private(set) var input: EligibleSynapses<Scalar>
  /// Each kind of recurrent synapses.
  package private(set) var recurrent: [EligibleSynapses<Scalar>]
  package private(set) var readoutGradient: [Scalar]
  package private(set) var biasGradient: [Scalar]
  /// Spikes of each neuron so far.
  package private(set) var counts: [Int]
  package private(set) var spikes: [Scalar]
  package private(set) var potentials: [Scalar]
  private var adaptations: [Scalar]
  private var refractory: [Int]
  private var filtered: [Scalar]
  /// Steps over which outputs are averaged, and what this window has so far: y, and sums of `filtered`.
  private let window: Int
  private var step = 0
  private var mean: [Scalar]
  private var collected: [Scalar]

  /// - Parameter readoutWeights: [output, neuron].
  package init(
    _ constants: EligibilityConstants<Scalar>, input: LeakySynapses<Scalar>,
    recurrent: [LeakySynapses<Scalar>], readoutWeights: Tensor<Scalar>, feedback: [Scalar],
    bias: [Scalar]?, readoutDecay: Scalar, readoutGain: Scalar, window: Int = 1
  ) {
    self.constants = constants
    self.readoutWeights = readoutWeights.values
    self.feedback = feedback
    self.bias = bias
    self.readoutDecay = readoutDecay
    self.readoutGain = readoutGain
    neurons = input.weights.shape[0]
    outputs = readoutWeights.shape[0]
    self.input = EligibleSynapses(input, constants, sums: window > 1)
    self.recurrent = recurrent.map { EligibleSynapses($0, constants, sums: window > 1) }
    let zeros = [Scalar](repeating: 0, count: neurons)
    readoutGradient = [Scalar](repeating: 0, count: outputs * neurons)
    biasGradient = [Scalar](repeating: 0, count: outputs)
    counts = [Int](repeating: 0, count: neurons)
    spikes = zeros
    potentials = zeros
    adaptations = zeros
    refractory = [Int](repeating: 0, count: neurons)
    filtered = zeros
    self.window = window
    mean = [Scalar](repeating: 0, count: outputs)
    collected = zeros
  }

  /// Advances by one step, and learns from it where it ends a window.
  ///
  /// - Parameter error: writes dE/dy of the outputs of the window, their means over its steps.
  /// - Returns: the outputs y of the window that has ended; nil within one.
  package mutating func step(
    _ inputs: [Scalar], error: (_ outputs: [Scalar], _ into: inout [Scalar]) -> Void
  ) -> [Scalar]? {
    input.see(inputs)
    let (slopes, thresholdSlopes) = advance()
    for synapses in [input] + recurrent {
      synapses.traces.step(
        synapses.seen, slopes: slopes, thresholdSlopes: thresholdSlopes,
        readoutDecay: readoutDecay, readoutGain: readoutGain)
    }
    // A spike acts on others one step later.
    for kind in recurrent.indices { recurrent[kind].see(spikes) }

    for neuron in 0..<neurons {
      filtered[neuron] = readoutDecay * filtered[neuron] + readoutGain * spikes[neuron]
      collected[neuron] += filtered[neuron]
      guard filtered[neuron] != 0 else { continue }
      for output in 0..<outputs {
        mean[output] += readoutWeights[output * neurons + neuron] * filtered[neuron]
      }
    }
    step += 1
    return step % window == 0 ? endOfWindow(error) : nil
  }

  private mutating func endOfWindow(
    _ error: (_ outputs: [Scalar], _ into: inout [Scalar]) -> Void
  ) -> [Scalar] {
    let share = 1 / Scalar(window)
    let y = mean.indices.map { share * mean[$0] + (bias?[$0] ?? 0) }
    var errors = [Scalar](repeating: 0, count: outputs)
    error(y, &errors)
    if errors.contains(where: { $0 != 0 }) {
      var signal = [Scalar](repeating: 0, count: neurons)
      for output in 0..<outputs {
        biasGradient[output] += errors[output]
        for neuron in 0..<neurons {
          signal[neuron] += share * feedback[output * neurons + neuron] * errors[output]
          readoutGradient[output * neurons + neuron] += share * errors[output] * collected[neuron]
        }
      }
      for synapses in [input] + recurrent { synapses.traces.learn(signal) }
    }
    for output in mean.indices { mean[output] = 0 }
    for neuron in collected.indices { collected[neuron] = 0 }
    for synapses in [input] + recurrent { synapses.traces.forget() }
    return y
  }

  /// The step of the neurons: dz/du over the scale of u, and the same for the adaptation.
  private mutating func advance() -> (slopes: [Scalar], thresholdSlopes: [Scalar]) {
    let convention = constants.convention
    var drive = [Scalar](repeating: 0, count: neurons)
    for synapses in [input] + recurrent { synapses.add(to: &drive) }
    var slopes = [Scalar](repeating: 0, count: neurons)
    var thresholdSlopes = slopes
    for neuron in 0..<neurons {
      let threshold = constants.threshold[neuron]
      adaptations[neuron] =
        constants.adaptationDecay[neuron] * adaptations[neuron]
        + constants.jump[neuron] * spikes[neuron]
      let adapted = threshold + constants.strength[neuron] * adaptations[neuron]
      let before = potentials[neuron]
      let amount = convention.resetsByBaseline ? threshold : adapted
      var potential =
        constants.membraneDecay[neuron] * before + constants.gain[neuron] * drive[neuron]
      if convention.resetLag == 1 { potential -= amount * spikes[neuron] }
      let deciding = convention.spikesFromNewPotential ? potential : before
      let scale = convention.scalesByBaseline ? threshold : adapted
      let distance = (deciding - adapted) / scale
      let isHeld = refractory[neuron] > 0
      refractory[neuron] = max(0, refractory[neuron] - 1)
      let isSpike = distance > 0 && !isHeld
      if isSpike {
        refractory[neuron] = constants.refractorySteps
        counts[neuron] += 1
      }
      if convention.resetLag == 0, isSpike { potential -= amount }
      potentials[neuron] = potential
      spikes[neuron] = isSpike ? 1 : 0
      guard !isHeld else { continue }
      slopes[neuron] = Scalar(constants.surrogate.derivative(Double(distance))) / scale
      let relative = convention.scalesByBaseline ? 1 : deciding / adapted
      thresholdSlopes[neuron] = slopes[neuron] * constants.strength[neuron] * relative
    }
    return (slopes, thresholdSlopes)
  }
}
