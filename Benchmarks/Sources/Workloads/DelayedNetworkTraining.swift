import Foundation
import Synfire

/// Training of a network of adaptive neurons with delays on sequential digits (Bellec et al. 2018), one
/// step at a time: 100 of 220 neurons adaptive, refractory for 5 steps, mean output over the last 28 of
/// 840 steps, firing-rate regularizer, Adam; weights dense, sparse, or sparse and rewired by DEEP R.
///
/// Digits are coded as in the paper where the data are found. Otherwise channels fire at random, at the
/// mean rate of coded digits.
public struct DelayedNetworkTraining {
  public enum Weights: String, CaseIterable {
    case dense, sparse, rewired
  }

  private let task: SequentialMNISTTask?
  private let trials: Int
  private let steps: Int
  private let window: Int
  public private(set) var rule: BackpropagationThroughTime
  private var batches = 0

  /// - Parameters:
  ///   - delays: how many delays there are, from 0 on; 0 for synapses without.
  ///   - data: where the data sets are.
  public init(
    _ weights: Weights, neurons: Int, delays: Int, trials: Int, steps: Int, threads: Int,
    data: String? = ProcessInfo.processInfo.environment["SYNFIRE_DATA"]
  ) throws {
    task =
      steps == 840
      ? try? SequentialMNISTTask(directory: data, workers: WorkerPool(threads: threads)) : nil
    self.trials = trials
    self.steps = steps
    window = (1...28).last { steps % $0 == 0 }!
    let channels = 80
    let adaptive = 100 * neurons / 220
    let inputSigns = Signs.inhibitoryFirst(excitatory: 0.75, of: channels)
      .shuffled(seed: 0, name: "input")
    let signs = Signs.inhibitoryFirst(excitatory: 0.75, of: neurons)
    func connectivity(
      _ name: String, _ inputs: Int, _ signs: Signs, excludesAutapses: Bool = false
    ) throws -> any Connectivity {
      weights == .dense
        ? Dense(
          .normal(deviation: 1 / Double(inputs).squareRoot()), excludesAutapses: excludesAutapses)
        : try Sparse(
          density: 0.12, signs: signs, excludesAutapses: excludesAutapses, seed: 0, name: name)
    }
    func delayed(_ base: any Connectivity, _ name: String) -> Connection {
      Connection(delays > 0 ? Delays(base, count: delays, seed: 0, name: name) : base)
    }
    let layer = Layer(
      neurons: neurons,
      model: AdaptiveLIF(
        timeStep: 0.001, membraneTimeConstant: 0.020, adaptationTimeConstant: 0.700,
        threshold: 0.01,
        adaptationStrength: .values((0..<neurons).map { $0 < neurons - adaptive ? 0 : 1.8 }),
        refractorySteps: 5),
      input: delayed(try connectivity("input", channels, inputSigns), "input"),
      recurrent: delayed(
        try connectivity("recurrent", neurons, signs, excludesAutapses: true), "recurrent"))
    let network = try Network(
      timeStep: 0.001, inputs: channels, layers: [layer],
      readout: Readout(
        outputs: 10,
        connection: Connection(
          try connectivity("readout", neurons, signs), filter: .leaky(timeConstant: 0.020)),
        reduction: .meanOverWindows(steps: window), bias: .constant(0)))
    let names = ["hidden.input.weights", "hidden.recurrent.weights", "readout.weights"]
    rule = try BackpropagationThroughTime(
      network: network, parameters: network.initialParameters(seed: 0), loss: .crossEntropy,
      regularizers: [.firingRate(strength: 0.1, target: 0.01)],
      optimizer: Optimizer(
        .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, convention: .uncorrected),
        learningRate: 0.01),
      rewiring: weights == .rewired
        ? DeepRewiring(names.map { .init(name: $0, density: 0.12) }, l1: 0.01, seed: 0) : nil,
      threads: threads)
  }

  /// One training step on a fresh batch.
  public mutating func step() throws -> StepMetrics {
    let batch = try makeBatch()
    batches += 1
    return try rule.step(batch)
  }

  private func makeBatch() throws -> TrialBatch {
    if let task { return try task.batch(.training, index: batches, trials: trials, seed: 0) }
    var stream = RandomStream(seed: 0, stream: "digits", step: UInt64(batches))
    var spikes = SpikeTensor(steps: steps, trials: trials, neurons: 80)
    for step in 0..<steps {
      for trial in 0..<trials {
        for channel in 0..<80 where stream.uniform() < 0.02 {
          spikes[step, trial, channel] = true
        }
      }
    }
    let unasked = [Int](repeating: TrialTargets.none, count: (steps / window - 1) * trials)
    return TrialBatch(
      inputs: .spikes(spikes), targets: .classes(unasked + (0..<trials).map { $0 % 10 }))
  }
}
