import SynfireCore
import SynfireNetworks

/// A network with its parameters as e-prop sees it.
struct EligibilityProblem<Scalar: TensorScalar>: Sendable {
  private let network: Network
  private let parameters: NamedTensors<Double>
  private let constants: EligibilityConstants<Scalar>
  private let input: LeakySynapses<Scalar>
  /// Each kind of recurrent synapses.
  private let recurrent: [LeakySynapses<Scalar>]
  private let readout: LeakySynapses<Scalar>
  private let feedback: [Scalar]
  private let bias: [Scalar]?

  init(
    _ network: Network, _ model: AdaptiveLIF, _ parameters: NamedTensors<Scalar>,
    feedback: Tensor<Scalar>?
  ) throws {
    self.network = network
    let parameters: NamedTensors<Double> = parameters.converted()
    self.parameters = parameters
    constants = EligibilityConstants(
      model, try model.kernelParameters(NamedTensors(), neurons: network.layers[0].neurons))
    // One layer has its inputs first, then its recurrent synapses, then the readout.
    let all = try network.connections.map { prefix, connection, presynaptic, postsynaptic in
      let filter = try connection.filter.coefficients(timeStep: network.timeStep)
      // A leaky filter has no rise; its response to a spike is its gain.
      return LeakySynapses<Scalar>(
        weights: connection.connectivity.weights(
          parameters.under(prefix), presynaptic: presynaptic, postsynaptic: postsynaptic
        ).converted(), decay: Scalar(filter?.memory ?? 0), response: Scalar(filter?.response ?? 1))
    }
    input = all[0]
    recurrent = Array(all[1..<all.count - 1])
    readout = all[all.count - 1]
    self.feedback = feedback?.values ?? readout.weights.values
    bias = parameters["readout.bias"].map { $0.values.map { Scalar($0) } }
  }

  /// What one trial adds up to.
  struct Outcome: Sendable {
    let loss: Double
    /// [step or window][output].
    let outputs: [[Scalar]]
    let counts: [Int]
    /// By connection: gradients [presynaptic][postsynaptic] and sums of e; [output, neuron] for the readout.
    /// The gradient of the bias comes last.
    let gradients: [[Scalar]]
    let totals: [[Scalar]]
  }

  func run(_ batch: TrialBatch, trial: Int, loss: Loss) -> Outcome {
    var state = EligibilityTrial(
      constants, input: input, recurrent: recurrent, readoutWeights: readout.weights,
      feedback: feedback, bias: bias, readoutDecay: readout.decay, readoutGain: readout.response,
      window: network.readout.window)
    var sum = 0.0
    var outputs: [[Scalar]] = []
    for step in 0..<batch.steps {
      let place = step / network.readout.window * batch.trials + trial
      let y = state.step(batch.inputs.row(step, trial)) { y, errors in
        sum += loss.add(outputs: y, batch.targets, place: place, adjoint: &errors)
      }
      if let y { outputs.append(y) }
    }
    let traces = ([state.input] + state.recurrent).map(\.traces)
    return Outcome(
      loss: sum, outputs: outputs, counts: state.counts,
      gradients: traces.map(\.gradient) + [state.readoutGradient, state.biasGradient],
      totals: traces.map(\.total))
  }

  /// The gradient of every tensor from sums over trials.
  func gradients(
    _ sum: EligibilitySum<Scalar>, factor: Scalar, rateAdjoints: [Scalar]
  ) -> NamedTensors<Scalar> {
    var result = NamedTensors<Scalar>()
    for (index, part) in network.connections.enumerated() {
      let (prefix, connection, presynaptic, postsynaptic) = part
      var gradient = Tensor<Double>(
        axes: ["neuron", "presynaptic"], shape: [postsynaptic, presynaptic])
      let isReadout = prefix == "readout"
      for post in 0..<postsynaptic {
        for pre in 0..<presynaptic {
          let place = isReadout ? post * presynaptic + pre : pre * postsynaptic + post
          var value = factor * sum.gradients[index][place]
          if !isReadout { value += rateAdjoints[post] * sum.totals[index][place] }
          gradient.values[post * presynaptic + pre] = Double(value)
        }
      }
      let tensors = connection.connectivity.gradient(
        ofWeights: gradient, parameters.under(prefix))
      for (name, tensor) in tensors.pairs { result["\(prefix).\(name)"] = tensor.converted() }
    }
    if bias != nil {
      result["readout.bias"] = Tensor(
        axes: ["output"], shape: [network.readout.outputs],
        values: sum.gradients.last!.map { $0 * factor })
    }
    return result
  }
}

/// Sums over trials, in their order.
struct EligibilitySum<Scalar: TensorScalar>: Sendable {
  private(set) var loss = 0.0
  private(set) var counts: [Int] = []
  private(set) var gradients: [[Scalar]] = []
  private(set) var totals: [[Scalar]] = []
  private var outputs: [(trial: Int, steps: [[Scalar]])] = []

  mutating func add(_ outcome: EligibilityProblem<Scalar>.Outcome, trial: Int) {
    var other = EligibilitySum()
    other.loss = outcome.loss
    other.counts = outcome.counts
    other.gradients = outcome.gradients
    other.totals = outcome.totals
    other.outputs = [(trial, outcome.outputs)]
    add(other)
  }

  mutating func add(_ other: EligibilitySum) {
    loss += other.loss
    outputs += other.outputs
    guard !counts.isEmpty else {
      (counts, gradients, totals) = (other.counts, other.gradients, other.totals)
      return
    }
    for index in counts.indices { counts[index] += other.counts[index] }
    for (row, values) in other.gradients.enumerated() { gradients[row].add(values) }
    for (row, values) in other.totals.enumerated() { totals[row].add(values) }
  }

  /// The outputs of all trials, [step or window, trial, output].
  func readout(steps: Int, trials: Int) -> [Scalar] {
    let count = outputs.first?.steps.first?.count ?? 0
    var result = [Scalar](repeating: 0, count: steps * trials * count)
    for (trial, rows) in outputs {
      for (step, row) in rows.enumerated() {
        for (output, value) in row.enumerated() {
          result[(step * trials + trial) * count + output] = value
        }
      }
    }
    return result
  }
}

extension Array where Element: TensorScalar {
  /// self += other.
  fileprivate mutating func add(_ other: [Element]) {
    for index in indices { self[index] += other[index] }
  }
}

extension TrialInputs {
  /// The inputs of a step of a trial, as numbers.
  fileprivate func row<Scalar: TensorScalar>(_ step: Int, _ trial: Int) -> [Scalar] {
    switch self {
    case .spikes(let spikes):
      var row = [Scalar](repeating: 0, count: spikes.neurons)
      spikes.forEachSpike(step: step, trial: trial) { row[$0] = 1 }
      return row
    case .analog(let tensor):
      let start = (step * tensor.shape[1] + trial) * tensor.shape[2]
      return tensor.values[start..<start + tensor.shape[2]].map { Scalar($0) }
    }
  }
}

extension Loss {
  /// The loss of the outputs of one step of one trial, whose targets are at a place in the batch; writes
  /// dsum/dy.
  fileprivate func add<Scalar: TensorScalar>(
    outputs: [Scalar], _ targets: TrialTargets, place: Int, adjoint: inout [Scalar]
  ) -> Double {
    switch targets {
    case .classes(let labels):
      return add(
        logits: outputs, label: labels[place], count: outputs.count, adjoint: &adjoint)
    case .values(let tensor):
      let start = place * outputs.count
      let wanted = tensor.values[start..<start + outputs.count].map { Scalar($0) }
      return add(outputs: outputs, targets: wanted, count: outputs.count, adjoint: &adjoint)
    }
  }
}
