import SynfireCore
import SynfireLearning
import SynfireNetworks

/// Loss, spikes, readout and gradients of explicitly given trials, for comparison with automatic
/// differentiation.
///
/// | tensor | shape |
/// |---|---|
/// | `loss` | a scalar |
/// | `spikes` | [time, trial, neuron]; `spikes.LAYER` when there are several layers |
/// | `readout` | [time, trial, output] or [trial, output] |
/// | `gradient.NAME` | as the parameter NAME, before clipping |
public enum ExplicitGradient {
  /// The fast engine, in single precision, with the gradient as the rule of the experiment has it.
  ///
  /// - Throws: `TrainingError` when that rule has no gradient, or targets do not fit the loss.
  public static func single(
    _ experiment: Experiment, parameters: NamedTensors<Float>, trials: TrialsFile,
    named path: String, threads: Int
  ) throws -> NamedTensors<Float> {
    try trials.validateTargets(
      of: try experiment.makeNetwork(), experiment.learning.loss, named: path)
    let batch = try trials.batch(named: path)
    let made = try experiment.makeRule(parameters: parameters, threads: threads)
    guard let rule = made as? any GradientRule else {
      throw TrainingError(
        "this rule goes along no gradient", place: "learning.rule",
        remedy: "set learning.rule to bptt")
    }
    let result = try rule.gradient(batch)
    let recording = try experiment.makeNetwork().record(
      batch.inputs, parameters, lengths: batch.lengths, threads: threads)
    var tensors = NamedTensors<Float>()
    tensors["loss"] = Tensor(axes: [], shape: [], values: [Float(result.loss)])
    for (layer, record) in zip(recording.layers, recording.records) {
      tensors[layerName("spikes", layer, of: recording.layers.count)] = record.outputs
    }
    tensors["readout"] = result.readout
    for (name, gradient) in result.gradients.pairs { tensors["gradient.\(name)"] = gradient }
    return tensors
  }

  /// The reference engine, in double precision.
  ///
  /// - Throws: `TrainingError` for targets that do not fit the loss.
  public static func double(
    network: Network, loss: Loss, regularizers: [Regularizer], parameters: NamedTensors<Double>,
    trials: TrialsFile,
    named path: String
  ) throws -> NamedTensors<Double> {
    try trials.validateTargets(of: network, loss, named: path)
    let engine = try ReferenceEngine(network)
    let run = try engine.run(trials.inputs, parameters, lengths: trials.lengths)
    let rows = trials.lengths.map { $0.map { network.readout.rows(steps: $0) } }
    let (value, adjoint) = try evaluate(
      loss, run.readout, try trials.requiredTargets(named: path), rows: rows, path: path)
    let rates = regularizers.rateTerms(of: run)
    var gradients = try engine.gradient(
      run, readoutAdjoint: adjoint, parameters, constantAdjoints: rates.adjoints)
    let total = value + rates.value + regularizers.addWeightTerms(parameters, to: &gradients)
    var tensors = NamedTensors<Double>()
    tensors["loss"] = Tensor(axes: [], shape: [], values: [total])
    for (layer, traces) in zip(network.layers, run.traces) {
      tensors[layerName("spikes", layer.name, of: network.layers.count)] = stacked(
        traces.map(\.outputs), steps: trials.inputs.shape[0])
    }
    tensors["readout"] = run.readout
    for (name, gradient) in gradients.pairs { tensors["gradient.\(name)"] = gradient }
    return tensors
  }

  /// `spikes` of the only layer, `spikes.hidden` of one of several.
  static func layerName(_ what: String, _ layer: String, of count: Int) -> String {
    count == 1 ? what : "\(what).\(layer)"
  }

  /// [trial][time][neuron] as [time, trial, neuron], 0 past the end of a trial.
  private static func stacked(_ trials: [[[Double]]], steps: Int) -> Tensor<Double> {
    let none = trials[0][0].map { _ in 0.0 }
    let values = (0..<steps).flatMap { step in
      trials.flatMap { step < $0.count ? $0[step] : none }
    }
    return Tensor(
      axes: ["time", "trial", "neuron"], shape: [steps, trials.count, trials[0][0].count],
      values: values)
  }

  /// Target values keep their double precision, which `TrialTargets` would take from them.
  private static func evaluate(
    _ loss: Loss, _ readout: Tensor<Double>, _ targets: TrialsFile.Targets, rows: [Int]?,
    path: String
  ) throws -> (loss: Double, adjoint: Tensor<Double>) {
    guard case .values(let target) = targets, !loss.wantsClasses, target.shape == readout.shape
    else {
      return try loss.evaluate(readout, targets.single, rows: rows)
    }
    var adjoint = readout.values.map { _ in 0.0 }
    // What does not count is no error.
    var wanted = target.values
    let (trials, outputs) = (readout.shape[1], readout.shape[2])
    for index in wanted.indices
    where index / outputs / trials >= rows?[index / outputs % trials] ?? .max {
      wanted[index] = readout.values[index]
    }
    let sum = loss.add(
      outputs: readout.values, targets: wanted, count: readout.count, adjoint: &adjoint)
    let (value, factor) = loss.finish(
      sum: sum, targets: trials, values: rows.map { $0.reduce(0, +) * outputs } ?? readout.count)
    return (
      value, Tensor(axes: readout.axes, shape: readout.shape, values: adjoint.map { $0 * factor })
    )
  }
}
