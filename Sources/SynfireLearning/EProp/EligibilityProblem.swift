import SynfireCore
import SynfireNetworks

/// A network with its parameters as e-prop sees it.
struct EligibilityProblem<Scalar: TensorScalar>: Sendable {
  private let network: Network
  private let parameters: NamedTensors<Double>
  private let constants: EligibilityConstants<Scalar>
  private let inputWeights: Tensor<Scalar>
  private let recurrentWeights: Tensor<Scalar>?
  private let readoutWeights: Tensor<Scalar>
  private let feedback: [Scalar]
  private let bias: [Scalar]?
  private let readoutDecay: Scalar
  private let readoutGain: Scalar

  init(
    _ network: Network, _ model: AdaptiveLIF, _ parameters: NamedTensors<Scalar>,
    feedback: Tensor<Scalar>?
  ) throws {
    self.network = network
    let parameters: NamedTensors<Double> = parameters.converted()
    self.parameters = parameters
    constants = EligibilityConstants(
      model, try model.kernelParameters(NamedTensors(), neurons: network.layers[0].neurons))
    var weights: [String: Tensor<Scalar>] = [:]
    for (prefix, connection, presynaptic, postsynaptic) in network.connections {
      weights[prefix] = connection.connectivity.weights(
        parameters.under(prefix), presynaptic: presynaptic, postsynaptic: postsynaptic
      ).converted()
    }
    let layer = network.layers[0].name
    inputWeights = weights["\(layer).input"]!
    recurrentWeights = weights["\(layer).recurrent"]
    readoutWeights = weights["readout"]!
    self.feedback = feedback?.values ?? weights["readout"]!.values
    bias = parameters["readout.bias"].map { $0.values.map { Scalar($0) } }
    let filter = try network.readout.connection.filter.coefficients(timeStep: network.timeStep)
    // A leaky filter has no rise; its response to a spike is its gain.
    readoutDecay = Scalar(filter?.memory ?? 0)
    readoutGain = Scalar(filter?.response ?? 1)
  }

  /// What one trial adds up to.
  struct Outcome: Sendable {
    let loss: Double
    /// [step or window][output].
    let outputs: [[Scalar]]
    let counts: [Int]
    /// By connection: gradients [presynaptic][postsynaptic] and sums of e; [output, neuron] for the readout.
    let gradients: [[Scalar]]
    let totals: [[Scalar]]
  }

  func run(_ batch: TrialBatch, trial: Int, loss: Loss) -> Outcome {
    var state = EligibilityTrial(
      constants, inputWeights: inputWeights, recurrentWeights: recurrentWeights,
      readoutWeights: readoutWeights, feedback: feedback, bias: bias, readoutDecay: readoutDecay,
      readoutGain: readoutGain, window: network.readout.window)
    var sum = 0.0
    var outputs: [[Scalar]] = []
    for step in 0..<batch.steps {
      let place = step / network.readout.window * batch.trials + trial
      let y = state.step(batch.inputs.row(step, trial)) { y, errors in
        sum += loss.add(outputs: y, batch.targets, place: place, adjoint: &errors)
      }
      if let y { outputs.append(y) }
    }
    return Outcome(
      loss: sum, outputs: outputs, counts: state.counts,
      gradients: [
        state.input.gradient, state.recurrent.gradient, state.readoutGradient, state.biasGradient,
      ], totals: [state.input.total, state.recurrent.total])
  }

  /// The gradient of every tensor from sums over trials.
  func gradients(
    _ sum: EligibilitySum<Scalar>, factor: Scalar, rateAdjoints: [Scalar]
  ) -> NamedTensors<Scalar> {
    var result = NamedTensors<Scalar>()
    for (prefix, connection, presynaptic, postsynaptic) in network.connections {
      var gradient = Tensor<Double>(
        axes: ["neuron", "presynaptic"], shape: [postsynaptic, presynaptic])
      let isReadout = prefix == "readout"
      let index = isReadout ? 2 : (prefix.hasSuffix(".recurrent") ? 1 : 0)
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
        values: sum.gradients[3].map { $0 * factor })
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
