import Foundation
import Synfire

/// Recursive least squares on a network of integrate-and-fire neurons whose factors are fed back (DePasquale et
/// al. 2023), one trial at a time: what `Benchmarks/rivals/least_squares.py` times as well.
///
/// Slow and fast random synapses, common inhibition, slow and fast traces that are decoded; half of the steps
/// learn. Factors are sines of different frequencies whose amplitudes fall off.
public struct FactorNetworkTraining {
  public let batch: TrialBatch
  public private(set) var rule: RecursiveLeastSquares
  public static let outputs = 3
  private static let seed: UInt64 = 1
  private static let gain = 4.0
  /// Trials that are led by the factors before learning begins, among them those that average the drive.
  private static let settling = 2
  private static let averaging = 8

  public init(neurons: Int, factors: Int, steps: Int, threads: Int) throws {
    func leaky(_ timeConstant: Double) -> SpikeFilter {
      .leaky(timeConstant: timeConstant, isNormalized: false)
    }
    let root = Double(neurons).squareRoot()
    let mixing = try FactorMixing(
      factors: factors, inputs: 1, neurons: neurons, gain: Self.gain, seed: Self.seed)
    let network = try FeedbackNetwork(
      timeStep: 0.001, inputs: 1, neurons: neurons, model: DeepResetLIF(timeStep: 0.001),
      input: Dense(.values(mixing.inputs.values), isTrainable: false),
      synapses: [
        .init(
          name: "slow", connectivity: Dense(.normal(deviation: 1.1 / root)), filter: leaky(0.1)),
        .init(
          name: "fast", connectivity: Dense(.normal(deviation: 26 / root)), filter: leaky(0.005)),
        .init(
          name: "common", connectivity: Common(-60 / Double(neurons)), filter: leaky(0.005),
          entersMean: false),
      ], traces: [leaky(0.1), leaky(0.005)], factors: factors,
      encoders: .values(mixing.encoders.values), outputs: Self.outputs, source: .factors)
    var constants = RecursiveLeastSquares.Constants()
    constants.settling = Self.settling
    constants.averaging = Self.averaging
    rule = try RecursiveLeastSquares(
      network: network, parameters: network.initialParameters(seed: Self.seed),
      constants: constants, initialPotentialDeviation: 1e-3, seed: Self.seed, threads: threads)
    batch = Self.batch(factors: factors, neurons: neurons, steps: steps)
    for _ in 0..<2 * Self.settling + Self.averaging { _ = try rule.step(batch) }
  }

  private static func batch(factors: Int, neurons: Int, steps: Int) -> TrialBatch {
    let width = factors + outputs
    // The drive of a neuron is as strong as with 800 neurons and the factors of cycling.
    let amplitudes = (0..<factors).map { pow(0.8, Double($0)) }
    let norm = (amplitudes.reduce(0) { $0 + $1 * $1 } / 2).squareRoot()
    let scale = CustomTask.usualFactorAmplitude * (Double(neurons) / 800).squareRoot() / norm
    var inputs = Tensor<Float>(axes: ["time", "trial", "channel"], shape: [steps, 1, 1])
    var targets = Tensor<Float>(axes: ["time", "trial", "output"], shape: [steps, 1, width])
    for time in 0..<steps {
      inputs[time, 0, 0] = time < 50 ? 2 : 0
      let phase = 2 * Double.pi * Double(time) / Double(steps)
      for index in 0..<width {
        let amplitude = index < factors ? scale * amplitudes[index] : 0.5
        targets[time, 0, index] = Float(
          amplitude * sin(phase * Double(1 + index / 2) + 1.7 * Double(index)))
      }
    }
    return TrialBatch(inputs: .analog(inputs), targets: .values(targets))
  }

  /// One trial that learns.
  public mutating func step() throws -> StepMetrics { try rule.step(batch) }

  /// All that a rival needs to go on where this is now, with the outcome of a trial under `expected`.
  public func example() throws -> NamedTensors<Double> {
    var tensors: NamedTensors<Double> = rule.parameters.converted()
    for (name, tensor) in try rule.preciseState.pairs where !name.contains("inverse") {
      tensors["state.\(name)"] = tensor
    }
    guard case .analog(let inputs) = batch.inputs, case .values(let targets) = batch.targets else {
      return tensors
    }
    tensors["inputs"] = inputs.converted()
    tensors["targets"] = targets.converted()
    // The steps that the rule will learn at.
    var stream = RandomStream(
      seed: Self.seed, stream: "least squares", step: UInt64(rule.trials))
    let learns = (0..<batch.steps).map { _ in stream.bernoulli(0.5) ? 1.0 : 0 }
    tensors["learns"] = Tensor(axes: ["time"], shape: [batch.steps], values: learns)
    var after = rule
    let metrics = try after.step(batch)
    for (name, tensor) in try after.preciseState.pairs where name.hasSuffix("weights") {
      tensors["expected.\(name)"] = tensor
    }
    tensors["expected.rate"] = Tensor(axes: ["rate"], shape: [1], values: [metrics.firingRate])
    return tensors
  }
}
