import SynfireCore
import SynfireLearning
import SynfireNetworks

/// Training of a dense recurrent network of adaptive neurons (after Bellec et al. 2018), one step at a
/// time, on spikes that mean nothing: what `Benchmarks/rivals/adaptive.py` times as well.
///
/// A step is forward, cross-entropy of the mean output over the last window, a firing-rate regularizer,
/// back-propagation through time, Adam. The model, in the order of a step, with thresholds of 1:
///
///     b_t = rho b_{t-1} + (1 - rho) z_{t-1}                     rho = exp(-1 ms / 700 ms)
///     A_t = 1 + beta b_t                                        beta = 1.75 for 100 of 220 neurons, else 0
///     v_t = alpha v_{t-1} + (1 - alpha) I_t - A_t z_{t-1}       alpha = exp(-1 ms / 20 ms)
///     z_t = 1 if v_t > A_t                                      dz/dv = 0.3 max(0, 1 - |v_t - A_t|)
///     y_t = alpha y_{t-1} + W_out z_t
public struct AdaptiveNetworkTraining {
  public let batch: TrialBatch
  public private(set) var rule: BackpropagationThroughTime
  /// Steps at the end of a trial over which outputs are averaged.
  public let window: Int

  /// - Parameters:
  ///   - rate: the part of the neurons that is to spike at a step, for which input weights are scaled; about
  ///     one in twenty for nil.
  ///   - adjointPrecision: of the recurrent connection.
  public init(
    trials: Int, steps: Int, inputs: Int, neurons: Int, threads: Int, rate: Double? = nil,
    adjointPrecision: AdjointPrecision = .single
  ) throws {
    let timeStep = 0.001
    let classes = 10
    // A whole number of windows.
    window = (1...56).last { steps % $0 == 0 && (steps == 1 || $0 < steps) }!
    // Drives about one neuron in twenty to spike at a step.
    let inputGain = 3.0 / (1 - exp(-1 / 20.0))
    let recurrentGain = 1 / (1 - exp(-1 / 20.0))
    let adaptive = 100 * neurons / 220
    let model = AdaptiveLIF(
      timeStep: timeStep, membraneTimeConstant: 0.020, adaptationTimeConstant: 0.700,
      threshold: 1,
      adaptationStrength: .values((0..<neurons).map { $0 < neurons - adaptive ? 0 : 1.75 }),
      convention: .adaptiveSRNN)
    func normal(
      _ fanIn: Int, gain: Double, _ adjointPrecision: AdjointPrecision = .single
    ) -> Dense {
      Dense(
        .normal(deviation: gain / Double(fanIn).squareRoot()), adjointPrecision: adjointPrecision)
    }
    let network = try Network(
      timeStep: timeStep, inputs: inputs,
      layers: [
        Layer(
          neurons: neurons, model: model, input: Connection(normal(inputs, gain: inputGain)),
          recurrent: Connection(normal(neurons, gain: recurrentGain, adjointPrecision)))
      ],
      readout: Readout(
        outputs: classes,
        connection: Connection(
          normal(neurons, gain: 1), filter: .leaky(timeConstant: 0.020, isNormalized: false)),
        reduction: .meanOverWindows(steps: window)))
    rule = try BackpropagationThroughTime(
      network: network, parameters: network.initialParameters(seed: 0), loss: .crossEntropy,
      regularizers: [.firingRate(strength: 0.1, target: 0.02)],
      optimizer: .adam(learningRate: 1e-5), threads: threads)

    var stream = RandomStream(seed: 0, stream: "adaptive network training")
    var spikes = SpikeTensor(steps: steps, trials: trials, neurons: inputs)
    for step in 0..<steps {
      for trial in 0..<trials {
        for channel in 0..<inputs where stream.uniform() < 0.02 {
          spikes[step, trial, channel] = true
        }
      }
    }
    var labels = [Int](repeating: TrialTargets.none, count: (steps / window - 1) * trials)
    labels += (0..<trials).map { $0 % classes }
    batch = TrialBatch(inputs: .spikes(spikes), targets: .classes(labels))
    if let rate { try drive(to: rate) }
  }

  /// Scales the input weights until about so large a part of the neurons spikes at a step.
  private mutating func drive(to rate: Double) throws {
    let name = "hidden.input.weights"
    let weights = rule.parameters[name]!
    var scales = (least: 0.01, most: 100.0)
    for _ in 0..<12 {
      let scale = (scales.least * scales.most).squareRoot()
      rule.parameters.update(name) {
        $0.values = weights.values.map { Float(scale) * $0 }
      }
      let found = try forward().firingRate * rule.network.timeStep
      if abs(found - rate) < 0.02 * rate { return }
      if found < rate { scales.least = scale } else { scales.most = scale }
    }
  }

  /// One training step.
  public mutating func step() throws -> StepMetrics { try rule.step(batch) }

  /// The same trials without learning.
  public func forward() throws -> Evaluation { try rule.evaluate(batch) }

  /// The parameters, inputs, classes, loss and gradients, for rivals to be compared with.
  public func example() throws -> NamedTensors<Float> {
    let result = try rule.gradient(batch)
    var tensors = rule.parameters
    for (name, gradient) in result.gradients.pairs { tensors["gradient.\(name)"] = gradient }
    if case .spikes(let spikes) = batch.inputs { tensors["inputs"] = spikes.dense() }
    if case .classes(let labels) = batch.targets {
      tensors["classes"] = Tensor(
        axes: ["trial"], shape: [batch.trials],
        values: labels.suffix(batch.trials).map { Float($0) })
    }
    tensors["loss"] = Tensor(axes: ["loss"], shape: [1], values: [Float(result.loss)])
    tensors["window"] = Tensor(axes: ["steps"], shape: [1], values: [Float(window)])
    return tensors
  }
}
