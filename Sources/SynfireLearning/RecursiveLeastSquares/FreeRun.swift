import SynfireCore
import SynfireNetworks

/// The network without a teacher.
public struct FreeRun: Sendable {
  /// Factors and outputs, axes [time, trial, output].
  public var readout: Tensor<Float>
  /// Of each trial: the squared error of the factors over their squared targets.
  public var factorErrors: [Double] = []
  /// Axes [time, trial, neuron]; empty unless asked for.
  public var spikes: SpikeTensor
  /// Mean over neurons and trials, in Hz.
  public var firingRate = 0.0
  private let recordsSpikes: Bool
  private var spikeCount = 0

  /// - Parameter targets: factors and outputs.
  init(of network: FeedbackNetwork, _ batch: TrialBatch, targets: Int, recordsSpikes: Bool) {
    self.recordsSpikes = recordsSpikes
    readout = Tensor(
      axes: ["time", "trial", "output"], shape: [batch.steps, batch.trials, targets])
    spikes = SpikeTensor(
      steps: recordsSpikes ? batch.steps : 0, trials: batch.trials, neurons: network.neurons)
  }

  /// Takes in a step.
  ///
  /// - Parameter values: factors and outputs.
  mutating func record(
    _ values: UnsafePointer<Double>, _ stepper: FeedbackStepper, time: Int, trial: Int
  ) {
    let (trials, targets) = (readout.shape[1], readout.shape[2])
    let row = (time * trials + trial) * targets
    for index in 0..<targets { readout.values[row + index] = Float(values[index]) }
    spikeCount += stepper.events.count
    guard recordsSpikes else { return }
    for neuron in stepper.events { spikes[time, trial, neuron] = true }
  }

  /// Works the firing rate out.
  mutating func end(of network: FeedbackNetwork, _ batch: TrialBatch) {
    let duration = Double(batch.samples) * network.timeStep
    firingRate = Double(spikeCount) / (duration * Double(network.neurons))
  }
}

/// A step of a free run, for those who look on.
public struct FreeStep {
  public let time: Int
  public let trial: Int
  /// As the step left it: traces, spikes, and the drives that it was taken with.
  public let stepper: FeedbackStepper
  /// F_in of the step, one number a channel.
  public let inputs: UnsafePointer<Double>
  /// y of the step before, which was fed back.
  public let factors: [Double]
}

/// The squared error of the factors over their squared targets.
struct FactorError {
  private var error = 0.0
  private var scale = 0.0

  var ratio: Double { scale > 0 ? error / scale : error }

  /// - Throws: `LearningError` for a factor that is not finite, at `place`.
  mutating func add(
    _ values: UnsafePointer<Double>, _ targets: UnsafePointer<Double>, factors: Int,
    place: @autoclosure () -> String
  ) throws {
    for factor in 0..<factors {
      guard values[factor].isFinite else {
        throw LearningError(
          "factor \(factor + 1) is not finite", place: place(),
          remedy: "Weaken the encoders or the random connections.", isUserMistake: false)
      }
      let difference = values[factor] - targets[factor]
      error += difference * difference
      scale += targets[factor] * targets[factor]
    }
  }
}
