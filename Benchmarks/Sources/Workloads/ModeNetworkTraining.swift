import Foundation
import Synfire

/// Training of a spiking mode-based network (Lin & Huang 2024), one step at a time.
///
/// A step is what `Benchmarks/rivals/torch_smnn.py` times as well: draw a batch of trials, forward,
/// loss, back-propagation through time, gradient norm clipped at 20, Adam.
public struct ModeNetworkTraining {
  public enum TaskName: String, CaseIterable {
    case mnist, context
  }

  private let task: any TrialTask
  private let trials: Int
  private var rule: BackpropagationThroughTime
  private var batches = 0

  /// - Parameter data: where the data sets are; only digits need it.
  public init(
    _ name: TaskName, neurons: Int, modes: Int, trials: Int, threads: Int,
    data: String? = ProcessInfo.processInfo.environment["SYNFIRE_DATA"]
  ) throws {
    let digits = name == .mnist
    task =
      digits
      ? try MNISTTask(directory: data, workers: WorkerPool(threads: threads))
      : try ContextIntegrationTask(workers: WorkerPool(threads: threads))
    self.trials = trials

    let timeStep = 0.002
    let filter = SpikeFilter.double(
      decay: 0.030, rise: 0.002, normalization: digits ? .unitArea : .unitGain)
    let layer = Layer(
      neurons: neurons,
      model: LIF(
        timeStep: timeStep, membraneTimeConstant: 0.020, synapticTimeConstant: 0.010,
        refractorySteps: 5),
      input: Connection(
        Dense(.normal(deviation: 1 / Double(task.inputChannels).squareRoot()))),
      recurrent: Connection(
        Modes(
          modes, modeInitialization: .normal(deviation: 1 / Double(modes).squareRoot()),
          scoreInitialization: .normal(deviation: 1 / Double(neurons).squareRoot())),
        filter: filter))
    let fanOut = digits ? task.outputs : neurons
    let network = try Network(
      timeStep: timeStep, inputs: task.inputChannels, layers: [layer],
      readout: Readout(
        outputs: task.outputs,
        connection: Connection(
          Dense(.normal(deviation: 1 / Double(fanOut).squareRoot())), filter: filter),
        reduction: digits ? .maximumOverTime : .everyStep))
    rule = try BackpropagationThroughTime(
      network: network, parameters: network.initialParameters(seed: 0),
      loss: digits ? .crossEntropyOnProbabilities : .rootSumSquares,
      optimizer: .adam(learningRate: 1e-3), clipNorm: 20, threads: threads)
  }

  /// One training step on a fresh batch.
  public mutating func step() throws -> StepMetrics {
    let batch = try task.batch(.training, index: batches, trials: trials, seed: 0)
    batches += 1
    return try rule.step(batch)
  }
}
