import SynfireCore
import SynfireLearning
import SynfireNetworks

/// The trials of a batch, ready to be shown to one individual after another.
struct ShownTrials: Sendable {
  let presentation: TrialPresentation
  let batch: TrialBatch
  let outputs: Int
  /// Normalised, axes [bin, trial, channel].
  let inputs: Tensor<Float>
  /// What a normaliser has to know of the inputs.
  let observed: ObservationSums

  /// The answers of a network that nobody has asked yet.
  var unanswered: Tensor<Float> {
    let (axes, shape) = presentation.shape(
      steps: batch.steps, trials: batch.trials, outputs: outputs)
    return Tensor(axes: axes, shape: shape)
  }

  /// The loss of answers to all trials.
  ///
  /// - Throws: `LearningError` for targets that do not fit.
  func loss(_ answers: Tensor<Float>) throws -> Double {
    let rows: [Int]? =
      switch presentation.answer {
      case .everyStep: batch.lengths
      case .trials: nil
      case .windows(let window): batch.lengths.map { $0.map { $0 / window } }
      }
    return try presentation.loss.evaluate(answers, batch.targets, rows: rows).loss
  }

  /// Shows some of the trials, one after another.
  ///
  /// - Parameters:
  ///   - place: buffers for this individual.
  ///   - answers: all elements of `unanswered`, 0 for these trials, to write.
  ///   - afterStep: called after each step of the network.
  func show(
    _ trials: Range<Int>, to individual: some Controller, _ place: TrialPlace,
    answers: UnsafeMutablePointer<Float>, afterStep: () -> Void = {}
  ) {
    let channels = batch.inputs.channels
    inputs.values.withUnsafeBufferPointer { values in
      for trial in trials {
        individual.restore(place.rest.pointer)
        for bin in 0..<inputs.shape[0] {
          let steps = presentation.steps(ofBin: bin, batch, trial: trial)
          if steps.isEmpty { break }
          individual.step(
            values.baseAddress! + (bin * batch.trials + trial) * channels,
            into: place.outputs.pointer)
          take(place.outputs.pointer, steps, trial, into: answers)
          afterStep()
        }
      }
    }
  }

  /// Writes the outputs of some steps of a trial to where they belong.
  private func take(
    _ values: UnsafePointer<Float>, _ steps: Range<Int>, _ trial: Int,
    into answers: UnsafeMutablePointer<Float>
  ) {
    let window: Int
    switch presentation.answer {
    case .everyStep:
      for step in steps {
        (answers + (step * batch.trials + trial) * outputs).update(from: values, count: outputs)
      }
      return
    case .trials: window = batch.lengths?[trial] ?? batch.steps
    case .windows(let steps): window = steps
    }
    let target = answers + (steps.lowerBound / window * batch.trials + trial) * outputs
    let weight = Float(steps.count) / Float(window)
    for output in 0..<outputs { target[output] += weight * values[output] }
  }
}

/// What it takes to show trials to an individual; belongs to one thread at a time.
final class TrialPlace {
  /// The state in which trials begin: zeros.
  let rest: AlignedBuffer<Float>
  let outputs: AlignedBuffer<Float>
  var answers: Tensor<Float>

  init(_ individual: some Controller, answers: Tensor<Float>) {
    rest = AlignedBuffer(count: individual.stateCount)
    outputs = AlignedBuffer(count: individual.actions)
    self.answers = answers
  }
}
