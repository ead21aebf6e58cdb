import SynfireCore
import SynfireNetworks

/// The trials of a batch, step by step in `Double`.
struct Presentation {
  let batch: TrialBatch
  private let inputs: Tensor<Float>
  private let targets: Tensor<Float>
  /// F_in, and y and f, of the step that was last taken.
  let input: AlignedBuffer<Double>
  let target: AlignedBuffer<Double>

  /// - Throws: `LearningError` when inputs or targets do not fit the network.
  init(_ batch: TrialBatch, _ network: FeedbackNetwork) throws {
    let place = "recursive least squares"
    guard case .analog(let inputs) = batch.inputs, inputs.shape[2] == network.inputs else {
      throw LearningError(
        "the inputs are not \(network.inputs) channels of numbers", place: place)
    }
    let width = network.factors + network.outputs
    guard case .values(let targets) = batch.targets,
      targets.shape == [batch.steps, batch.trials, width]
    else {
      throw LearningError(
        "targets are needed for \(network.factors) factors and \(network.outputs) outputs at each "
          + "step of each trial", place: place)
    }
    if let position = targets.firstNonFinite {
      throw LearningError(
        "the target of step \(position[0]), trial \(position[1]), number \(position[2]) is not "
          + "finite", place: place)
    }
    self.batch = batch
    self.inputs = inputs
    self.targets = targets
    input = AlignedBuffer(count: network.inputs)
    target = AlignedBuffer(count: width)
  }

  func steps(ofTrial trial: Int) -> Int { batch.lengths?[trial] ?? batch.steps }

  /// Takes a step of a trial.
  func take(_ time: Int, trial: Int) {
    let row = time * batch.trials + trial
    let (channels, width) = (inputs.shape[2], targets.shape[2])
    for channel in 0..<channels {
      input.pointer[channel] = Double(inputs.values[row * channels + channel])
    }
    for index in 0..<width {
      target.pointer[index] = Double(targets.values[row * width + index])
    }
  }
}

/// The network without a teacher.
public struct FreeRun: Sendable {
  /// Factors and outputs, axes [time, trial, output].
  public var readout: Tensor<Float>
  /// Of each trial: the squared error of the factors over their squared targets.
  public var factorErrors: [Double]
  /// Axes [time, trial, neuron]; empty unless asked for.
  public var spikes: SpikeTensor
  /// Mean over neurons and trials, in Hz.
  public var firingRate: Double
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

extension RecursiveLeastSquares {
  /// Finds the state that trials start in, if they start in one and it is not known.
  mutating func warmUp(_ stepper: FeedbackStepper, _ presentation: Presentation) {
    guard let steps = constants.warmUpSteps, startState == nil else { return }
    let none = [Double](repeating: 0, count: network.factors)
    for time in 0..<steps {
      presentation.take(time % presentation.steps(ofTrial: 0), trial: 0)
      stepper.step(inputs: presentation.input.pointer, factors: none)
    }
    startState = stepper.state
  }

  /// Sets a trial to its start, if all have one.
  mutating func begin(_ stepper: FeedbackStepper) {
    guard let startState else { return }
    stepper.state = startState
    for factor in feedback.indices { feedback[factor] = 0 }
  }

  /// A trial that is led by the target factors.
  ///
  /// - Returns: the number of spikes.
  mutating func lead(
    _ stepper: FeedbackStepper, _ presentation: Presentation, trial: Int, averaging: Bool
  ) throws -> Int {
    var spikes = 0
    for time in 0..<presentation.steps(ofTrial: trial) {
      presentation.take(time, trial: trial)
      stepper.step(inputs: presentation.input.pointer, factors: feedback)
      spikes += stepper.events.count
      for factor in feedback.indices { feedback[factor] = presentation.target.pointer[factor] }
      if averaging {
        for neuron in driveSum.indices {
          driveSum[neuron] += stepper.meanDrive.pointer[neuron]
        }
      }
    }
    guard averaging else { return spikes }
    driveCount += presentation.steps(ofTrial: trial)
    for neuron in offset.indices {
      offset[neuron] = driveSum[neuron] / Double(driveCount)
      stepper.offset.pointer[neuron] = offset[neuron]
    }
    return spikes
  }

  /// A trial in which the factors fed back are the network's own, and the weights learn.
  ///
  /// - Returns: the number of spikes, and the factors' squared error over their squared targets.
  mutating func learn(
    _ stepper: FeedbackStepper, _ presentation: Presentation, trial: Int
  ) throws -> (spikes: Int, error: Double) {
    var stream = RandomStream(seed: seed, stream: "least squares", step: UInt64(trials))
    var (spikes, error, scale) = (0, 0.0, 0.0)
    let own = OwnOutputs(self)
    if stepper.isSpiking, !network.traces.isEmpty {
      let neurons = network.neurons
      try decoder.correlation.track(
        groups: network.traces.indices.map { neurons * $0..<neurons * ($0 + 1) },
        stepper.traces.pointer)
    }
    let outputErrors = UnsafePointer(own.values.pointer + network.factors)
    for time in 0..<presentation.steps(ofTrial: trial) {
      presentation.take(time, trial: trial)
      stepper.step(inputs: presentation.input.pointer, factors: feedback)
      spikes += stepper.events.count
      decoder.correlation.advance(
        decays: stepper.traceDecays, jumps: stepper.traceJumps, events: stepper.events)
      own.compute(decoder, readout, stepper)
      for factor in feedback.indices {
        let (y, target) = (own.values.pointer[factor], presentation.target.pointer[factor])
        guard y.isFinite else { throw divergence(factor, time) }
        feedback[factor] = y
        error += (y - target) * (y - target)
        scale += target * target
      }
      guard stream.bernoulli(constants.updateProbability) else { continue }
      own.subtract(presentation.target)
      try Self.located("trial \(trials + 1), step \(time + 1)") {
        try decoder.update(stepper.traces.pointer, errors: own.values.pointer)
        try readout?.update(own.regressors.pointer, errors: outputErrors)
      }
    }
    // A run that goes on from a checkpoint knows no more than the written matrices.
    try Self.located("trial \(trials + 1), at its end") {
      try decoder.correlation.fold(stepper.traces.pointer)
      decoder.correlation.endTracking()
      try readout?.correlation.fold()
    }
    return (spikes, scale > 0 ? error / scale : error)
  }

  /// Runs trials without a teacher and without learning, after `settling` trials that are led by the
  /// targets; the rule stays as it is.
  ///
  /// - Parameter observe: called after each step that is not led.
  public func freeRun(
    _ batch: TrialBatch, recordsSpikes: Bool, observe: ((FreeStep) throws -> Void)?
  ) throws -> FreeRun {
    let presentation = try Presentation(batch, network)
    var copy = self
    let stepper = try makeStepper()
    let own = OwnOutputs(self)
    var run = FreeRun(
      readout: Tensor(
        axes: ["time", "trial", "output"], shape: [batch.steps, batch.trials, targets]),
      factorErrors: [],
      spikes: SpikeTensor(
        steps: recordsSpikes ? batch.steps : 0, trials: batch.trials, neurons: network.neurons),
      firingRate: 0)
    var spikes = 0
    try withoutDenormals {
      copy.warmUp(stepper, presentation)
      for index in 0..<constants.settling {
        copy.begin(stepper)
        _ = try copy.lead(
          stepper, presentation, trial: index % batch.trials, averaging: false)
      }
      for trial in 0..<batch.trials {
        copy.begin(stepper)
        var (error, scale) = (0.0, 0.0)
        for time in 0..<presentation.steps(ofTrial: trial) {
          presentation.take(time, trial: trial)
          stepper.step(inputs: presentation.input.pointer, factors: copy.feedback)
          spikes += stepper.events.count
          try observe?(
            FreeStep(
              time: time, trial: trial, stepper: stepper, inputs: presentation.input.pointer,
              factors: copy.feedback))
          own.compute(decoder, readout, stepper)
          for factor in copy.feedback.indices {
            let (y, target) = (own.values.pointer[factor], presentation.target.pointer[factor])
            guard y.isFinite else { throw divergence(factor, time) }
            copy.feedback[factor] = y
            error += (y - target) * (y - target)
            scale += target * target
          }
          let row = (time * batch.trials + trial) * targets
          for index in 0..<targets {
            run.readout.values[row + index] = Float(own.values.pointer[index])
          }
          if recordsSpikes {
            for neuron in stepper.events { run.spikes[time, trial, neuron] = true }
          }
        }
        run.factorErrors.append(scale > 0 ? error / scale : error)
      }
    }
    run.firingRate =
      Double(spikes) / (Double(batch.samples) * network.timeStep * Double(network.neurons))
    return run
  }

  /// Says of errors in `body` when they came about.
  static func located(_ moment: @autoclosure () -> String, _ body: () throws -> Void) throws {
    do { try body() } catch let error as LearningError {
      throw LearningError(
        error.what, place: "\(moment()): \(error.place)", remedy: error.remedy,
        isUserMistake: error.isUserMistake)
    }
  }

  private func divergence(_ factor: Int, _ time: Int) -> LearningError {
    LearningError(
      "factor \(factor + 1) is not finite", place: "trial \(trials + 1), step \(time + 1)",
      remedy: "Weaken the encoders or the random connections.", isUserMistake: false)
  }
}

/// y and z of a step, [factor, then output], and what the readout is read from, [y, 1].
private struct OwnOutputs {
  let values: AlignedBuffer<Double>
  let regressors: AlignedBuffer<Double>
  private let factors: Int

  init(_ rule: RecursiveLeastSquares) {
    values = AlignedBuffer(count: rule.targets)
    factors = rule.network.factors
    regressors = AlignedBuffer(count: SymmetricMatrix.padded(factors + 1))
    regressors.pointer[factors] = 1
  }

  func compute(
    _ decoder: RecursiveDecoder, _ readout: RecursiveDecoder?, _ stepper: FeedbackStepper
  ) {
    decoder.predict(stepper.traces.pointer, into: values.pointer)
    guard let readout else { return }
    regressors.pointer.update(from: values.pointer, count: factors)
    readout.predict(regressors.pointer, into: values.pointer + factors)
  }

  func subtract(_ target: AlignedBuffer<Double>) {
    for index in 0..<target.count { values.pointer[index] -= target.pointer[index] }
  }
}
