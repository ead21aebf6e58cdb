import SynfireCore
import SynfireLearning
import SynfireNetworks

/// How trials are shown to a network that acts, and what is taken for its answer.
///
/// A trial begins at rest. One step of the network sees the mean of the inputs of a bin of the task's steps, and
/// its outputs hold for all of them. Where classes are asked for, the answer is the mean of the outputs: over the
/// trial, or over each window.
struct TrialPresentation: Sendable, Equatable {
  /// What outputs are averaged over.
  enum Answer: Sendable, Equatable {
    /// Nothing: [time, trial, output].
    case everyStep
    /// The whole trial: [trial, output].
    case trials
    /// Windows of so many steps, a whole number of bins: [window, trial, output].
    case windows(steps: Int)
  }

  /// Steps of the task in a bin; the last one of a trial may have fewer.
  let binSteps: Int
  let answer: Answer
  let loss: Loss
  /// Of the network, in seconds.
  let timeStep: Double

  /// The axes and shape of the answers to trials of so many steps.
  func shape(steps: Int, trials: Int, outputs: Int) -> (axes: [String], shape: [Int]) {
    switch answer {
    case .everyStep: (["time", "trial", "output"], [steps, trials, outputs])
    case .trials: (["trial", "output"], [trials, outputs])
    case .windows(let window): (["window", "trial", "output"], [steps / window, trials, outputs])
    }
  }

  /// The trials of a batch as the network sees them.
  ///
  /// - Parameters:
  ///   - normalizer: frozen while the batch is shown; nil leaves inputs as they are.
  ///   - channels, outputs: of the network.
  /// - Throws: `LearningError` for a batch that does not fit.
  func shown(
    _ batch: TrialBatch, normalizer: ObservationNormalizer?, channels: Int, outputs: Int
  ) throws -> ShownTrials {
    guard batch.inputs.channels == channels, batch.trials > 0, batch.steps > 0 else {
      throw LearningError(
        "a batch of \(batch.trials) trials of \(batch.steps) steps with \(batch.inputs.channels) channels "
          + "was shown to a network with \(channels) inputs", place: "evolution")
    }
    if case .windows(let window) = answer, batch.steps % window != 0 {
      throw LearningError(
        "\(batch.steps) steps are not a whole number of windows of \(window)", place: "evolution",
        remedy: "Change the length of the trials or of the windows.")
    }
    var inputs = binned(batch)
    var observed = ObservationSums(observations: normalizer?.observations ?? 0)
    if let normalizer {
      var observation = [Double](repeating: 0, count: channels)
      inputs.values.withUnsafeMutableBufferPointer { values in
        for (bin, trial) in bins(of: batch) {
          let target = values.baseAddress! + (bin * batch.trials + trial) * channels
          for channel in 0..<channels { observation[channel] = Double(target[channel]) }
          observed.add(observation, relativeTo: normalizer.mean)
          normalizer.normalize(observation, into: target)
        }
      }
    }
    return ShownTrials(
      presentation: self, batch: batch, outputs: outputs, inputs: inputs, observed: observed)
  }

  /// Which bins of which trials there are.
  private func bins(of batch: TrialBatch) -> [(bin: Int, trial: Int)] {
    (0..<(batch.steps + binSteps - 1) / binSteps).flatMap { bin in
      (0..<batch.trials).filter { !steps(ofBin: bin, batch, trial: $0).isEmpty }.map { (bin, $0) }
    }
  }

  /// The steps of a bin that a trial has.
  func steps(ofBin bin: Int, _ batch: TrialBatch, trial: Int) -> Range<Int> {
    let end = batch.lengths?[trial] ?? batch.steps
    return min(bin * binSteps, end)..<min((bin + 1) * binSteps, end)
  }

  /// Mean inputs of every bin, axes [bin, trial, channel].
  private func binned(_ batch: TrialBatch) -> Tensor<Float> {
    switch batch.inputs {
    case .analog(let tensor):
      if binSteps == 1 { return tensor }
      let channels = tensor.shape[2]
      return binned(batch) { step, trial, scale, target in
        let start = (step * batch.trials + trial) * channels
        for channel in 0..<channels { target[channel] += scale * tensor.values[start + channel] }
      }
    case .spikes(let spikes):
      return binned(batch) { step, trial, scale, target in
        spikes.forEachSpike(step: step, trial: trial) { target[$0] += scale }
      }
    }
  }

  /// - Parameter add: adds the inputs of a step of a trial, times a number, to the channels of its bin.
  private func binned(
    _ batch: TrialBatch,
    add: (_ step: Int, _ trial: Int, Float, _ target: UnsafeMutablePointer<Float>) -> Void
  ) -> Tensor<Float> {
    let channels = batch.inputs.channels
    var result = Tensor<Float>(
      axes: ["bin", "trial", "channel"],
      shape: [(batch.steps + binSteps - 1) / binSteps, batch.trials, channels])
    result.values.withUnsafeMutableBufferPointer { values in
      for (bin, trial) in bins(of: batch) {
        let steps = steps(ofBin: bin, batch, trial: trial)
        let target = values.baseAddress! + (bin * batch.trials + trial) * channels
        for step in steps { add(step, trial, 1 / Float(steps.count), target) }
      }
    }
    return result
  }
}
